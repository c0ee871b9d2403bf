import type {
  AllStreamSubscription,
  EventType,
  ResolvedEvent,
  StreamSubscription,
} from '@eventstore/db-client';

export type AnySubscription = AllStreamSubscription | StreamSubscription;

export type Followed = {
  readonly events: ResolvedEvent<EventType>[];
  readonly errors: unknown[];
  readonly caughtUp: () => number;
  /** Settles when the condition holds; fails when the subscription fails first. */
  until(condition: (followed: Followed) => boolean): Promise<void>;
};

/** Collects what a subscription says. */
export const collect = (subscription: AnySubscription): Followed => {
  const events: ResolvedEvent<EventType>[] = [];
  const errors: unknown[] = [];
  const waiting = new Set<() => void>();
  let caughtUp = 0;
  let looking = false;
  /** Once for all that came together: a look at every event would be a look at all events each time. */
  const look = (): void => {
    if (looking) return;
    looking = true;
    setImmediate(() => {
      looking = false;
      for (const one of [...waiting]) one();
    });
  };
  subscription.on('data', (event: ResolvedEvent<EventType>) => {
    events.push(event);
    look();
  });
  subscription.on('caughtUp', () => {
    caughtUp += 1;
    look();
  });
  subscription.on('error', (error: unknown) => {
    errors.push(error);
    look();
  });
  const followed: Followed = {
    events,
    errors,
    caughtUp: () => caughtUp,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (condition(followed)) resolve();
          else if (errors.length > 0) reject(errors[0]);
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
  };
  return followed;
};
