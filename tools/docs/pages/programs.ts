import type { NodeContext } from '../../../bin/event-store/verb.ts';
import { exitLines, optionRow, verbsOf } from '../../../bin/ops/_cli/help.ts';
import { type Option, optionsOf } from '../../../bin/ops/_cli/options.ts';
import { usageLine } from '../../../bin/ops/_cli/parse.ts';
import type { Program, Verb } from '../../../bin/ops/_cli/verb.ts';
import { anchor, code, page, table } from './markdown.ts';

const forWhom =
  'Tables are for people (colours on a terminal, unless `NO_COLOR` is set), `--json` is for scripts, and errors go to standard error.';

export const opsPage = (program: Program): string =>
  programPage(
    program,
    `Looks after a running platform. Beside \`npm start\` it finds everything by the data folder; elsewhere by the variables of the [configuration](configuration.md), which come first. ${forWhom} What to do when something is wrong: [operate](../how-to/operate.md).`,
  );

export const eventStorePage = (program: Program<NodeContext>): string =>
  programPage(
    program,
    `The [event store node](../../embedded/event-store/README.md), and what is done with its log. Without a verb it serves. ${forWhom}`,
  );

/** Every verb of a program: what it takes, examples, and what its exit code means. */
function programPage<Context>(program: Program<Context>, introduction: string): string {
  const verbs = verbsOf(program.entries);
  return page(
    `npm run ${program.name}`,
    `the definitions in \`bin/${program.name}/\``,
    introduction,
    table(
      ['verb', 'does'],
      verbs.map(({ path, verb }) => [`[${path}](#${anchor(path)})`, verb.summary]),
    ),
    'All of them take:',
    optionTable(optionsOf(program.common)),
    '## Exit codes',
    table(['code', 'means'], exitLines(program)),
    ...verbs.map(({ path, verb }) => section(program, path, verb)),
  );
}

function section<Context>(program: Program<Context>, path: string, verb: Verb<Context>): string {
  const own = optionsOf(verb.input, verb.positional);
  return [
    `## ${path}`,
    `${verb.summary}.`,
    ...(verb.description === undefined ? [] : [verb.description]),
    fenced([usageLine(program, verb, path)]),
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
