import type { Dialect } from '../dialect.ts';

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/;

/** Waits for the answers to each POST. For clients that have one request at a time on a connection. */
export const httpPosts: Dialect = () => {
  let posting: string | undefined;
  return {
    asks: (chunk) => {
      const line = REQUEST_LINE.exec(chunk.toString('latin1'));
      if (line !== null) posting = line[1] === 'POST' ? line[2] : undefined;
    },
    answers: () => (posting === undefined ? [] : [`POST ${posting}`]),
  };
};
