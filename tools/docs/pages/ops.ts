import { exitLines, optionRow, verbsOf } from '../../../bin/ops/_cli/help.ts';
import { common, type Option, optionsOf } from '../../../bin/ops/_cli/options.ts';
import { usageLine } from '../../../bin/ops/_cli/parse.ts';
import type { Entry, Verb } from '../../../bin/ops/_cli/verb.ts';
import { anchor, code, page, table } from './markdown.ts';

/** Every verb of `npm run ops`: what it takes, examples, and what its exit code means. */
export function opsPage(entries: readonly Entry[]): string {
  const verbs = verbsOf(entries);
  return page(
    'npm run ops',
    'the definitions in `bin/ops/`',
    'Looks after a running platform. Beside `npm start` it finds everything by the data folder; elsewhere by the variables of the [configuration](configuration.md), which come first. Tables are for people (colours on a terminal, unless `NO_COLOR` is set), `--json` is for scripts, and errors go to standard error. What to do when something is wrong: [operate](../how-to/operate.md).',
    table(
      ['verb', 'does'],
      verbs.map(({ path, verb }) => [`[${path}](#${anchor(path)})`, verb.summary]),
    ),
    'All of them take:',
    optionTable(optionsOf(common)),
    '## Exit codes',
    table(['code', 'means'], exitLines()),
    ...verbs.map(({ path, verb }) => section(path, verb)),
  );
}

function section(path: string, verb: Verb): string {
  const own = optionsOf(verb.input, verb.positional);
  return [
    `## ${path}`,
    `${verb.summary}.`,
    ...(verb.description === undefined ? [] : [verb.description]),
    fenced([usageLine(verb, path)]),
    ...(own.length === 0 ? [] : [optionTable(own)]),
    ...(verb.finding === undefined ? [] : [`Exit code 1: ${verb.finding}.`]),
    fenced(verb.examples.flatMap(({ line, does }) => [`# ${does}`, line])),
  ].join('\n\n');
}

const optionTable = (options: readonly Option[]): string =>
  table(
    ['option', 'is'],
    options.map(optionRow).map(([spelling, is]) => [code(spelling), is]),
  );

const fenced = (lines: readonly string[]): string => `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
