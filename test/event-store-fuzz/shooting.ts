/** Shoots for a while, in lanes, and keeps the tally. */
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from './call.ts';
import type { Random } from './random.ts';
import { Fault, type Kind, type Range } from './shot.ts';
import { kinds } from './shots/index.ts';

/** What is not answered for so long is not answered. */
const PATIENCE_MS = 20_000;
/** Calls and connections that are kept open at once. */
const MOST_KEPT = 40;
const SHOTS_A_SESSION = 200;
/** The same fault over and over says no more. */
const MOST_FAULTS = 20;

export type Tally = {
  shots: number;
  /** By kind, how often each outcome. */
  readonly outcomes: Map<string, Map<string, number>>;
  readonly faults: string[];
};
export const createTally = (): Tally => ({ shots: 0, outcomes: new Map(), faults: [] });

export type Target = { readonly host: string; readonly port: number };

const choose = (random: Random, choice: readonly (readonly [string, Kind])[]) => {
  const total = choice.reduce((sum, [, kind]) => sum + kind.weight, 0);
  let at = (random.int(1_000_000) / 1_000_000) * total;
  for (const one of choice) {
    at -= one[1].weight;
    if (at < 0) return one;
  }
  return choice[0];
};

const isLost = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_HTTP2_');

export type Shooting = {
  readonly lanes: number;
  /** Whether to go on, asked before each shot; `shots` have been begun. */
  more(shots: number): boolean;
  readonly heavy: boolean;
  readonly tally: Tally;
};

const createRange = (target: Target) => {
  const origin = `http://${target.host}:${target.port}`;
  const kept: (() => void)[] = [];
  const sessions = new Set<ClientHttp2Session>();
  let session: ClientHttp2Session | undefined;
  let used = 0;
  const range: Range = {
    ...target,
    origin,
    session() {
      used += 1;
      if (session === undefined || session.closed || session.destroyed || used > SHOTS_A_SESSION) {
        // Calls that are open end by themselves; then the connection goes.
        session?.close();
        const fresh = connect(origin);
        sessions.add(fresh);
        fresh.once('close', () => sessions.delete(fresh));
        session = fresh;
        used = 0;
      }
      return session;
    },
    async within(what, wait) {
      const patience = new AbortController();
      const late = delay(PATIENCE_MS, undefined, { signal: patience.signal }).then(
        () => {
          throw new Fault(`${what}: no answer for ${PATIENCE_MS / 1_000} s`);
        },
        () => new Promise<never>(() => undefined),
      );
      try {
        return await Promise.race([wait, late]);
      } finally {
        patience.abort();
      }
    },
    keep(end) {
      kept.push(end);
      if (kept.length > MOST_KEPT) kept.shift()?.();
    },
  };
  return {
    range,
    close() {
      for (const end of kept.splice(0)) end();
      for (const one of sessions) one.destroy();
    },
  };
};

/** Seed and number say which shot it was, and `--seed` makes it again. */
export const shoot = async (target: Target, random: Random, wished: Shooting): Promise<void> => {
  const { tally } = wished;
  const choice = Object.entries(kinds).filter(([, kind]) => wished.heavy || !kind.heavy);
  let begun = 0;

  const lane = async (): Promise<void> => {
    const { range, close } = createRange(target);
    while (tally.faults.length < MOST_FAULTS && wished.more(begun)) {
      const nth = begun;
      begun += 1;
      const own = random.part(nth);
      const chosen = choose(own, choice);
      if (chosen === undefined) return;
      const [name, kind] = chosen;
      const outcomes = tally.outcomes.get(name) ?? new Map<string, number>();
      tally.outcomes.set(name, outcomes);
      const outcome = await kind.shoot(range, own).catch((error: unknown) => {
        // Another shot took the shared connection away between two steps of this one.
        if (isLost(error)) return 'connection lost';
        tally.faults.push(`shot ${nth}, ${name}: ${String(error)}`);
        return 'FAULT';
      });
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      tally.shots += 1;
    }
    close();
  };
  await Promise.all(Array.from({ length: wished.lanes }, lane));
};
