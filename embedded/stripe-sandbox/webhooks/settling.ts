import type { Pool } from 'pg';
import { type Attempt, settleAttempts } from './outbox.ts';

type Waiting = { readonly attempt: Attempt; resolve(): void; reject(error: unknown): void };

/**
 * Stores how attempts ended, those together that end while a statement is under way: a busy deliverer
 * has one commit for many of them, an idle one waits for nobody.
 */
export function createSettling(pool: Pool): (attempt: Attempt) => Promise<void> {
  let waiting: Waiting[] = [];
  let flushing = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await settleAttempts(
          pool,
          batch.map(({ attempt }) => attempt),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    flushing = false;
  };

  return (attempt) =>
    new Promise((resolve, reject) => {
      waiting.push({ attempt, resolve, reject });
      if (flushing) return;
      flushing = true;
      setImmediate(() => void flush());
    });
}
