import { defineConfig } from 'vitest/config';
import { longSpecs } from './test/support/long-specs.ts';

/** `npm run faults`: one file after the other, each kills and starts processes by the dozen. */
export default defineConfig({
  test: {
    include: longSpecs,
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // A second by itself, which is less than a statement takes on a machine that others use.
    expect: { poll: { timeout: 10_000 } },
  },
});
