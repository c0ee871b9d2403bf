import { catalogue } from '../../domain/_catalogue.ts';
import { startNatsRelay } from '../../exporters/nats-relay/index.ts';
import type { RoleContext } from './context.ts';

/** What tells the outside by itself: the relay to NATS, where there is one. */
export async function startExportersRole({
  closers,
  config,
  eventStore,
  log,
}: RoleContext): Promise<void> {
  const { natsUrl, databaseUrl } = config;
  if (natsUrl === undefined) {
    log.info('NATS_URL is not set: the relay is off');
    return;
  }
  const relay = await startNatsRelay({ natsUrl, eventStore, databaseUrl, catalogue, log });
  closers.add('NATS relay', () => relay.stop());
}
