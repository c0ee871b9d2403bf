import pg from 'pg';
import { expect, test } from 'vitest';
import { patiently } from './paging.ts';

const refused = (code: string): pg.DatabaseError => {
  const error = new pg.DatabaseError('no', 2, 'error');
  error.severity = 'ERROR';
  error.code = code;
  return error;
};
const never = new AbortController().signal;

const counted = (errors: readonly unknown[]) => {
  const asked = { times: 0 };
  const read = async (): Promise<string> => {
    const error = errors[asked.times];
    asked.times += 1;
    if (error !== undefined) throw error;
    return 'read';
  };
  return { asked, read };
};

test('a statement that Postgres refuses is not tried again', async () => {
  const { asked, read } = counted([refused('22003')]);
  await expect(patiently(read, Number.POSITIVE_INFINITY, never)).rejects.toThrow('no');
  expect(asked.times).toBe(1);
});

test('a lost connection and a shortage pass', async () => {
  const { asked, read } = counted([new Error('ECONNRESET'), refused('53300')]);
  await expect(patiently(read, Number.POSITIVE_INFINITY, never)).resolves.toBe('read');
  expect(asked.times).toBe(3);
});
