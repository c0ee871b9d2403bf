import type pg from 'pg';

/** A statement of `pg` that is not its own `Query`: what its client calls in the course of a COPY. */
type CopyStatement = pg.Submittable & {
  /** Wrapped by the client for its time-out, so it is read anew at each call. */
  callback: (error: Error | null, tag?: string) => void;
  handleCopyInResponse(): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
};

const COPY_DATA = 'd'.charCodeAt(0);
const COPY_DONE = 'c'.charCodeAt(0);
/** Type and length of a message. */
const HEADER_BYTES = 1 + 4;

/** A CopyData message ("Message Formats" in Postgres's manual): its length counts itself, not its type. */
export function copyData(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const message = Buffer.allocUnsafe(HEADER_BYTES + length);
  message[0] = COPY_DATA;
  message.writeInt32BE(4 + length, 1);
  message.write(text, HEADER_BYTES);
  return message;
}

export const COPY_END = Buffer.from([COPY_DONE, 0, 0, 0, 4]);

/**
 * Writes rows with one COPY: all of them or none. `messages` are CopyData and, last, CopyDone.
 *
 * The rows follow the statement without waiting for Postgres to ask for them, which would be a round
 * trip: where it refuses to begin, or stops in the middle, it drops what still comes ("COPY
 * Operations" in its manual's chapter on the protocol).
 *
 * Rejects with a `DatabaseError` where Postgres refused, as a query does.
 */
export const copyIn = (
  client: pg.ClientBase,
  text: string,
  { messages, rows }: { readonly messages: readonly Buffer[]; readonly rows: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    let tag = '';
    const statement: CopyStatement = {
      callback(error) {
        if (error !== null) reject(error);
        else if (tag === `COPY ${rows}`) resolve();
        else reject(new Error(`Postgres answered "${tag}" to a COPY of ${rows} rows`));
      },
      submit(connection) {
        const { stream } = connection;
        // Gone: the client fails all its statements when it hears of it.
        if (!stream.writable) return;
        stream.cork();
        connection.query(text);
        for (const message of messages) stream.write(message);
        stream.uncork();
      },
      handleCopyInResponse: () => undefined,
      handleCommandComplete({ text: told }) {
        tag = told;
      },
      handleReadyForQuery: () => statement.callback(null),
      handleError: (error) => statement.callback(error),
    };
    client.query(statement);
  });
