import { defineConfig } from 'vitest/config';
import { longSpecs } from './test/support/long-specs.ts';
import LongestFirst from './test/support/sequencer.ts';

const specs = (folders: string) => `${folders}/**/*.spec.ts`;
/** They leave nothing behind: a worker goes on with the next file, its modules are loaded once. */
const thrifty = '{bin,commands,domain,platform,projections,read-api,tools,write-api}';
// They hold clients of the event store, which share their open appends within a process.
const following = '_runtime|consumer|event-store';
const never = ['**/node_modules/**', '**/.data/**'];
// They have their own configurations: containers need a Docker engine.
const elsewhere = ['test/containers/**', ...longSpecs];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: { label: 'together', color: 'cyan' },
          include: [specs(thrifty)],
          exclude: [...never, ...elsewhere, specs(`*/@(${following})`)],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: { label: 'apart', color: 'blue' },
          include: ['**/*.spec.ts'],
          exclude: [
            ...[...never, ...elsewhere],
            ...[specs(`${thrifty}/!(${following})`), `${thrifty}/*.spec.ts`],
          ],
        },
      },
    ],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    // Processes: specs send signals, change their environment and start children.
    pool: 'forks',
    // Four on two cores: specs that start processes wait for them more than they compute.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Patience, not a promise: where others compute as well, a platform is up after fifteen seconds
    // instead of two, and stops as slowly.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // A second by itself, which is less than a statement takes on a machine that others use.
    expect: { poll: { timeout: 10_000 } },
  },
});
