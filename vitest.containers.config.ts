import { defineConfig } from 'vitest/config';
import { findEngine } from './test/containers/engine.ts';

/**
 * `npm run test:containers`: what needs a Docker engine. The contract of the event store, which runs
 * against our node otherwise, runs against the server that the global set-up starts.
 */
export default defineConfig(async () => {
  const engine = await findEngine();
  return {
    test: {
      include: [
        'test/containers/**/*.spec.ts',
        ...(engine.found ? ['test/event-store/*.spec.ts'] : []),
      ],
      globalSetup: engine.found ? ['test/containers/global-setup.ts'] : [],
      reporters: ['default', './test/support/reporter.ts'],
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: 60_000,
      // Images are fetched and built in hooks.
      hookTimeout: 600_000,
      teardownTimeout: 60_000,
    },
  };
});
