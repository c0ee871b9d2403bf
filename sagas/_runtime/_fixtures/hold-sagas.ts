// Holds the lock of the sagas until it is killed: `node hold-sagas.ts <database url>`.
import { createLogger } from '../../../platform/log/index.ts';
import { sagaConsumer } from '../session.ts';

const { definition } = sagaConsumer({
  url: process.argv[2] ?? '',
  definitions: [],
  onTaken: () => undefined,
  log: createLogger({ level: 'silent', name: 'holder' }),
});
const session = await definition.open();
console.log('HOLDING');
await session.lost;
