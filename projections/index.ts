import type { ProjectionDefinition } from './_runtime/definition.ts';
import type { LiveDefinition } from './_runtime/live.ts';
import type { QueryDefinition } from './_runtime/query.ts';
import { followActivity } from './activity-catalogue/live.ts';
import { activityCatalogueQueries } from './activity-catalogue/query.ts';
import { activityCatalogueProjection } from './activity-catalogue/reduce.ts';
import { reconciliationQueries } from './activity-reconciliation/query.ts';
import { activityReconciliationProjection } from './activity-reconciliation/reduce.ts';
import { followRoster } from './activity-roster/live.ts';
import { rosterQueries } from './activity-roster/query.ts';
import { activityRosterProjection } from './activity-roster/reduce.ts';
import { articleQueries } from './articles/query.ts';
import { articlesProjection } from './articles/reduce.ts';
import { lineageQueries } from './audit-events/lineage.ts';
import { auditQueries } from './audit-events/query.ts';
import { auditEventsProjection } from './audit-events/reduce.ts';
import { enrollmentMilestonesProjection } from './enrollment-milestones/reduce.ts';
import { followMyEnrollments } from './enrollments/live.ts';
import { enrollmentQueries } from './enrollments/query.ts';
import { enrollmentsProjection } from './enrollments/reduce.ts';
import { journalQueries } from './finance-journal/query.ts';
import { financeJournalProjection } from './finance-journal/reduce.ts';
import { giftQueries } from './gift-ledger/query.ts';
import { giftLedgerProjection } from './gift-ledger/reduce.ts';
import { petQueries } from './my-pets/query.ts';
import { myPetsProjection } from './my-pets/reduce.ts';
import { refundsProjection } from './refunds/reduce.ts';

/** Every read model of the platform. One that is not listed here is not built. */
export const projections: readonly ProjectionDefinition[] = [
  activityCatalogueProjection,
  activityReconciliationProjection,
  activityRosterProjection,
  articlesProjection,
  auditEventsProjection,
  enrollmentMilestonesProjection,
  enrollmentsProjection,
  financeJournalProjection,
  giftLedgerProjection,
  myPetsProjection,
  refundsProjection,
];

/** Every question the read API answers. */
export const queries: readonly QueryDefinition[] = [
  ...activityCatalogueQueries,
  ...articleQueries,
  ...auditQueries,
  ...lineageQueries(projections),
  ...enrollmentQueries,
  ...giftQueries,
  ...journalQueries,
  ...petQueries,
  ...reconciliationQueries,
  ...rosterQueries,
];

/** Every answer that can be followed live. */
export const liveQueries: readonly LiveDefinition[] = [
  followActivity,
  followMyEnrollments,
  followRoster,
];
