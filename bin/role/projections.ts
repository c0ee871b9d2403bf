import { withLongPool } from '../../platform/postgres/index.ts';
import { ensureReadOnlyRole } from '../../platform/postgres/read-only-role.ts';
import { startProjections } from '../../projections/_runtime/index.ts';
import { analyticsViews } from '../../projections/analytics/index.ts';
import { projections as definitions } from '../../projections/index.ts';
import type { RoleContext } from './context.ts';

export async function startProjectionsRole({
  closers,
  config,
  eventStore,
  log,
}: RoleContext): Promise<void> {
  const { analystRole: name, analystPassword: password = null } = config;
  const role = { name, password, searchPath: analyticsViews.schema };
  await withLongPool({ url: config.databaseUrl, name: 'analysts' }, (long) =>
    ensureReadOnlyRole(long, role, log),
  );
  const projections = await startProjections({
    eventStore,
    url: config.databaseUrl,
    definitions,
    views: { ...analyticsViews, readableBy: name },
    log,
    ...(config.projectionAuditSeconds === 0
      ? {}
      : { auditEveryMs: config.projectionAuditSeconds * 1000 }),
  });
  closers.add('projections', () => projections.stop());
}
