import { EventStoreDBClient } from '@eventstore/db-client';
import { projectedSubjects } from './cases/index.ts';
import { runContract } from './run.ts';
import { openFresh } from './target.ts';

const STANDARD = ['$by_category', '$by_event_type', '$streams', '$by_correlation_id'];

// On a server that is given it needs the projections subsystem (EVENTSTORE_RUN_PROJECTIONS=System).
runContract(async () => {
  const target = await openFresh();
  const client = EventStoreDBClient.connectionString(target.url);
  for (const name of STANDARD) await client.enableProjection(name);
  await client.dispose();
  return target;
}, projectedSubjects);
