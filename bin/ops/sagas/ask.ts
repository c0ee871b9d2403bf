import { hostname, userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Ask, Progress } from '../../../sagas/_runtime/requests.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import type { OpsContext } from '../_cli/verb.ts';

const POLL_MS = 100;
/** Whoever runs the sagas looks each second. */
const ANSWERED_WITHIN_MS = 15_000;

export type Answered = Progress & { readonly answer: Answer };

/** Asks whoever runs the sagas, and waits for the answers. What is asked for is saved: it is done in any case. */
export async function ask(
  { platform, out, signal }: OpsContext,
  asked: readonly Ask[],
): Promise<readonly Answered[]> {
  if (asked.length === 0) return [];
  const { askSagas, requestProgress } = await import('../../../sagas/_runtime/requests.ts');
  const pool = await platform.pool();
  const ids = await askSagas(pool, asked, `${userInfo().username}@${hostname()}`);
  const since = Date.now();
  let said: number | undefined;
  for (;;) {
    const now = await requestProgress(pool, ids);
    const answered = now.flatMap((one) =>
      one.answer === null ? [] : [{ ...one, answer: one.answer }],
    );
    const open = ids.length - answered.length;
    if (open === 0) return answered;
    if (signal.aborted || Date.now() - since > ANSWERED_WITHIN_MS) {
      const trouble = now.find((one) => one.trouble !== null)?.trouble ?? null;
      throw new UnavailableError(
        `${open} of ${ids.length} were not done yet${trouble === null ? '' : ` (${trouble})`}: it is asked for, and whoever runs the sagas next will.`,
      );
    }
    if (ids.length > 1 && open !== said) {
      out.progress(`${answered.length} of ${ids.length} done`);
    }
    said = open;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** `1 row`, `2 rows`. */
export const count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;
