import { type AccessList, accessListFrom, type Right } from './access-list.ts';
import { isMetastream, originalOf } from './model.ts';
import { parseObject } from './stream-metadata.ts';

/**
 * Who may do what: EventStoreDB 24.6's policy of access lists, without any I/O. A request asks for a
 * right on a stream; the stream's own list decides, else `$settings`, else what is built in.
 */

/** A user who has proved to be that one. Its name counts like one of its groups. */
export type User = { readonly name: string; readonly groups: readonly string[] };

export type Action = 'read' | 'write' | 'delete';
/** The right somebody needs, and the stream whose list decides about it. */
export type Need = { readonly right: Right; readonly stream: string };

/** Whoever is in it passes every list. */
export const ADMINS = '$admins';
/** The group of the operator whom every installation has. */
export const OPERATORS = '$ops';
/** In a list: all users. */
const EVERYBODY = '$all';
/** Has a list for reading; writing to it means nothing. */
const ALL_STREAM = '$all';
/** Its last event has the lists for streams that have none of their own. */
export const SETTINGS_STREAM = '$settings';

const METADATA_RIGHTS = {
  read: 'metadataRead',
  write: 'metadataWrite',
  delete: undefined,
} as const;

/** Undefined: nobody may, not even an administrator. */
export const needOf = (action: Action, stream: string): Need | undefined => {
  if (isMetastream(stream)) {
    const right = METADATA_RIGHTS[action];
    return right === undefined ? undefined : { right, stream: originalOf(stream) };
  }
  return stream === ALL_STREAM && action !== 'read' ? undefined : { right: action, stream };
};

export const isAdmin = ({ name, groups }: User): boolean =>
  name === 'admin' || groups.includes(ADMINS);

export const isOperator = (user: User): boolean => isAdmin(user) || user.groups.includes(OPERATORS);

/** Lists for streams of users, and for those of the server itself ($…). */
export type DefaultLists = { readonly user?: AccessList; readonly system?: AccessList };

const everyRight = (role: string): Required<AccessList> => ({
  read: [role],
  write: [role],
  delete: [role],
  metadataRead: [role],
  metadataWrite: [role],
});
const BUILT_IN = { user: everyRight(EVERYBODY), system: everyRight(ADMINS) } as const;

/** Out of the last event of `$settings`; anything malformed leaves what is built in. */
export const parseDefaultLists = (raw: Buffer | undefined): DefaultLists => {
  const settings = raw === undefined ? undefined : parseObject(raw);
  const lists = { user: settings?.['$userStreamAcl'], system: settings?.['$systemStreamAcl'] };
  const user = accessListFrom(lists.user);
  const system = accessListFrom(lists.system);
  const malformed =
    (lists.user !== undefined && user === undefined) ||
    (lists.system !== undefined && system === undefined);
  if (malformed) return {};
  return { ...(user && { user }), ...(system && { system }) };
};

/** Whether a user holds a right. Each right is decided by the first list that names it. */
export const holds = (
  user: User,
  { right, stream }: Need,
  own: AccessList | undefined,
  defaults: DefaultLists,
): boolean => {
  const kind = stream.startsWith('$') ? 'system' : 'user';
  const roles = own?.[right] ?? defaults[kind]?.[right] ?? BUILT_IN[kind][right];
  return roles.some(
    (role) => role === EVERYBODY || role === user.name || user.groups.includes(role),
  );
};
