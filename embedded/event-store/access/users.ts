import { z } from 'zod';
import { ADMINS, OPERATORS, type User } from '../core/access.ts';
import { formatHash, type PasswordHash, parseHash } from './password.ts';

/** Somebody who can sign in. */
export type Account = User & { readonly password: PasswordHash };

/**
 * Basic authentication ends a name at its colon, and a header ends at a control character. In a list a
 * name counts like a group, so nobody may be called like one of the server's own ($admins, $all).
 */
export const userName = z.string().regex(/^[^\p{Cc}:$][^\p{Cc}:]{0,63}$/u, {
  error: 'is 1 to 64 characters without a colon, and does not begin with $',
});
const group = z.string().regex(/^[^\p{Cc},]{1,64}$/u, {
  error: 'is 1 to 64 characters without a comma',
});
export const groupNames = z.array(group).max(32, { error: 'has at most 32 groups' });

/**
 * Groups of the users whom every EventStoreDB has; their passwords may also come from
 * `EVENTSTORE_DEFAULT_ADMIN_PASSWORD` and `EVENTSTORE_DEFAULT_OPS_PASSWORD`, as there.
 */
export const STANDARD_GROUPS: Readonly<Record<string, readonly string[]>> = {
  admin: [ADMINS],
  ops: [OPERATORS],
};

const fileSchema = z.strictObject({
  users: z.array(
    z.strictObject({
      name: userName,
      groups: groupNames,
      password: z.string().transform((text, context) => {
        const hash = parseHash(text);
        if (hash !== undefined) return hash;
        context.addIssue('is no hash: write it with `npm run event-store -- user`');
        return z.NEVER;
      }),
    }),
  ),
});

/** The users file cannot be used; says where and why, and never quotes a password. */
export class UsersFileError extends Error {
  override name = 'UsersFileError';
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's own words quote the text around the fault.
    throw new UsersFileError('is no JSON', { cause: error });
  }
};

/** Out of the text of a users file: `{ "users": [{ "name", "groups", "password" }] }`. */
export const parseUsers = (text: string): readonly Account[] => {
  const result = fileSchema.safeParse(parsed(text));
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
    throw new UsersFileError(`${where}${issue?.message}`);
  }
  const { users } = result.data;
  const names = users.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsersFileError(`names the user ${twice} twice`);
  return users;
};

export const formatUsers = (users: readonly Account[]): string => {
  const written = users.map(({ name, groups, password }) => ({
    name,
    groups,
    password: formatHash(password),
  }));
  return `${JSON.stringify({ users: written }, null, 2)}\n`;
};
