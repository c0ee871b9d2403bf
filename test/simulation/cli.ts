/**
 * `npm run simulate`: thousands of simulated worlds. See README.md.
 */
import { withEngine } from './cli/engine.ts';
import { help, optionsFrom } from './cli/options.ts';
import { asJson, lastLine, type Report, reportText } from './cli/report.ts';
import { explore } from './explore.ts';
import { foundText, traceTable } from './tell.ts';

const PROGRESS_MS = process.stderr.isTTY ? 200 : 15_000;

const options = optionsFrom(process.argv.slice(2));
if (typeof options === 'string' || options.help) {
  if (typeof options === 'string') console.error(`${options}\n\n${help}`);
  else console.log(help);
  process.exit(typeof options === 'string' ? 2 : 0);
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
  });
}

const { seeds, seed, path } = options;
const begun = performance.now();
let told = 0;
const onRun = (runs: number): void => {
  const now = performance.now();
  if (now - told < PROGRESS_MS) return;
  told = now;
  const line = `${runs} of ${seeds} plans, ${Math.round((now - begun) / 1000)} s`;
  process.stderr.write(process.stderr.isTTY ? `\r${line.padEnd(60)}` : `${line}\n`);
};

console.error(`${seeds} plans: --seed ${seed}`);
const explored = await withEngine((engine) =>
  explore({
    ...{ engine, seeds, seed, path, onRun },
    shrinkMs: options.shrink * 1000,
    stopped: () => interrupted,
  }),
);
const report: Report = { ...explored, seed, seconds: (performance.now() - begun) / 1000 };
if (process.stderr.isTTY) process.stderr.write('\n');
if (options.json) {
  console.log(asJson(report, options.trace));
  console.error(lastLine(report));
} else {
  if (report.found !== null) {
    if (options.trace) console.log(traceTable(report.found.outcome.trace, { all: true }));
    console.log(foundText(report.found));
  }
  console.log(reportText(report, process.stdout));
}
// Nothing holds this process: what simulated ones wait for is in its memory only.
process.exitCode = report.found === null ? 0 : 1;
