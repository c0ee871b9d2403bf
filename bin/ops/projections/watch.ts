import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../../../platform/postgres/index.ts';
import type { rebuildProgress } from '../../../projections/_runtime/index.ts';
import type { Output } from '../_cli/output.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { percentOf } from './status.ts';

const POLL_MS = 250;
/** Whoever runs the projection looks each second. */
const STARTS_WITHIN_MS = 15_000;

export type Progress = NonNullable<Awaited<ReturnType<typeof rebuildProgress>>>;

export type Watched = {
  readonly id: number;
  readonly projection: string;
  readonly pool: Pool;
  readonly out: Output;
  readonly signal: AbortSignal;
};

/** Shows how far it is until it is finished; null: the watching was ended before. */
export async function watch({
  id,
  projection,
  pool,
  out,
  signal,
}: Watched): Promise<Progress | null> {
  const { rebuildProgress: ask } = await import('../../../projections/_runtime/index.ts');
  const since = Date.now();
  let said = '';
  for (;;) {
    const now = await ask(pool, id);
    if (now === null) throw new UnavailableError(`the rebuild of ${projection} was removed`);
    if (now.finishedAt !== null) return now;
    if (signal.aborted) {
      out.note(`It goes on by itself; \`npm run ops -- projections status\` shows how far it is.`);
      return null;
    }
    if (now.startedAt === null && Date.now() - since > STARTS_WITHIN_MS) {
      throw new UnavailableError(
        `Nobody has begun to build ${projection} again: it is asked for, and whoever runs it next will.`,
      );
    }
    const line = progressLine(projection, now, Date.now() - since);
    if (line !== said) out.progress(line);
    said = line;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** In steps of ten percent, so that a log of a script does not fill with them. */
export function progressLine(
  projection: string,
  { handled, of, trouble }: { handled: number; of: number; trouble: string | null },
  ms: number,
): string {
  const waits = trouble === null ? '' : `, waits: ${trouble}`;
  if (handled === 0) return `${projection}: beginning${waits}`;
  const left = handled >= of ? 0 : ((ms / handled) * (of - handled)) / 1000;
  const tenths = percentOf(Math.floor((handled / Math.max(of, 1)) * 10), 10);
  const when = left < 1 ? '' : `, about ${Math.ceil(left)} s left`;
  return `${projection}: ${tenths} of ${of} events${when}${waits}`;
}
