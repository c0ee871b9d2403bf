import type { SagaInspector, SagaInstance } from '../../../sagas/_runtime/inspect.ts';
import { UsageError } from '../../start/options.ts';
import type { Platform } from '../_cli/platform.ts';

/** What operators can see of the sagas, whichever process runs them. */
export async function openInspector(platform: Platform): Promise<SagaInspector> {
  const { inspectSagas } = await import('../../../sagas/_runtime/inspect.ts');
  return inspectSagas(await platform.pool());
}

/** The instance that is named. Throws a `UsageError` where there is none. */
export async function instanceOf(
  platform: Platform,
  of: { readonly saga: string; readonly instance: string },
): Promise<SagaInstance> {
  const [found] = await (await openInspector(platform)).list({ ...of, limit: 1 });
  if (found === undefined) {
    throw new UsageError(
      `${of.saga} has no instance ${of.instance}: \`npm run ops -- sagas list\` shows those there are`,
    );
  }
  return found;
}
