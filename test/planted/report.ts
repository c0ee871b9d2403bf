import { stripVTControlCharacters, styleText } from 'node:util';
import type { PlantedBug } from './bug.ts';
import type { Judged } from './campaign.ts';
import type { Verdict } from './judge.ts';

type Format = Parameters<typeof styleText>[0];

const words: Readonly<Record<Verdict['is'], readonly [string, Format]>> = {
  seen: ['seen', 'green'],
  'not-seen': ['NOT SEEN', 'red'],
  otherwise: ['OTHERWISE', 'yellow'],
  unsound: ['UNSOUND', 'magenta'],
};

const advice: Readonly<Record<Verdict['is'], string>> = {
  seen: '',
  'not-seen': 'every test stayed green: the spec cannot see this bug',
  otherwise: 'red, but not with the words of the invariant (`red`)',
  unsound: 'not green before anything was planted',
};

/** Lines for a person; with `color: false` plain text. */
export const reporter = (color: boolean) => {
  const paint = (format: Format, text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
  return {
    row({ bug, verdict, milliseconds }: Judged, at: number, of: number): string {
      const [word, format] = words[verdict.is];
      const place = `${at}/${of}`.padStart(7);
      const time = `${(milliseconds / 1000).toFixed(1)} s`.padStart(7);
      return `${paint('dim', place)}  ${paint(format, word.padEnd(9))} ${paint('dim', time)}  ${bug.name}`;
    },

    /** What is to be done, and what was said. */
    details({ bug, verdict }: Judged): string {
      if (verdict.is === 'seen') return '';
      const said = 'said' in verdict ? verdict.said : '';
      const because = 'because' in verdict ? verdict.because : '';
      const quoted = indented(stripVTControlCharacters(said + because));
      return [
        `\n${paint(['red', 'bold'], `── ${bug.name}`)}: ${advice[verdict.is]}`,
        `   ${bug.invariant}`,
        `   ${bug.file} ← ${bug.spec}${bug.test === undefined ? '' : ` -t "${bug.test}"`}`,
        ...(quoted === '' ? [] : [quoted]),
      ].join('\n');
    },

    listed: ({ name, property, invariant, file, spec }: PlantedBug): string =>
      `${paint('bold', name)} ${paint('dim', `(${property})`)}\n  ${invariant}\n  ${paint('dim', `${file} ← ${spec}`)}`,
  };
};

const LINES = 30;
const indented = (text: string): string => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(0, LINES)
    .map((line) => `     ${line}`)
    .join('\n');
};

export const asJson = ({ bug, verdict, milliseconds }: Judged) => ({
  ...{ name: bug.name, property: bug.property, spec: bug.spec },
  milliseconds: Math.round(milliseconds),
  ...verdict,
});

export const lastLine = (judged: readonly Judged[]): string => {
  const seen = judged.filter(({ verdict }) => verdict.is === 'seen').length;
  return `${seen} passed, ${judged.length - seen} failed`;
};
