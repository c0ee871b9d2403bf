import type { ProjectionDefinition } from './_runtime/definition.ts';
import type { QueryDefinition } from './_runtime/query.ts';
import { activityCatalogueQueries } from './activity-catalogue/query.ts';
import { activityCatalogueProjection } from './activity-catalogue/reduce.ts';
import { enrollmentQueries } from './enrollments/query.ts';
import { enrollmentsProjection } from './enrollments/reduce.ts';

/** Every read model of the platform. One that is not listed here is not built. */
export const projections: readonly ProjectionDefinition[] = [
  activityCatalogueProjection,
  enrollmentsProjection,
];

/** Every question the read API answers. */
export const queries: readonly QueryDefinition[] = [
  ...activityCatalogueQueries,
  ...enrollmentQueries,
];
