/** What somebody may hold on a stream, by its key in `$acl`. */
export const RIGHTS = {
  read: '$r',
  write: '$w',
  delete: '$d',
  metadataRead: '$mr',
  metadataWrite: '$mw',
} as const;
export type Right = keyof typeof RIGHTS;

/** Names of users and groups that hold a right; a right that is not listed is not decided here. */
export type AccessList = { readonly [R in Right]?: readonly string[] };

type JsonObject = { readonly [key: string]: unknown };

const KEYS: ReadonlySet<string> = new Set(Object.values(RIGHTS));

const isText = (value: unknown): value is string => typeof value === 'string';
const areRoles = (value: unknown): value is string | readonly string[] =>
  isText(value) || (Array.isArray(value) && value.every(isText));
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isAccessList = (value: unknown): value is JsonObject =>
  isObject(value) &&
  Object.entries(value).every(([key, roles]) => !KEYS.has(key) || areRoles(roles));

/** Of an object that {@link isAccessList}: a single role may stand without its list. */
export const accessListFrom = (value: unknown): AccessList | undefined =>
  isAccessList(value)
    ? Object.fromEntries(
        Object.entries(RIGHTS).flatMap(([right, key]) => {
          const roles = value[key];
          return areRoles(roles) ? [[right, isText(roles) ? [roles] : roles]] : [];
        }),
      )
    : undefined;
