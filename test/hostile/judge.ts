import { z } from 'zod';
import type { Answer } from '../../embedded/demo/client/http.ts';
import type { Target } from './api.ts';

const problem = z.looseObject({
  type: z.string(),
  title: z.string().min(1),
  status: z.int(),
  code: z.string(),
  detail: z.string().min(1),
  instance: z.string().startsWith('/'),
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  errors: z
    .array(z.object({ pointer: z.string().startsWith('#'), message: z.string().min(1) }))
    .min(1)
    .max(50)
    .optional(),
});
export type Problem = z.output<typeof problem>;

const MOST_BYTES = 64 * 1024;
/** Words that stand in what a fault of ours would leak, and in no sentence for people. */
const LEAKS = /node_modules|\.ts:\d|\bat [A-Za-z.]+ \(|SELECT |relation "|postgres:|ECONN/;

/** What is wrong with a refusal as a document; empty: nothing. */
export function faultsOfRefusal(target: Pick<Target, 'codes'>, answer: Answer): string[] {
  const { status, headers, text } = answer;
  const found = problem.safeParse(parsed(text));
  if (!found.success) return [`${status} without a problem document: ${text.slice(0, 200)}`];
  const { code, errors, type } = found.data;
  const wants = target.codes.get(code);
  const checks: readonly (readonly [boolean, string])[] = [
    [/^application\/problem\+json/.test(headers['content-type'] ?? ''), 'its content type'],
    [found.data.status === status, `its status is ${found.data.status}, not ${status}`],
    [type === `/problems/${code}`, `its type is ${type}`],
    [wants === status, `${code} is not documented here with ${status}`],
    [code !== 'invalid-input' || errors !== undefined, 'invalid-input without errors'],
    [status !== 429 || headers['retry-after'] !== undefined, '429 without Retry-After'],
    [
      status !== 401 || code.startsWith('invalid-') || challenged(answer),
      '401 without a challenge',
    ],
    [Buffer.byteLength(text) <= MOST_BYTES, 'it is larger than 64 KiB'],
    [!LEAKS.test(text), `it tells about us: ${text.slice(0, 300)}`],
  ];
  return checks.filter(([fine]) => !fine).map(([, what]) => what);
}

const challenged = ({ headers }: Answer): boolean => headers['www-authenticate'] !== undefined;

export function problemOf({ text }: Answer): Problem | null {
  return problem.safeParse(parsed(text)).data ?? null;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: whoever asked says what that means.
    return undefined;
  }
}
