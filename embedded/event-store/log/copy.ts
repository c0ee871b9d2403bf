import type pg from 'pg';
import type { RecordedEvent } from '../core/model.ts';
import { COPY_ROWS, copyMessages } from './copy-rows.ts';

/** A statement of `pg` that is not its own `Query`: what its client calls in the course of a COPY. */
type CopyStatement = pg.Submittable & {
  /** Wrapped by the client for its time-out, so it is read anew at each call. */
  callback: (error: Error | null, tag?: string) => void;
  handleCopyInResponse(): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
};

/**
 * Writes events with one COPY, which is one commit: all of them or none. Postgres takes a row of a
 * binary COPY for two thirds of what one costs it out of arrays of an INSERT, and the node makes it
 * for less.
 *
 * The rows follow the statement without waiting for Postgres to ask for them, which would be a round
 * trip: where it refuses to begin, or stops in the middle, it drops what still comes ("COPY
 * Operations" in its manual's chapter on the protocol).
 *
 * Rejects with a `DatabaseError` where Postgres refused, as a query does.
 */
export const copyEvents = (client: pg.Client, events: readonly RecordedEvent[]): Promise<void> => {
  const messages = copyMessages(events);
  return new Promise((resolve, reject) => {
    let tag = '';
    const statement: CopyStatement = {
      callback(error) {
        if (error !== null) reject(error);
        else if (tag === `COPY ${events.length}`) resolve();
        else reject(new Error(`Postgres answered "${tag}" to a COPY of ${events.length} rows`));
      },
      submit(connection) {
        const { stream } = connection;
        // Gone: the client fails all its statements when it hears of it.
        if (!stream.writable) return;
        stream.cork();
        connection.query(COPY_ROWS);
        stream.write(messages);
        stream.uncork();
      },
      handleCopyInResponse: () => undefined,
      handleCommandComplete({ text }) {
        tag = text;
      },
      handleReadyForQuery: () => statement.callback(null),
      handleError: (error) => statement.callback(error),
    };
    client.query(statement);
  });
};
