import { setTimeout as delay } from 'node:timers/promises';

/** Where one consumer of the log (the projections, the sagas, an exporter) stands. */
export type Standing = { readonly ordinal: number; readonly lagSeconds: number };

const LINE = /^pawprint_consumer_(ordinal|lag_seconds)\{consumer="([^"]+)"\} (\S+)$/gm;
const POLL_MS = 50;
const SETTLED_LOOKS = 6;

/** What the read API's process tells Prometheus of its consumers, by their name. */
export async function consumersAt(readUrl: string): Promise<ReadonlyMap<string, Standing>> {
  const text = await (await fetch(`${readUrl}/metrics`)).text();
  const standings = new Map<string, Standing>();
  for (const [, figure, name = '', value] of text.matchAll(LINE)) {
    const { ordinal, lagSeconds } = standings.get(name) ?? { ordinal: 0, lagSeconds: 0 };
    standings.set(
      name,
      figure === 'ordinal'
        ? { ordinal: Number(value), lagSeconds }
        : { ordinal, lagSeconds: Number(value) },
    );
  }
  if (!standings.has('projections') || !standings.has('sagas')) {
    throw new Error(
      `${readUrl}/metrics names ${[...standings.keys()].join(', ') || 'no consumer'}`,
    );
  }
  return standings;
}

/** The ordinal that all consumers have reached. */
export async function lowestOrdinal(readUrl: string): Promise<number> {
  return Math.min(...[...(await consumersAt(readUrl)).values()].map(({ ordinal }) => ordinal));
}

/** Waits until all consumers have handled the events up to `ordinal`; how long it took, in milliseconds. */
export async function untilHandled(
  readUrl: string,
  ordinal: number,
  patienceMs = 120_000,
): Promise<number> {
  const since = performance.now();
  while ((await lowestOrdinal(readUrl)) < ordinal) {
    if (performance.now() - since > patienceMs) {
      throw new Error(`no consumer may be short of event ${ordinal} after ${patienceMs} ms`);
    }
    await delay(POLL_MS);
  }
  return performance.now() - since;
}

/** Waits until no consumer has moved for a while: nothing of what ran before is left. */
export async function untilSettled(readUrl: string): Promise<void> {
  let before = '';
  for (let same = 0; same < SETTLED_LOOKS; ) {
    const now = JSON.stringify([...(await consumersAt(readUrl))].map(([, { ordinal }]) => ordinal));
    same = now === before ? same + 1 : 0;
    before = now;
    await delay(POLL_MS);
  }
}
