import { expect, test } from 'vitest';
import { readRoleOptions } from './options.ts';

test('reads several roles, each once', () => {
  const options = readRoleOptions(['--role', 'sagas, projections,sagas']);
  expect(options).toEqual({ help: false, roles: new Set(['sagas', 'projections']) });
});

test.each([
  ['no role', [], /--role is missing/],
  ['a role that is none', ['--role', 'sagas,cooks'], /--role takes write-api, read-api/],
  ['an option that is none', ['--rolle', 'sagas'], /--rolle/],
])('names what is wrong with %s', (_case, argv, message) => {
  expect(() => readRoleOptions(argv)).toThrow(message);
  expect(() => readRoleOptions(argv)).toThrow(RangeError);
});
