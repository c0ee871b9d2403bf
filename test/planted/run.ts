/** `npm run test:planted`: does every spec see the bug it is there for? See README.md. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPostgres } from '../../embedded/postgres/index.ts';
import { removeFolder } from '../support/remove-folder.ts';
import type { PlantedBug } from './bug.ts';
import { type Judged, runCampaign } from './campaign.ts';
import { help, type Options, optionsFrom } from './options.ts';
import { asJson, lastLine, reporter } from './report.ts';
import { createScratch, type Scratch } from './scratch.ts';
import { staleBugs, staleness } from './stale.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = optionsFrom(argv);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  const all = await tableOf(options);
  if (options.stale) return sayStale(staleness(all, options.root), all.length);
  const chosen = all.filter((bug) => isChosen(bug, options));
  const unknown = options.only.filter((name) => !all.some((bug) => bug.name === name));
  if (chosen.length === 0 || unknown.length > 0) {
    console.error(`No such bug: ${unknown.join(', ') || 'nothing fits the options'}. Try --list.`);
    return 2;
  }
  if (options.list) return list(chosen, options);
  const stale = staleBugs(chosen, options.root);
  return stale.length > 0 ? sayStale(stale, all.length) : plantAll(chosen, options);
}

/** The table of the tree that is looked at, which is not always the one this file stands in. */
async function tableOf({ table, root }: Options): Promise<readonly PlantedBug[]> {
  const file = resolve(table ?? join(root, 'test/planted/bugs/index.ts'));
  const { bugs } = (await import(pathToFileURL(file).href)) as { bugs: readonly PlantedBug[] };
  return bugs;
}

function fits(wanted: readonly string[], is: (one: string) => boolean): boolean {
  return wanted.length === 0 || wanted.some(is);
}

function isChosen(bug: PlantedBug, { only, property, spec }: Options): boolean {
  return (
    fits(only, (name) => bug.name === name) &&
    fits(property, (name) => bug.property === name) &&
    fits(spec, (part) => bug.spec.includes(part))
  );
}

function sayStale(findings: readonly string[], bugs: number): number {
  console.log(findings.length === 0 ? `${bugs} bugs` : findings.join('\n'));
  return findings.length === 0 ? 0 : 1;
}

function list(bugs: readonly PlantedBug[], { json }: Options): number {
  if (json) console.log(JSON.stringify(bugs.map((bug) => ({ ...bug, red: bug.red.source }))));
  else console.log(bugs.map(reporter(wantsColor()).listed).join('\n'));
  return 0;
}

async function plantAll(bugs: readonly PlantedBug[], options: Options): Promise<number> {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  const { row, details } = reporter(!options.json && wantsColor());
  let done = 0;
  const hear = (judged: Judged): void => {
    done += 1;
    if (!options.json) console.log(`${row(judged, done, bugs.length)}${details(judged)}`);
  };
  const judged = await onScratch(options, (lanes, env) =>
    runCampaign(bugs, lanes, env, hear, stopped.signal),
  );
  if (options.json) console.log(JSON.stringify(judged.map(asJson), null, 2));
  else console.log(lastLine(judged));
  return judged.every(({ verdict }) => verdict.is === 'seen') ? 0 : 1;
}

/** One Postgres for all of them, instead of one for each run of a spec. */
async function onScratch<T>(
  { root, lanes: count }: Options,
  work: (lanes: readonly Scratch[], env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-planted-data-'));
  const lanes: Scratch[] = [];
  try {
    for (let lane = 0; lane < count; lane += 1) lanes.push(await createScratch(root));
    const cache = { NODE_COMPILE_CACHE: join(dataDir, 'compile-cache') };
    const given = process.env.TEST_POSTGRES_URL;
    if (given !== undefined) return await work(lanes, { ...cache, TEST_POSTGRES_URL: given });
    const postgres = await startPostgres({
      dataDir,
      durability: 'none',
      settings: { max_connections: '300', shared_buffers: '64MB' },
    });
    try {
      return await work(lanes, { ...cache, TEST_POSTGRES_URL: postgres.url('postgres') });
    } finally {
      await postgres.stop();
    }
  } finally {
    for (const { remove } of lanes) remove();
    removeFolder(dataDir);
  }
}

function wantsColor(): boolean {
  if (process.env.NO_COLOR !== undefined) return false;
  return process.env.FORCE_COLOR !== undefined || process.stdout.isTTY;
}
