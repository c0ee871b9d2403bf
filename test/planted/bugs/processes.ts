import { asserts, type PlantedBug } from '../bug.ts';

const ops = 'test/ops/ops.spec.ts';
const kill = 'test/faults/event-store/kill.spec.ts';
const writer = 'embedded/event-store/write/writer.ts';

/** Seen only where processes meet: a platform for each. */
export const processBugs: readonly PlantedBug[] = [
  {
    name: 'names-people-to-operators',
    property: 'personal-data',
    invariant: 'An operator who reads the log sees nobody’s name.',
    file: 'bin/ops/events/shown.ts',
    find: 'const data = withoutPersonal(decoded.data as Readonly<Record<string, unknown>>, fields);',
    replace: 'const data = fields === null ? null : decoded.data;',
    spec: ops,
    test: 'a stream is read out of the log, and nobody is named',
    apart: true,
    red: asserts,
  },
  {
    name: 'does-what-cannot-be-undone-unasked',
    property: 'operators',
    invariant: 'What cannot be undone is asked for, or done with --yes.',
    file: 'bin/ops/_cli/confirm.ts',
    find: "if (!out.interactive) throw new UsageError('nobody can be asked here: say --yes if you mean it');",
    replace: 'if (!out.interactive) return;',
    spec: ops,
    test: 'a read model is built again while the platform runs',
    apart: true,
    red: asserts,
  },
  {
    name: 'says-that-all-is-well',
    property: 'operators',
    invariant: 'A script hears by the exit code that sagas gave something up.',
    file: 'bin/ops/sagas/dead.ts',
    find: 'return found.length === 0 ? exits.well : exits.finding;',
    replace: 'return exits.well;',
    spec: ops,
    test: 'what a saga gave up on and parked is listed',
    apart: true,
    red: asserts,
  },
  {
    name: 'overlooks-a-dead-mail-server',
    property: 'operators',
    invariant: 'Health names each part that does not answer.',
    file: 'bin/ops/health/checks.ts',
    find: "{ name: 'mail', look: mailFound },",
    replace:
      "{ name: 'mail', look: async (platform) => (await mailFound(platform).catch(() => fine(''))) },",
    spec: ops,
    test: 'what is wrong is named',
    apart: true,
    red: asserts,
  },
  {
    name: 'lets-a-cent-go',
    property: 'money',
    invariant: 'A cent that was moved at Stripe behind our back is a break with its payment.',
    file: 'projections/activity-reconciliation/judge.ts',
    find: "'refund-missing-in-log': (row) =>",
    replace: "'refund-missing-in-log': (row) => row.captured < 0 &&",
    spec: ops,
    test: 'takings agree to the cent',
    apart: true,
    red: /the statement with the refund was read|AssertionError/,
  },
  {
    name: 'logs-what-people-send',
    property: 'personal-data',
    invariant: 'No log has a name, an address, a password or a token.',
    file: 'write-api/commands.ts',
    find: 'const result = await routes.bus.execute(',
    replace:
      "request.log.warn({ sent: request.body }, 'a command came');\n        const result = await routes.bus.execute(",
    spec: 'test/acceptance/privacy.spec.ts',
    red: asserts,
  },
  {
    name: 'answers-before-the-commit',
    property: 'log',
    invariant: 'The event store node answers, and hands events out, after the commit.',
    file: writer,
    find: 'if (writes(plan)) await using.insert(plan.events, plan.followers);',
    replace:
      'committed(batch, plan);\n      if (writes(plan)) await using.insert(plan.events, plan.followers);',
    spec: kill,
    env: { ROUNDS: '12', SEED: '7' },
    red: asserts,
  },
];
