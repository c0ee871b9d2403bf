import { expect, test } from 'vitest';
import { hashPassword } from './password.ts';
import { formatUsers, parseUsers, UsersFileError } from './users.ts';

test('users are what was written', async () => {
  const users = [
    { name: 'shop', groups: ['writers', '$ops'], password: await hashPassword('secret words') },
    { name: 'zoë', groups: [], password: await hashPassword('other words') },
  ];
  expect(parseUsers(formatUsers(users))).toEqual(users);
});

const hash = `scrypt:16384:8:1:${'A'.repeat(22)}:${'B'.repeat(43)}`;
const user = { name: 'zoe', groups: [], password: hash };
test.each([
  ['no JSON', '{"users": [{"name": "hunter2"', 'is no JSON'],
  ['no users', '{}', 'users: '],
  ['a key that is not known', JSON.stringify({ users: [{ ...user, role: 'x' }] }), 'users.0: '],
  ['a plain password', JSON.stringify({ users: [{ ...user, password: 'hunter2' }] }), 'is no hash'],
  ['a colon in a name', JSON.stringify({ users: [{ ...user, name: 'a:b' }] }), 'without a colon'],
  [
    'the name of a group of the server',
    JSON.stringify({ users: [{ ...user, name: '$admins' }] }),
    'does not begin with $',
  ],
  ['no name', JSON.stringify({ users: [{ ...user, name: '' }] }), 'users.0.name: '],
  [
    'a group of no name',
    JSON.stringify({ users: [{ ...user, groups: [''] }] }),
    'users.0.groups.0',
  ],
  ['one user twice', JSON.stringify({ users: [user, user] }), 'names the user zoe twice'],
])('%s is said, and nothing quoted', (_what, text, expected) => {
  const error = (() => {
    try {
      return parseUsers(text);
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(UsersFileError);
  expect(String(error)).toContain(expected);
  expect(String(error)).not.toContain('hunter2');
});
