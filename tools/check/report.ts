import { styleText } from 'node:util';
import type { Outcome, Step } from './step.ts';

export type Finished = {
  readonly step: Pick<Step, 'name' | 'what'>;
  readonly outcome: Outcome;
  readonly milliseconds: number;
};

type Format = Parameters<typeof styleText>[0];

/** Terminal output of a check run; with `color: false` it is plain text. */
export function reporter(color: boolean) {
  const paint = (format: Format, text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;

  const mark = (outcome: Outcome): string => (outcome.ok ? paint('green', '✔') : paint('red', '✘'));

  return {
    /** One line of the table. */
    row({ step, outcome, milliseconds }: Finished): string {
      const name = step.name.padEnd(13);
      const time = `${(milliseconds / 1000).toFixed(1)} s`.padStart(7);
      return `  ${mark(outcome)} ${paint('bold', name)} ${paint('dim', time)}  ${outcome.summary}`;
    },

    /** What a failed step (or one with warnings) has to say. */
    details({ step, outcome }: Finished): string {
      if (outcome.output === undefined) return '';
      const title = outcome.ok
        ? paint('yellow', `── ${step.name}: passed with remarks`)
        : paint(['red', 'bold'], `── ${step.name} failed`);
      const todo = outcome.ok ? '' : `\n${paint('cyan', '→')} ${outcome.advice}\n`;
      return `\n${title}\n${outcome.output}\n${todo}`;
    },

    total(finished: readonly Finished[]): string {
      const failed = finished.filter(({ outcome }) => !outcome.ok);
      const passed = finished.length - failed.length;
      if (failed.length === 0) return paint('green', `check: ${passed} passed, 0 failed`);
      const names = failed.map(({ step }) => step.name).join(', ');
      return paint('red', `check: ${passed} passed, ${failed.length} failed (${names})`);
    },
  };
}
