// Holds the lock of the sagas until it is killed: `node hold-sagas.ts <database url>`.
import { createLogger } from '../../../platform/log/index.ts';
import { openLockSession } from '../../../platform/postgres/lock-session.ts';
import { sagaConsumer } from '../session.ts';

const url = process.argv[2] ?? '';
const { definition } = sagaConsumer({
  database: { openLockSession: (options) => openLockSession({ url, ...options }) },
  definitions: [],
  onTaken: () => undefined,
  log: createLogger({ level: 'silent', name: 'holder' }),
});
const session = await definition.open();
console.log('HOLDING');
await session.lost;
