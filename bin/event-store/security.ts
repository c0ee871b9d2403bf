import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { hashPassword } from '../../embedded/event-store/access/password.ts';
import {
  type Account,
  parseUsers,
  STANDARD_GROUPS,
  UsersFileError,
} from '../../embedded/event-store/access/users.ts';
import type { EventStoreNodeOptions } from '../../embedded/event-store/index.ts';
import { UsageError } from '../start/options.ts';
import type { Say } from './own-postgres.ts';

const file = (description: string) =>
  z.string().min(1, { error: 'expected a file' }).optional().meta({ description, value: 'FILE' });

/** TLS and users, as options of a verb. */
export const securityOptions = {
  tlsCert: file('certificate with its chain in PEM: TLS, and users who sign in'),
  tlsKey: file('the private key of the certificate, in PEM'),
  users: file('users and their hashed passwords, written by `user`'),
  advertiseHost: z
    .string()
    .regex(/^[\w.-]{1,253}$/, { error: 'is a host name or an IPv4 address' })
    .optional()
    .meta({
      description: 'host that clients are told to connect to; the certificate has to name it',
      value: 'HOST',
    }),
};

type Asked = z.output<z.ZodObject<typeof securityOptions>>;
type Environment = Readonly<Record<string, string | undefined>>;
export type Security = Pick<EventStoreNodeOptions, 'secure' | 'advertisedHost'>;

/** The same two variables as the real server. */
const PASSWORDS = {
  admin: 'EVENTSTORE_DEFAULT_ADMIN_PASSWORD',
  ops: 'EVENTSTORE_DEFAULT_OPS_PASSWORD',
} as const;

export const LEAST_PASSWORD = 8;

async function textOf(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option}: cannot be read: ${reason}`, { cause: error });
  }
}

async function fromFile(path: string | undefined): Promise<readonly Account[]> {
  if (path === undefined) return [];
  try {
    return parseUsers(await textOf(path, '--users'));
  } catch (error) {
    if (!(error instanceof UsersFileError)) throw error;
    throw new UsageError(`--users: ${path}: ${error.message}`, { cause: error });
  }
}

/** A password in the environment is hashed at once and kept nowhere. */
async function fromEnvironment(env: Environment): Promise<readonly Account[]> {
  const accounts: Account[] = [];
  for (const [name, variable] of Object.entries(PASSWORDS)) {
    const password = env[variable];
    if (!password) continue;
    if (password.length < LEAST_PASSWORD) {
      throw new UsageError(`${variable}: a password has at least ${LEAST_PASSWORD} characters`);
    }
    accounts.push({
      ...{ name, groups: STANDARD_GROUPS[name] ?? [] },
      password: await hashPassword(password),
    });
  }
  return accounts;
}

function together(...sources: readonly (readonly Account[])[]): readonly Account[] {
  const accounts = sources.flat();
  const names = accounts.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return accounts;
  throw new UsageError(
    `${twice} has a password in the users file and in the environment: leave one of them out`,
  );
}

/** Without a certificate the port is open to everybody, and passwords would protect nothing. */
function open(asked: Asked, env: Environment, log: Say): Security {
  if (asked.users !== undefined) {
    throw new UsageError('--users needs --tls-cert and --tls-key: without TLS nobody signs in');
  }
  const given = Object.values(PASSWORDS).filter((variable) => env[variable]);
  if (given.length > 0) {
    log('warn', 'passwords are not asked for without --tls-cert and --tls-key', {
      variables: given.join(','),
    });
  }
  return { ...(asked.advertiseHost && { advertisedHost: asked.advertiseHost }) };
}

/** What was said about TLS and users, read and checked. */
export async function securityOf(asked: Asked, env: Environment, log: Say): Promise<Security> {
  const { tlsCert, tlsKey, users, advertiseHost } = asked;
  if (tlsCert === undefined && tlsKey === undefined) return open(asked, env, log);
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('--tls-cert and --tls-key belong together: give both, or neither');
  }
  const cert = await textOf(tlsCert, '--tls-cert');
  const key = await textOf(tlsKey, '--tls-key');
  const accounts = together(await fromFile(users), await fromEnvironment(env));
  if (accounts.length === 0) {
    throw new UsageError(
      `nobody could sign in: give --users FILE, or ${PASSWORDS.admin} in the environment`,
    );
  }
  return {
    secure: { cert, key, users: accounts },
    ...(advertiseHost && { advertisedHost: advertiseHost }),
  };
}
