/**
 * Cases for a node with TLS and users. They run once, on a node of their own (`secured-target.ts`):
 * whatever else it does is what every other node does.
 */
import { type EventStoreDBClient, jsonEvent, type StreamACL } from '@eventstore/db-client';
import type { ExpectStatic } from 'vitest';
import type { Follow } from './case.ts';
import { happened, newStream } from './kit.ts';
import type { RuleId } from './rules.ts';

/** Who can sign in, and in which groups they are. */
export const GROUPS = {
  admin: ['$admins'],
  ops: ['$ops'],
  zoe: ['writers'],
  // Characters that a connection string has to escape.
  'tim o’leary': ['writers', 'readers'],
} as const;
export type Name = keyof typeof GROUPS;

export type SecuredTarget = {
  /** esdb://host:port?tls=true&tlsCAFile=…, of nobody */
  readonly url: string;
  readonly port: number;
  /** PEM of the certificate that the node has and a client trusts. */
  readonly ca: string;
  passwordOf(name: Name): string;
  close(): Promise<void>;
};

export type SecuredContext = SecuredTarget & {
  readonly expect: ExpectStatic;
  /** The client of a user, or of nobody. */
  as(name?: Name): EventStoreDBClient;
  /** Another one; its url is the case's own. */
  connect(url: string): EventStoreDBClient;
  readonly follow: Follow;
};

export type SecuredCase = {
  readonly rules: readonly RuleId[];
  readonly title: string;
  look(context: SecuredContext): Promise<void>;
};

export const securedRule = (
  rules: RuleId | readonly RuleId[],
  title: string,
  look: (context: SecuredContext) => Promise<void>,
): SecuredCase => ({ rules: typeof rules === 'string' ? [rules] : rules, title, look });

/** The url with credentials in it. */
export const urlFor = (url: string, name: string, password: string): string =>
  url.replace('://', `://${encodeURIComponent(name)}:${encodeURIComponent(password)}@`);

/** How the client calls it when somebody may not. */
export const DENIED = { type: 'access-denied' };

/** A stream of one event, with a list. */
export const listed = async (
  { as }: Pick<SecuredContext, 'as'>,
  acl: StreamACL,
  stream = newStream(),
) => {
  await as('admin').appendToStream(stream, happened());
  await as('admin').setStreamMetadata(stream, { acl });
  return stream;
};

/** Lists for streams without one, for as long as `look` takes. */
export const withSettings = async (
  { as }: SecuredContext,
  settings: Record<string, unknown>,
  look: () => Promise<void>,
): Promise<void> => {
  const write = (data: Record<string, unknown>) =>
    as('admin').appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data }));
  await write(settings);
  try {
    await look();
  } finally {
    await write({});
  }
};
