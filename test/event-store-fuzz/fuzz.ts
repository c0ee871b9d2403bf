/**
 * `npm run fuzz:event-store`: hostile clients against the event store node. See README.md.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../embedded/postgres/index.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { runCampaign } from './campaign.ts';
import { startNodeProcess } from './node-process.ts';
import { help, optionsFrom } from './options.ts';
import { lastLine, print, type Report } from './report.ts';

const PROGRESS_MS = process.stderr.isTTY ? 500 : 15_000;

/** On a terminal one line that changes, elsewhere a line now and then. */
const progressTo = (output: NodeJS.WriteStream) => {
  let last = 0;
  const begun = performance.now();
  return (text: string): void => {
    const now = performance.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    const line = `${Math.round((now - begun) / 1_000)} s, ${text}`;
    output.write(output.isTTY ? `\r${line.padEnd(70)}` : `${line}\n`);
  };
};

const options = optionsFrom(process.argv.slice(2));
if (typeof options === 'string' || options.help) {
  if (typeof options === 'string') console.error(`${options}\n\n${help}`);
  else console.log(help);
  process.exit(typeof options === 'string' ? 2 : 0);
}

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

console.error(`${options.minutes} minutes, ${options.lanes} lanes: --seed ${options.seed}`);
const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-node-fuzz-'));
const postgres = await startPostgres({
  dataDir,
  durability: 'none',
  settings: { max_connections: '30', shared_buffers: '64MB' },
});
let report: Report;
try {
  const node = await startNodeProcess(await postgres.createDatabase('event_store'));
  try {
    report = await runCampaign(node, options, progressTo(process.stderr), stopped.signal);
  } finally {
    await node.stop();
  }
} finally {
  await postgres.stop();
  removeFolder(dataDir);
}
if (process.stderr.isTTY) process.stderr.write('\n');
if (options.json) console.log(JSON.stringify(report));
else print(report);
if (options.json) console.error(lastLine(report));
// Whatever the clients left behind must not hold this process.
process.exit(report.faults.length > 0 ? 1 : 0);
