import {
  type Action,
  type DefaultLists,
  holds,
  isAdmin,
  isOperator,
  needOf,
  parseDefaultLists,
  SETTINGS_STREAM,
  type User,
} from '../core/access.ts';
import type { AccessList } from '../core/access-list.ts';
import type { Failure, RecordedEvent } from '../core/model.ts';
import { isMetastream, MAX_INT64, metastreamOf, originalOf } from '../core/model.ts';
import { parseAccessList } from '../core/stream-metadata.ts';
import type { Hub } from '../live/hub.ts';
import type { LogReader } from '../log/reader.ts';
import { patiently } from '../read/paging.ts';
import { createLookup } from './lookup.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import type { Account } from './users.ts';

export type Refusal = Failure | undefined;

/** Who may do what on this node; a node that is open to everybody has none. */
export type Access = {
  readonly signIn: SignIn;
  /** Why not; undefined when it is allowed. A promise only when a list has to be looked up. */
  refusal(user: User | undefined, action: Action, stream: string): Refusal | Promise<Refusal>;
  /** Why not to look after the node itself: its projections. */
  refusalToOperate(user: User | undefined): Refusal;
  /** Calls back when the lists that decide about this stream may have changed. */
  onChange(stream: string, listener: () => void): () => void;
};

/** A call waits this long for a Postgres that is away. */
const PATIENCE_MS = 5_000;
const NEVER = new AbortController().signal;

const denied = (message: string): Failure => ({ kind: 'access-denied', message });
const isAway = (error: unknown): Failure => ({
  kind: 'busy',
  message: error instanceof Error ? error.message : String(error),
});

export const createAccess = async (options: {
  readonly accounts: readonly Account[];
  readonly reader: Pick<LogReader, 'streamHead' | 'streamPage'>;
  readonly hub: Hub;
  /** Lists that stay in memory. */
  readonly capacity: number;
  readonly patienceMs?: number;
}): Promise<Access> => {
  const { accounts, reader, hub, capacity, patienceMs = PATIENCE_MS } = options;
  const lists = createLookup<AccessList | undefined>(capacity, async (stream) =>
    parseAccessList((await patiently(() => reader.streamHead(stream), patienceMs, NEVER)).metadata),
  );
  const defaults = createLookup<DefaultLists>(Math.min(capacity, 1), async (stream) => {
    const [newest] = await patiently(
      () =>
        reader.streamPage({
          ...{ stream, lowest: 0n, highest: MAX_INT64, oldest: 0n },
          ...{ direction: 'backwards', limit: 1 },
        }),
      patienceMs,
      NEVER,
    );
    return parseDefaultLists(newest?.data);
  });

  const learn = ({ stream, data }: RecordedEvent): void => {
    if (isMetastream(stream)) lists.learn(originalOf(stream), parseAccessList(data));
    else if (stream === SETTINGS_STREAM) defaults.learn(stream, parseDefaultLists(data));
  };
  hub.onPublish((events) => {
    if (events !== undefined) {
      events.forEach(learn);
    } else {
      lists.forget();
      defaults.forget();
    }
  });

  return {
    signIn: await createSignIn(accounts),
    refusal(user, action, stream) {
      if (user === undefined) return denied('a user is required');
      const need = needOf(action, stream);
      if (need === undefined) return denied(`nobody may ${action} ${stream}`);
      if (isAdmin(user)) return undefined;
      const judge = (own: AccessList | undefined, other: DefaultLists): Refusal =>
        holds(user, need, own, other)
          ? undefined
          : denied(`${user.name} may not ${action} ${stream}`);
      // Metadata of metadata is never anybody's: the defaults decide.
      const own = isMetastream(need.stream) ? undefined : lists.get(need.stream);
      const other = defaults.get(SETTINGS_STREAM);
      return own instanceof Promise || other instanceof Promise
        ? Promise.all([own, other]).then((found) => judge(...found), isAway)
        : judge(own, other);
    },
    refusalToOperate(user) {
      if (user === undefined) return denied('a user is required');
      return isOperator(user) ? undefined : denied(`${user.name} is no operator`);
    },
    onChange(stream, listener) {
      const base = isMetastream(stream) ? originalOf(stream) : stream;
      const off = [metastreamOf(base), SETTINGS_STREAM].map((one) => hub.onStream(one, listener));
      return () => {
        for (const one of off) one();
      };
    },
  };
};
