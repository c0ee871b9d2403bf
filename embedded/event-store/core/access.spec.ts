import { describe, expect, test } from 'vitest';
import { type Action, holds, isAdmin, needOf, parseDefaultLists, type User } from './access.ts';
import { parseAccessList } from './stream-metadata.ts';

const zoe: User = { name: 'zoe', groups: ['staff'] };
const ops: User = { name: 'ops', groups: ['$ops'] };

describe('what a request needs', () => {
  test.each<[Action, string, ReturnType<typeof needOf>]>([
    ['read', 'a', { right: 'read', stream: 'a' }],
    ['write', 'a', { right: 'write', stream: 'a' }],
    ['delete', 'a', { right: 'delete', stream: 'a' }],
    ['read', '$$a', { right: 'metadataRead', stream: 'a' }],
    ['write', '$$a', { right: 'metadataWrite', stream: 'a' }],
    ['delete', '$$a', undefined],
    ['read', '$all', { right: 'read', stream: '$all' }],
    ['write', '$all', undefined],
    ['delete', '$all', undefined],
    ['write', '$$$all', { right: 'metadataWrite', stream: '$all' }],
    ['read', '$$$$a', { right: 'metadataRead', stream: '$$a' }],
  ])('to %s %s', (action, stream, expected) => {
    expect(needOf(action, stream)).toEqual(expected);
  });
});

test('administrators are known by their group, and admin by name', () => {
  expect(isAdmin({ name: 'zoe', groups: ['$admins'] })).toBe(true);
  expect(isAdmin({ name: 'admin', groups: [] })).toBe(true);
  expect(isAdmin(ops)).toBe(false);
});

const acl = (list: unknown) => parseAccessList(Buffer.from(JSON.stringify({ $acl: list })));
const settings = (value: unknown) => parseDefaultLists(Buffer.from(JSON.stringify(value)));
const may = (user: User, stream: string, own?: unknown, defaults?: unknown): boolean =>
  holds(user, { right: 'read', stream }, acl(own), settings(defaults ?? {}));

describe('who holds a right', () => {
  test.each([
    ['a stream without a list is for every user', may(zoe, 'a'), true],
    ['a system stream is not', may(zoe, '$a'), false],
    ['nor is $all', may(ops, '$all'), false],
    ['a role without its list', may(zoe, 'a', { $r: 'staff' }), true],
    ['one of several', may(zoe, 'a', { $r: ['x', 'staff'] }), true],
    ['the name of the user', may(zoe, 'a', { $r: 'zoe' }), true],
    ['$all are all users', may(zoe, '$a', { $r: '$all' }), true],
    ['somebody else', may(ops, 'a', { $r: ['staff', 'zoe'] }), false],
    ['nobody at all', may(zoe, 'a', { $r: [] }), false],
    ['another right decides nothing here', may(zoe, 'a', { $w: 'x' }), true],
    ['defaults of users', may(zoe, 'a', {}, { $userStreamAcl: { $r: 'x' } }), false],
    [
      'the own list comes first',
      may(zoe, 'a', { $r: 'zoe' }, { $userStreamAcl: { $r: 'x' } }),
      true,
    ],
    ['defaults of the system', may(zoe, '$a', {}, { $systemStreamAcl: { $r: 'zoe' } }), true],
    ['not those of the other kind', may(zoe, '$a', {}, { $userStreamAcl: { $r: 'zoe' } }), false],
    [
      'a default that names another right',
      may(zoe, 'a', {}, { $userStreamAcl: { $w: 'x' } }),
      true,
    ],
  ])('%s', (_title, actual, expected) => {
    expect(actual).toBe(expected);
  });
});

test('a list that is malformed is none, and takes the whole of its metadata with it', () => {
  expect(acl({ $r: 7 })).toBeUndefined();
  expect(acl(['zoe'])).toBeUndefined();
  expect(parseAccessList(Buffer.from('{"$acl":{"$r":"zoe"},"$maxCount":"x"}'))).toBeUndefined();
  expect(parseAccessList(Buffer.from('{'))).toBeUndefined();
  expect(settings({ $userStreamAcl: { $r: 7 }, $systemStreamAcl: { $r: 'x' } })).toEqual({});
  expect(parseDefaultLists(Buffer.from('no JSON'))).toEqual({});
});
