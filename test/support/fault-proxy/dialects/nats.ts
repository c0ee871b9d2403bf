import type { Dialect } from '../dialect.ts';

/** What JetStream says once a message is stored. */
const STORED = /\{"stream":"[^"]+",\s*"seq":\d+/;

/** Waits for JetStream's acknowledgements; its other answers are let through. */
export const jetstreamAcknowledgements: Dialect = () => {
  let seen = '';
  return {
    asks: () => {
      // An acknowledgement says what it is of.
    },
    answers: (chunk) => {
      seen += chunk.toString('latin1');
      const found = STORED.exec(seen);
      // One that is cut into two pieces is found with the second.
      seen = found === null ? seen.slice(-200) : seen.slice(found.index + found[0].length);
      return found === null ? [] : [found[0]];
    },
  };
};
