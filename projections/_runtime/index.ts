export { type ChangesHeard, createChangesHeard } from './changes-heard.ts';
export type { Findings } from './compare.ts';
export { defineProjection, type ProjectionDefinition } from './definition.ts';
export { dumpProjection, type TableDump } from './dump.ts';
export { requestPause, requestResume } from './life-cycle.ts';
export type { UnparkOutcome } from './member.ts';
export { listParked, type ParkedSummary, requestUnpark } from './parked.ts';
export { type Rebuild, rebuildProgress, requestRebuild } from './rebuild.ts';
export { dropVersion, prepareReadModels, TableChangedError } from './schema.ts';
export { createSeenTracker, type SeenTracker } from './seen.ts';
export {
  NotRunningHereError,
  type ProjectionHealth,
  type Projections,
  startProjections,
} from './start.ts';
export { requestSwitch } from './switch.ts';
export { repointViews, type ViewSet } from './views.ts';
