import type { EventStore } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import { gauge } from '../../platform/telemetry/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import { lifeCycles } from './life-cycle.ts';
import type { Group } from './member.ts';
import { readSigns } from './signs.ts';

const EVERY_MS = 5000;

type ParkedRow = { readonly projection: string; readonly events: number; readonly oldest: number };

/**
 * Watches projections from outside: what is parked, and whether one stands still while the head of
 * the log moves (a subscription that ended without a word has no lag to show).
 */
export function observe(options: {
  pool: Pool;
  eventStore: EventStore;
  groups: () => readonly Group[];
  definitions: readonly ProjectionDefinition[];
  log: Logger;
}): { standing(): ReadonlySet<string>; stop(): Promise<void> } {
  const { pool, eventStore, log } = options;
  const labels = ['projection'];
  const ordinals = gauge({
    name: 'pawprint_projection_ordinal',
    help: 'Application events handled, counted from the start of the log',
    labels,
  });
  const stands = gauge({
    name: 'pawprint_projection_standing',
    help: '1 while the projection does not move although the head of the log has',
    labels,
  });
  const parkedEvents = gauge({
    name: 'pawprint_projection_parked_events',
    help: 'Events parked, or waiting behind a parked one',
    labels,
  });
  const parkedAge = gauge({
    name: 'pawprint_projection_parked_oldest_seconds',
    help: 'Age of the oldest parked event',
    labels,
  });

  const states = gauge({
    name: 'pawprint_projection_state',
    help: '1 for the state the projection is in: new, booting, live, paused, detached or failed',
    labels: ['projection', 'state'],
  });
  const drift = gauge({
    name: 'pawprint_projection_drift_rows',
    help: 'Rows that said something else than the log when they were last compared',
    labels,
  });

  let standing: ReadonlySet<string> = new Set();
  let before: { head: bigint; seen: ReadonlyMap<string, bigint> } | null = null;

  const members = () => options.groups().flatMap((group) => group.session()?.members ?? []);

  const lookAtPositions = async (): Promise<void> => {
    const head = await eventStore.head();
    const seen = new Map<string, bigint>();
    for (const { definition, seen: position, checkpoint } of members()) {
      seen.set(definition.name, position ?? -1n);
      ordinals.set({ projection: definition.name }, checkpoint?.ordinal ?? 0);
    }
    const last = before;
    standing = new Set(
      [...seen.keys()].filter((name) => {
        const then = last?.seen.get(name);
        if (last === null || then === undefined) return false;
        return head > last.head && then === seen.get(name) && then < last.head;
      }),
    );
    before = { head, seen };
    for (const name of seen.keys()) stands.set({ projection: name }, standing.has(name) ? 1 : 0);
  };

  const lookAtParked = async (): Promise<void> => {
    const { rows } = await pool.query<ParkedRow>(
      `select projection, count(*)::int as events,
         extract(epoch from now() - min(parked_at))::float8 as oldest
       from projection.parked group by projection`,
    );
    for (const { definition } of members()) {
      const row = rows.find(({ projection }) => projection === definition.name);
      parkedEvents.set({ projection: definition.name }, row?.events ?? 0);
      parkedAge.set({ projection: definition.name }, row?.oldest ?? 0);
    }
  };

  const lookAtStates = async (): Promise<void> => {
    for (const sign of await readSigns(pool, options.definitions)) {
      const { projection, state, drift: rows } = sign;
      if (state === 'detached') continue;
      for (const one of lifeCycles) states.set({ projection, state: one }, one === state ? 1 : 0);
      if (rows !== null) drift.set({ projection }, rows);
    }
  };

  const look = async (): Promise<void> => {
    try {
      await lookAtStates();
      await lookAtPositions();
      await lookAtParked();
    } catch (error) {
      // The projections themselves tell what is wrong with the store or the database.
      log.debug({ err: error }, 'could not look at the projections from outside');
    }
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, EVERY_MS);

  return {
    standing: () => standing,
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
