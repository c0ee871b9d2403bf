/** Reads that wait for their token at the same time. */
export type WaitingLimits = {
  /** Of one address. */
  readonly perClient: number;
  /** Of all of them, in this process. */
  readonly inAll: number;
};

/**
 * A read waits for milliseconds, unless a token stands for what does not exist: tokens are not
 * signed, anybody can make one far ahead of the log. An honest office behind one address asks at
 * most 2000 times a second (its rate limit), so even with read models 50 ms behind 100 wait.
 */
export const defaultWaitingLimits: WaitingLimits = { perClient: 100, inAll: 2000 };

export type WaitingRoom = {
  /** A place, and the function that leaves it again; null: there is none left. */
  enter(client: string): (() => void) | null;
  waiting(): number;
};

/** Counts who waits. Memory is bounded by the places: who leaves last of a client takes its count along. */
export function createWaitingRoom({ perClient, inAll }: WaitingLimits): WaitingRoom {
  const byClient = new Map<string, number>();
  let all = 0;

  const leave = (client: string): void => {
    const left = (byClient.get(client) ?? 1) - 1;
    all -= 1;
    if (left === 0) byClient.delete(client);
    else byClient.set(client, left);
  };

  return {
    enter(client) {
      const present = byClient.get(client) ?? 0;
      if (all >= inAll || present >= perClient) return null;
      all += 1;
      byClient.set(client, present + 1);
      let inside = true;
      return () => {
        if (inside) leave(client);
        inside = false;
      };
    },
    waiting: () => all,
  };
}
