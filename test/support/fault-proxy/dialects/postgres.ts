import type { Dialect } from '../dialect.ts';

/** Messages of one direction: a type and a length, the client's first one without the type. */
function createMessageReader(hasStartup: boolean) {
  let rest: Buffer = Buffer.alloc(0);
  let started = !hasStartup;
  return (chunk: Buffer): { type: string; body: Buffer }[] => {
    rest = Buffer.concat([rest, chunk]);
    const messages: { type: string; body: Buffer }[] = [];
    for (;;) {
      const head = started ? 5 : 4;
      if (rest.length < head) return messages;
      const length = rest.readUInt32BE(head - 4) + head - 4;
      if (rest.length < length) return messages;
      const type = started ? String.fromCharCode(rest.readUInt8(0)) : 'startup';
      messages.push({ type, body: rest.subarray(head, length) });
      rest = rest.subarray(length);
      started = true;
    }
  };
}

const COMMIT_DONE = Buffer.from('COMMIT\0');

/**
 * Waits for the answer to each COMMIT (protocol 3.0: `CommandComplete` with that tag). The transaction
 * is durable then, and the client does not know.
 */
export const postgresCommits: Dialect = () => {
  const answered = createMessageReader(false);
  let commits = 0;
  return {
    asks: () => {
      // The tag of an answer says what was asked.
    },
    answers: (chunk) =>
      answered(chunk).flatMap(({ type, body }) => {
        if (type !== 'C' || !body.equals(COMMIT_DONE)) return [];
        commits += 1;
        return [`commit ${commits}`];
      }),
  };
};
