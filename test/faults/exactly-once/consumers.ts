// Runs every projection, the witness and a saga that counts, until the channel to its parent closes
// or it is killed: `node consumers.ts`, with what it needs in WITNESS as JSON.
import { z } from 'zod';
import { catalogue } from '../../../domain/_catalogue.ts';
import { startConsumer } from '../../../platform/consumer/index.ts';
import { openEventStore } from '../../../platform/event-store/index.ts';
import { openKeyStore } from '../../../platform/keys/index.ts';
import { createLogger } from '../../../platform/log/index.ts';
import { connectDatabase } from '../../../platform/postgres/connected.ts';
import { createPool } from '../../../platform/postgres/index.ts';
import { startProjections } from '../../../projections/_runtime/start.ts';
import { projections } from '../../../projections/index.ts';
import { sagaConsumer } from '../../../sagas/_runtime/session.ts';
import { witnessProjection, witnessSaga } from './witness.ts';

const { eventStoreUrl, keysUrl, masterKey, url } = z
  .object({
    eventStoreUrl: z.string(),
    keysUrl: z.string(),
    masterKey: z.string(),
    url: z.string(),
  })
  .parse(JSON.parse(process.env['WITNESS'] ?? ''));

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'consumers' });
const pool = createPool({ url: keysUrl, name: 'consumers keys' });
const keys = openKeyStore({ pool, masterKey: Buffer.from(masterKey, 'base64') });
const eventStore = openEventStore({ url: eventStoreUrl, catalogue, keys, log });
const definitions = [...projections, witnessProjection];
const running = await startProjections({ eventStore, url, definitions, log });
const { definition } = sagaConsumer({
  database: connectDatabase({ url, name: 'consumers', max: 1, log }),
  definitions: [witnessSaga],
  onTaken: () => undefined,
  log,
});
const saga = startConsumer({ eventStore, definition, log });

process.once('disconnect', async () => {
  await Promise.all([running.stop(), saga.stop()]);
  await eventStore.dispose();
  await pool.end();
});
process.send?.('up');
