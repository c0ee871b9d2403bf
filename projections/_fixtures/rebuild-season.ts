// Builds every projection again from a season, in batches, and dies where it is told to:
// `node rebuild-season.ts <database url> <batch size> projections.commit.before:3`.
import { armCrashPoint, parseCrashAt } from '../../platform/crash-points/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { openGroup } from '../_runtime/group.ts';
import { shadowOf } from '../_runtime/rebuild.ts';
import { projections } from '../index.ts';
import { batchOf } from './applied.ts';
import { season } from './season.ts';

const size = Number(process.argv[3]);
const history = season();
const session = await openGroup({
  url: process.argv[2] ?? '',
  definitions: projections.map((definition) => shadowOf(definition)),
  log: createLogger({ level: 'silent', name: 'rebuilder' }),
  stopping: new AbortController().signal,
  readEvents: async () => [],
});
armCrashPoint(parseCrashAt(process.argv[4] ?? '') ?? undefined);
for (let at = 0; at < history.length; at += size) {
  await session.apply(batchOf(history.slice(at, at + size)));
}
await session.close();
