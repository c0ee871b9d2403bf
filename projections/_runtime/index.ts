export { defineProjection, type ProjectionDefinition } from './definition.ts';
export { dumpProjection, type TableDump } from './dump.ts';
export { listParked, type ParkedSummary, requestUnpark, type UnparkOutcome } from './parked.ts';
export { dropVersion, prepareReadModels, TableChangedError } from './schema.ts';
export { createSeenTracker, type SeenTracker } from './seen.ts';
export {
  NotRunningHereError,
  type ProjectionHealth,
  type Projections,
  startProjections,
} from './start.ts';
