import { expect, test } from 'vitest';
import { clientCommands, commands } from '../../commands/index.ts';
import { catalogue } from '../../domain/_catalogue.ts';
import { projectFiles } from '../check/files.ts';
import { findWriters } from './writers.ts';

const root = new URL('../..', import.meta.url).pathname;
const types = new Set(catalogue.types.keys());
const { commandsOf, sendersOf } = findWriters(root, await projectFiles(root), types);

test('every event has a command that writes it, but the first of a log', () => {
  expect([...types].filter((type) => !commandsOf.has(type))).toEqual(['InstallationRegistered']);
});

test('every command writes something', () => {
  const writing = new Set([...commandsOf.values()].flat());
  expect(commands.map(({ name }) => name).filter((name) => !writing.has(name))).toEqual([]);
});

test('every command that no client sends has a saga that does, and no client command has', () => {
  const clients = new Set(clientCommands.map(({ name }) => name));
  for (const { name } of commands) expect(sendersOf.has(name), name).toBe(!clients.has(name));
});

test.each([
  ['an event of one command alone', 'TillOpened', ['open-till']],
  ['a decision that several share', 'SeatWaitlisted', ['enroll']],
  ['two commands of one file', 'RoleRevoked', ['revoke-role']],
  ['a decision that another file hands on', 'RefundRequested', ['request-refund']],
  ['a namespace', 'HoldTimeSet', ['set-hold-time']],
  ['a helper beside the command', 'CashTaken', ['pay']],
])('%s', (_what, type, expected) => {
  expect(commandsOf.get(type)).toEqual(expected);
});
