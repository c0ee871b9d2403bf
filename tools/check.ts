// `npm run check`: everything that can be said about the tree without running it as a service.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { architecture } from './check/architecture.ts';
import { format, lint } from './check/biome.ts';
import { containers } from './check/containers.ts';
import { docs } from './check/docs.ts';
import { planted } from './check/planted.ts';
import { type Finished, reporter } from './check/report.ts';
import { runs } from './check/runs.ts';
import { schemas } from './check/schemas.ts';
import type { Outcome, Step, StepContext } from './check/step.ts';
import { types } from './check/types.ts';

const steps: readonly Step[] = [
  ...[format, lint, types, architecture, runs, docs, schemas],
  ...[containers, planted],
];

const help = `npm run check [-- options]

Steps:
${steps.map(({ name, what }) => `  ${name.padEnd(13)} ${what}`).join('\n')}

Options:
  --only <step>   run this step alone; may be given several times
  --root <dir>    check another tree
  --json          print the outcome as JSON
  --help          this text

Exit code 0 when every step passed, 1 when one failed, 2 for a wrong option.`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  const color = !options.json && wantsColor();
  const { row, details, total } = reporter(color);
  const finished: Finished[] = [];
  for (const running of start(options.chosen, { root: options.root, color })) {
    const done = await running;
    finished.push(done);
    if (!options.json) console.log(row(done));
  }
  if (options.json) {
    console.log(JSON.stringify(finished.map(asJson), null, 2));
  } else {
    console.log(finished.map(details).join(''));
    console.log(total(finished));
  }
  return finished.every(({ outcome }) => outcome.ok) ? 0 : 1;
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string', multiple: true },
        root: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = values.only?.find((name) => !steps.some((step) => step.name === name));
    if (unknown !== undefined) return `There is no step "${unknown}".`;
    const chosen = steps.filter(({ name }) => values.only?.includes(name) ?? true);
    const root = values.root ?? fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
    return { json: values.json, help: values.help, chosen, root };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wantsColor(): boolean {
  if (process.env.NO_COLOR !== undefined) return false;
  return process.env.FORCE_COLOR !== undefined || process.stdout.isTTY;
}

/** Two at a time (CI has two cores); the promises stand in the order of the steps. */
function start(chosen: readonly Step[], context: StepContext): Promise<Finished>[] {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  return chosen.map((step, index) => {
    const lane = index % lanes.length;
    const finished = (lanes[lane] ?? Promise.resolve()).then(() => timed(step, context));
    lanes[lane] = finished;
    return finished;
  });
}

async function timed(step: Step, context: StepContext): Promise<Finished> {
  const started = performance.now();
  const outcome = await step.run(context).catch(asFailure);
  return { step, outcome, milliseconds: performance.now() - started };
}

/** A check that breaks is a red check: it must never look like a pass. */
function asFailure(error: unknown): Outcome {
  const output = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    ok: false,
    summary: 'the check itself broke',
    output,
    advice: 'This is a mistake in tools/, not in what was checked.',
  };
}

function asJson({ step, outcome, milliseconds }: Finished) {
  return { step: step.name, milliseconds: Math.round(milliseconds), ...outcome };
}
