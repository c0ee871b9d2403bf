import type { Outcome } from '../core/model.ts';
import { WRITE_TIMEOUT_MS } from '../core/model.ts';
import { type FollowerStatus, type Sources, startFollower } from './follower.ts';
import { STANDARD } from './standard.ts';

export type { FollowerStatus } from './follower.ts';

/** The native followers of the log. Off until they are switched on; that one is, is kept in the log's database. */
export type Followers = {
  has(name: string): boolean;
  /** In the order in which they are listed to clients. */
  statuses(): readonly FollowerStatus[];
  /** Answers when it is committed: after that a follower writes, or writes no more, also after a restart. */
  switch(name: string, enabled: boolean): Promise<Outcome>;
  /** Everyone begins again where it stands, also one that a fault had stopped. */
  restart(): void;
  /** Begins nothing new. What waits for the writer is answered by the writer's end. */
  stop(): void;
  readonly stopped: Promise<unknown>;
};

export const startFollowers = (sources: Sources): Followers => {
  const ended = new AbortController();
  const followers = new Map(
    [...STANDARD].map(
      ([name, linkOf]) => [name, startFollower(name, linkOf, sources, ended.signal)] as const,
    ),
  );
  const all = [...followers.values()];
  return {
    has: (name) => followers.has(name),
    statuses: () => all.map((follower) => follower.status()),
    switch: (name, enabled) =>
      new Promise((resolve) => {
        sources.writer.submit(
          { kind: 'switch', follower: name, enabled },
          WRITE_TIMEOUT_MS,
          (outcome) => {
            followers.get(name)?.wake();
            resolve(outcome);
          },
        );
      }),
    restart() {
      for (const follower of all) follower.wake();
    },
    stop: () => ended.abort(),
    stopped: Promise.all(all.map(({ done }) => done)),
  };
};

/** Switches all of them on that are not, as a node's option asks for; throws when the log does not take it. */
export const switchAllOn = async (followers: Followers): Promise<void> => {
  const off = followers.statuses().filter(({ state }) => state === 'stopped');
  for (const outcome of await Promise.all(off.map(({ name }) => followers.switch(name, true)))) {
    if (!outcome.ok) {
      throw new Error(`the standard projections cannot be switched on: ${outcome.failure.kind}`);
    }
  }
};
