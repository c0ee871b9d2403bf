import { styleText } from 'node:util';
import type { Explored } from '../explore.ts';
import { invariants } from '../invariants/index.ts';

export type Report = Explored & { readonly seed: number; readonly seconds: number };

type Colour = 'green' | 'red' | 'dim' | 'bold';

const days = (ms: number): string => `${(ms / 86_400_000).toFixed(1)} days`;

/** One row for each promise, then the figures; the last line says it all. */
export function reportText(report: Report, out: NodeJS.WriteStream): string {
  const paint = (colour: Colour, text: string) => styleText(colour, text, { stream: out });
  const { runs, tasks, events, passed, found, seconds } = report;
  const broken = new Map<string, number>();
  for (const { invariant } of found?.outcome.violations ?? []) {
    broken.set(invariant, (broken.get(invariant) ?? 0) + 1);
  }
  const promises: Record<string, string> = { 'no-surprise': 'nothing throws what nobody expects' };
  for (const [name, { promise }] of Object.entries(invariants)) promises[name] = promise;
  const rows = Object.entries(promises).map(([name, promise]) => {
    const times = broken.get(name) ?? 0;
    const mark = times === 0 ? paint('green', '✔') : paint('red', '✗');
    return `  ${mark} ${name.padEnd(20)} ${paint('dim', promise)}`;
  });
  const rate = `${(seconds === 0 ? 0 : runs / seconds).toFixed(1)} a second`;
  return `${rows.join('\n')}

  ${runs} plans in ${Math.round(seconds)} s (${rate}), ${tasks} tasks, ${events} events, ${days(passed)} played
  ${paint('bold', lastLine(report))}`;
}

export const lastLine = ({ runs, found, seed }: Report): string =>
  found === null
    ? `simulation: ${runs} plans held, seed ${seed}`
    : `simulation: broken by seed ${seed}, path ${found.path}`;

/** What `--json` prints: the trace of what broke only where it is asked for. */
export function asJson({ found, ...figures }: Report, withTrace: boolean): string {
  if (found === null) return JSON.stringify({ ...figures, found });
  const { trace, ...outcome } = found.outcome;
  return JSON.stringify({
    ...figures,
    found: { ...found, outcome: withTrace ? { ...outcome, trace } : outcome },
  });
}
