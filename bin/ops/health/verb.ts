import { z } from 'zod';
import { UsageError } from '../../start/options.ts';
import type { Platform } from '../_cli/platform.ts';
import { reasonOf } from '../_cli/reason.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import type { Check } from './checks.ts';

type Part = {
  readonly part: string;
  readonly status: 'well' | 'off' | 'wrong';
  readonly detail: string;
  readonly ms: number;
};

export const health = defineVerb({
  name: 'health',
  summary:
    'Look at every part: event store, databases, APIs, projections, sagas, relay, Stripe, mail',
  description: `Each part is asked as the platform itself asks it, all at once, for at most --timeout seconds.
A part that is not well is told with what is wrong. "off": it is not wanted here.`,
  input: z.strictObject({
    timeout: z.coerce
      .number({ error: 'expected seconds' })
      .min(0.1, { error: 'expected at least 0.1 seconds' })
      .max(60, { error: 'expected at most 60 seconds' })
      .default(5)
      .meta({ description: 'how long a part may take to answer', value: 'SECONDS' }),
  }),
  positional: [],
  finding: 'a part is not well',
  examples: [
    { line: 'npm run ops -- health', does: 'one line for each part' },
    {
      line: 'npm run -s ops -- health --json',
      does: '{ healthy, parts: [{ part, status, detail, ms }] }',
    },
    { line: 'npm run ops -- health --timeout 1 || page-somebody', does: 'in a cron job' },
  ],
  run: async ({ input, platform, out }) => {
    // With no place to ask there is nothing to look at; every part would say so.
    platform.installation.read('EVENTSTORE_URL');
    // Loaded before the clock of each part starts.
    const { checks } = await import('./checks.ts');
    const parts = await Promise.all(
      checks.map((check) => lookAt(check, platform, input.timeout * 1000)),
    );
    const healthy = parts.every(({ status }) => status !== 'wrong');
    const colours = { well: 'green', off: 'dim', wrong: 'red' } as const;
    out.show({ healthy, parts }, () => [
      ...out.table(
        ['part', 'status', 'ms', 'detail'],
        parts.map(({ part, status, ms, detail }) => [
          part,
          { text: status, colour: colours[status] },
          ms,
          detail,
        ]),
      ),
    ]);
    return healthy ? exits.well : exits.finding;
  },
});

async function lookAt(check: Check, platform: Platform, timeoutMs: number): Promise<Part> {
  const since = performance.now();
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), timeoutMs);
  const part = (status: Part['status'], detail: string): Part => {
    const ms = Math.round(performance.now() - since);
    return { part: check.name, status, detail, ms };
  };
  try {
    const found = await Promise.race([check.look(platform), late.promise]);
    if (found === 'late') return part('wrong', `no answer within ${timeoutMs / 1000} s`);
    if (found === 'off') return part('off', 'not configured');
    return found.trouble === null
      ? part('well', found.detail)
      : part('wrong', `${found.trouble} (${found.detail})`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return part('wrong', error instanceof UnavailableError ? error.message : reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
}
