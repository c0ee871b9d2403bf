/**
 * Specs that kill, or take long, beside what `npm test` has already: `npm run faults` runs them, and
 * `.ci/run` runs both. So the suite of every day stays below four minutes on two cores.
 */
export const longSpecs = [
  'test/faults/**/*.spec.ts',
  // The contract again: with a kill between writing and looking, and with nothing remembered.
  'test/event-store/{restarted,without-caches}.spec.ts',
  // A log that is moved while its processes are killed, with all read models built over the copy.
  'test/log/move.spec.ts',
  // Simulated worlds by the hundred, others each day.
  'test/simulation/long.spec.ts',
  'embedded/event-store/follow/crash.spec.ts',
  // Projections paused, compared and audited: whoever runs them looks each second.
  'projections/_runtime/life-cycle.spec.ts',
  // Projections broken by hand: one has failed when it was in trouble for five seconds.
  'projections/_runtime/fault.spec.ts',
  // The verbs of `npm run ops` on a whole platform, each a process.
  'test/ops/*.spec.ts',
  // Every projection built again event by event, with kill -9 in the middle.
  'projections/_runtime/rebuild-killed.spec.ts',
  // The files of the image, under the variables of every service, as processes.
  'tools/check/containers/image.spec.ts',
  // Each mode of the fault proxy, with the silence that tells that nothing comes.
  'test/support/fault-proxy/*.spec.ts',
  // A store, a Postgres that is gone or silent: each test waits for its limits.
  'platform/event-store/gone.spec.ts',
  'platform/event-store/appenders.spec.ts',
  'platform/postgres/lost.spec.ts',
  'platform/postgres/silent-session.spec.ts',
  // The runner of planted bugs, with a bug for each of its verdicts.
  'test/planted/run.spec.ts',
];
