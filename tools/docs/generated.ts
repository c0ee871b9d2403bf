import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventStore } from '../../bin/event-store/index.ts';
import { ops } from '../../bin/ops/index.ts';
import { clientCommands, commands } from '../../commands/index.ts';
import { catalogue } from '../../domain/_catalogue.ts';
import { renderEnvExample } from '../../platform/config/index.ts';
import {
  type Contract,
  contractOf,
  contractSchema,
  extendContract,
} from '../../projections/analytics/contract.ts';
import { analyticsViews } from '../../projections/analytics/index.ts';
import { readSampleQueries } from '../../projections/analytics/queries.ts';
import { projections } from '../../projections/index.ts';
import { sagas } from '../../sagas/index.ts';
import {
  projectedSubjects,
  securedSubjects,
  subjects,
} from '../../test/event-store/cases/index.ts';
import { rulebook } from '../../test/event-store/rules.ts';
import { properties } from '../../test/planted/bug.ts';
import { bugs } from '../../test/planted/bugs/index.ts';
import { projectFiles } from '../check/files.ts';
import { readSamples } from '../schemas/samples.ts';
import { apiDocuments } from './open-api.ts';
import { analyticsPage } from './pages/analytics.ts';
import { apiPage } from './pages/api.ts';
import { configurationPage } from './pages/configuration.ts';
import { eventStoreRulesPage } from './pages/event-store-rules.ts';
import { eventsPage } from './pages/events.ts';
import { invariantsPage } from './pages/invariants.ts';
import { problemsPage } from './pages/problems.ts';
import { eventStorePage, opsPage } from './pages/programs.ts';
import { rateLimitsPage } from './pages/rate-limits.ts';
import { readModelsPage } from './pages/read-models.ts';
import { sagasPage } from './pages/sagas.ts';
import { findWriters } from './writers.ts';

const writeIntro =
  'Every `POST` but those of sessions and webhooks is a command: it needs an `Idempotency-Key`, and its answer carries `ETag` (the revision), `Consistency-Token` (for [reading your own write](../explanation/reading-your-own-writes.md)) and, on a repeat, `Idempotency-Hit: true`. Errors are [problem details](problems.md). In the examples `$TOKEN` is the `accessToken` that [logging in](#log-in) answers, and `uuidgen` makes a key.';
const readIntro =
  'With the `Consistency-Token` of a write an answer shows at least that much, or is a 503 `not-yet-visible` ([how](../explanation/reading-your-own-writes.md)); `Prefer: wait=10` waits longer than the usual 3 seconds. Lists come in pages: `nextCursor` in the body and `Link: …; rel="next"` lead to the next one. What belongs to somebody else answers 404. In the examples `$TOKEN` is the `accessToken` that [logging in](write-api.md#log-in) answers.';

/** Every file that is written by a program, with the text it has to have. */
export async function generatedFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const [{ write, read }, samples] = await Promise.all([apiDocuments(), readSamples(root)]);
  // The code that runs here, wherever the pages go.
  const source = new URL('../..', import.meta.url).pathname;
  const about = {
    commands: commands.map(({ name, summary }) => ({
      name,
      clientSummary: clientCommands.some((each) => each.name === name) ? summary : null,
    })),
    writers: findWriters(source, await projectFiles(source), new Set(catalogue.types.keys())),
    samples,
    projections: projections.map(({ name, reducers }) => ({
      name,
      types: new Set(reducers.keys()),
    })),
    sagas: sagas.map(({ name, listens }) => ({ name, types: new Set(listens) })),
  };
  const { views } = analyticsViews;
  return new Map([
    ['docs/reference/write-api.md', apiPage(write, 'http://127.0.0.1:4000', writeIntro)],
    ['docs/reference/read-api.md', apiPage(read, 'http://127.0.0.1:4001', readIntro)],
    ['docs/reference/problems.md', problemsPage({ write, read })],
    ['docs/reference/rate-limits.md', rateLimitsPage()],
    ['docs/reference/events.md', eventsPage(about)],
    ['docs/reference/read-models.md', readModelsPage(projections)],
    ['docs/reference/analytics.md', analyticsPage(views, await readSampleQueries())],
    [contractFile, extendContract(await promisedIn(root), contractOf(views))],
    ['docs/reference/sagas.md', sagasPage(sagas)],
    ['docs/reference/ops.md', opsPage(ops)],
    ['docs/reference/event-store.md', eventStorePage(eventStore)],
    [
      'docs/reference/event-store-rules.md',
      eventStoreRulesPage(rulebook, { ...subjects, ...projectedSubjects, ...securedSubjects }),
    ],
    ['docs/reference/invariants.md', invariantsPage(properties, bugs)],
    ['docs/reference/configuration.md', configurationPage()],
    ['.env.example', renderEnvExample()],
  ]);
}

const contractFile = 'projections/analytics/contract.json';

/** What analysts were promised so far. It is extended, never written anew: see `extendContract`. */
async function promisedIn(root: string): Promise<Contract> {
  return contractSchema.parse(JSON.parse((await textOf(join(root, contractFile))) ?? '{}'));
}

/** Those whose text in the tree is another, or which are not there. */
export async function staleFiles(root: string): Promise<string[]> {
  const stale: string[] = [];
  for (const [file, text] of await generatedFiles(root)) {
    if ((await textOf(join(root, file))) !== text) stale.push(file);
  }
  return stale;
}

/** Writes what is stale, and says what that was. */
export async function writeGenerated(root: string): Promise<string[]> {
  const written: string[] = [];
  for (const [file, text] of await generatedFiles(root)) {
    const path = join(root, file);
    if ((await textOf(path)) === text) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    written.push(file);
  }
  return written;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
