import { expect, test } from 'vitest';
import { bugs } from './_fixtures/bugs.ts';
import { groupsOf, takeNext } from './campaign.ts';
import { judge, soundness } from './judge.ts';

const [bug] = bugs;
if (bug === undefined) throw new Error('there is no fixture');
const passed = { name: 'a test', state: 'passed', errors: '' } as const;
const failed = {
  name: 'a test',
  state: 'failed',
  errors: 'Property failed after 1 tests',
} as const;

test('a bug is seen by a failed test with its words, and by nothing else', () => {
  expect(judge(bug, { tests: [passed, failed] })).toEqual({ is: 'seen', by: 'a test' });
  expect(judge(bug, { tests: [passed] })).toEqual({ is: 'not-seen' });
  expect(judge(bug, { tests: [{ ...failed, errors: 'ENOENT' }] })).toMatchObject({
    is: 'otherwise',
  });
  // The name of a test is not what it says.
  const named = { name: 'Property failed', state: 'failed', errors: 'ENOENT' } as const;
  expect(judge(bug, { tests: [named] })).toMatchObject({ is: 'otherwise' });
  // A file that does not load runs no test: green with it would be a lie.
  expect(judge(bug, { tests: [], broken: 'Property failed' })).toMatchObject({ is: 'otherwise' });
});

test('a spec that is red, broken or without the test before the bug says nothing', () => {
  expect(soundness(bug, { tests: [passed] })).toBeUndefined();
  expect(soundness(bug, { tests: [passed, failed] })).toMatchObject({ is: 'unsound' });
  expect(soundness(bug, { tests: [passed], broken: 'a hook' })).toMatchObject({ is: 'unsound' });
  expect(soundness(bug, { tests: [] })).toMatchObject({ is: 'unsound' });
  const other = { ...bug, test: 'another test' };
  expect(soundness(other, { tests: [passed] })).toMatchObject({ is: 'unsound' });
  const skipped = { name: 'another test', state: 'other', errors: '' } as const;
  expect(soundness(other, { tests: [passed, skipped] })).toMatchObject({ is: 'unsound' });
});

test('bugs of one spec share its run before, unless one stands apart or is impatient', () => {
  const named = (name: string, changes: object = {}) => ({ ...bug, name, test: name, ...changes });
  const groups = groupsOf(
    [
      named('a'),
      named('b', { apart: true }),
      named('c'),
      named('d', { patience: 1 }),
      named('e', { env: { ROUNDS: '1' } }),
    ],
    { SHARED: 'yes' },
  );
  expect(groups.map(({ asked }) => asked)).toEqual([
    { spec: bug.spec, tests: ['a', 'c'], env: { SHARED: 'yes' } },
    { spec: bug.spec, tests: ['b'], env: { SHARED: 'yes' } },
    { spec: bug.spec, tests: ['d'], env: { SHARED: 'yes' }, patience: 1 },
    { spec: bug.spec, tests: ['e'], env: { SHARED: 'yes', ROUNDS: '1' } },
  ]);
  const [all] = groupsOf([named('a'), { ...bug, name: 'whole' }], {});
  expect(all?.asked.tests).toEqual([]);
});

test('a lane takes a long spec or a short one as it likes, and what is left', () => {
  const specs = ['domain/a.spec.ts', 'test/faults/b.spec.ts', 'test/ops/c.spec.ts'];
  const waiting = specs.map((spec) => ({ asked: { spec } }));
  const taken = [true, false, false, true].map((long) => takeNext(waiting, long)?.asked.spec);
  expect(taken).toEqual([specs[1], specs[0], specs[2], undefined]);
});
