import type { SagaInspector } from '../../../sagas/_runtime/inspect.ts';
import type { Platform } from '../_cli/platform.ts';

/** What operators can see of the sagas, whichever process runs them. */
export async function openInspector(platform: Platform): Promise<SagaInspector> {
  const [{ inspectSagas }, { sagas: definitions }] = await Promise.all([
    import('../../../sagas/_runtime/inspect.ts'),
    import('../../../sagas/index.ts'),
  ]);
  const [pool, eventStore] = await Promise.all([platform.pool(), platform.eventStore()]);
  return inspectSagas({ pool, eventStore, definitions });
}
