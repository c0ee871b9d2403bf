import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from './database.ts';

test('a test database is fresh, sorts by code point and is gone after drop', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const sorted = await client.query<{ word: string }>(
    "SELECT word FROM unnest(ARRAY['b', 'A', 'a', 'ä', 'B']) AS word ORDER BY word",
  );
  expect(sorted.rows.map((row) => row.word)).toEqual(['A', 'B', 'a', 'b', 'ä']);
  await client.end();

  await database.drop();
  const late = new pg.Client({ connectionString: database.url });
  await expect(late.connect()).rejects.toMatchObject({ code: '3D000' });
});

test('drop ends connections that were left open', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  // Two errors arrive: the server's word that it ends the session, then the cut connection.
  const cut = new Promise<Error>((resolve) => client.on('error', resolve));
  await database.drop();
  expect((await cut).message).toMatch(/terminat/);
});
