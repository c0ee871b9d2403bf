import { z } from 'zod';
import type { Logger } from '../../platform/log/index.ts';
import { listen } from '../../platform/postgres/listen.ts';
import { CHANGES_CHANNEL } from './changes.ts';

const noticeSchema = z.union([
  z.object({ topics: z.array(z.string()) }),
  z.object({ all: z.literal(true) }),
]);

export type ChangesHeard = {
  /** Calls `wake` after each change told under one of the topics; gives what ends that. */
  subscribe(topics: readonly string[], wake: () => void): () => void;
  /**
   * How much was heard so far, of whatever topic. As long as it is the same, who begins to follow now
   * has missed nothing that who reads already may not see.
   */
  news(): number;
  stop(): Promise<void>;
};

/**
 * Hears what changed in the read models: one connection for whoever follows them in this process.
 * While there is none notices are missed, so everybody is woken once there is one again.
 */
export function createChangesHeard(options: { url: string; log: Logger }): ChangesHeard {
  const byTopic = new Map<string, Set<() => void>>();

  let news = 0;

  const wakeAll = (): void => {
    news += 1;
    for (const wake of new Set([...byTopic.values()].flatMap((wakes) => [...wakes]))) wake();
  };
  const wakeOf = (topics: readonly string[]): void => {
    // Before anybody is woken: whoever reads from here on shares no read that began before.
    news += 1;
    for (const topic of topics) for (const wake of byTopic.get(topic) ?? []) wake();
  };
  const heard = (payload: string): void => {
    const notice = noticeSchema.parse(JSON.parse(payload));
    if ('all' in notice) wakeAll();
    else wakeOf(notice.topics);
  };
  const listener = listen({ ...options, channel: CHANGES_CHANNEL, heard, connected: wakeAll });

  return {
    subscribe(topics, wake) {
      for (const topic of topics) {
        const wakes = byTopic.get(topic) ?? new Set();
        byTopic.set(topic, wakes.add(wake));
      }
      return () => {
        for (const topic of topics) {
          const wakes = byTopic.get(topic);
          wakes?.delete(wake);
          if (wakes?.size === 0) byTopic.delete(topic);
        }
      };
    },
    news: () => news,
    stop: () => listener.stop(),
  };
}
