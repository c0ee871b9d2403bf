import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { isMissing, replaceDurably } from '../../embedded/durable-file.ts';
import { hashPassword } from '../../embedded/event-store/access/password.ts';
import {
  type Account,
  formatUsers,
  groupNames,
  parseUsers,
  STANDARD_GROUPS,
  UsersFileError,
  userName,
} from '../../embedded/event-store/access/users.ts';
import { exits } from '../ops/_cli/verb.ts';
import { UsageError } from '../start/options.ts';
import { LEAST_PASSWORD } from './security.ts';
import { defineNodeVerb } from './verb.ts';

const names = (value: string): string[] => value.split(',').filter((name) => name !== '');

const input = z.strictObject({
  name: userName.meta({ description: 'the user to write' }),
  users: z
    .string()
    .min(1, { error: 'expected a file' })
    .meta({ description: 'the users file; it is made when it is not there', value: 'FILE' }),
  groups: z.string().transform(names).pipe(groupNames).optional().meta({
    description: 'groups of the user, with commas; admin and ops have theirs unless said',
    value: 'GROUPS',
  }),
  remove: z.boolean().default(false).meta({ description: 'take the user out instead' }),
});

async function usersIn(path: string): Promise<readonly Account[]> {
  try {
    return parseUsers(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return [];
    if (!(error instanceof UsersFileError)) throw error;
    throw new UsageError(`--users: ${path}: ${error.message}`, { cause: error });
  }
}

/** The first line of standard input: neither the list of processes nor the shell's history has it. */
export async function passwordFrom(
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
): Promise<string> {
  if (input.isTTY) {
    throw new UsageError(
      'the password comes from standard input: read -rs P && printf %s "$P" | npm run event-store -- user …',
    );
  }
  const [password = ''] = (await text(input)).split(/\r?\n/, 1);
  if (password.length >= LEAST_PASSWORD) return password;
  throw new UsageError(`a password has at least ${LEAST_PASSWORD} characters`);
}

async function accountFor(
  name: string,
  groups: readonly string[] | undefined,
  former: Account | undefined,
): Promise<Account> {
  return {
    name,
    groups: groups ?? former?.groups ?? STANDARD_GROUPS[name] ?? [],
    password: await hashPassword(await passwordFrom(process.stdin)),
  };
}

export const userVerb = defineNodeVerb({
  name: 'user',
  summary: 'Write a user with a hashed password into the users file of `serve --users`',
  description: `The password is the first line of standard input. A user who is there gets the new password, and
keeps the groups unless others are given; admin is an administrator whatever its groups. A node reads the
file when it starts.`,
  input,
  positional: ['name'],
  finding: 'there is no such user to take out',
  examples: [
    {
      line: 'npm run event-store -- user shop --users users.json --groups writers',
      does: 'reads the password; $admins and $ops are groups too',
    },
    {
      line: 'npm run event-store -- user shop --users users.json --remove',
      does: 'takes the user out',
    },
  ],
  async run({ input: { name, users: path, groups, remove }, out }) {
    const before = await usersIn(path);
    const former = before.find((one) => one.name === name);
    if (remove && former === undefined) {
      const problem = `${path} has no user ${name}`;
      out.show({ ok: false, problem }, () => [out.paint('red', problem)]);
      return exits.finding;
    }
    const others = before.filter((one) => one !== former);
    const added = remove ? [] : [await accountFor(name, groups, former)];
    await replaceDurably(path, formatUsers([...others, ...added]));
    const done = remove ? 'taken out' : `written, ${groupsOf(added)}`;
    out.show({ ok: true, file: path, name, groups: added[0]?.groups ?? [] }, () => [
      `${name}: ${done}`,
    ]);
    return exits.well;
  },
});

const groupsOf = ([account]: readonly Account[]): string =>
  account?.groups.length ? `groups ${account.groups.join(', ')}` : 'in no group';
