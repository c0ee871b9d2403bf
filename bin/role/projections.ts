import { startProjections } from '../../projections/_runtime/index.ts';
import { projections as definitions } from '../../projections/index.ts';
import type { RoleContext } from './context.ts';

export async function startProjectionsRole({
  closers,
  config,
  eventStore,
  log,
}: RoleContext): Promise<void> {
  const projections = await startProjections({
    eventStore,
    url: config.databaseUrl,
    definitions,
    log,
  });
  closers.add('projections', () => projections.stop());
}
