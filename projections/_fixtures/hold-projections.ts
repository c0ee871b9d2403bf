// Holds the locks of all projections until it is killed: `node hold-projections.ts <database url>`.
import { createLogger } from '../../platform/log/index.ts';
import { openGroup } from '../_runtime/group.ts';
import { projections } from '../index.ts';

const session = await openGroup({
  url: process.argv[2] ?? '',
  definitions: projections,
  log: createLogger({ level: 'silent', name: 'holder' }),
  stopping: new AbortController().signal,
  readEvents: async () => [],
});
console.log('HOLDING');
await session.lost;
