import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/sequencer.ts';

export default defineConfig({
  test: {
    include: ['**/*.spec.ts'],
    // test/containers has its own configuration: it needs a Docker engine.
    exclude: ['**/node_modules/**', '**/.data/**', 'test/containers/**'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    // Processes: specs send signals, change their environment and start children.
    pool: 'forks',
    // Three on two cores: specs that start processes wait for them more than they compute.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 20_000,
  },
});
