import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { openConnections } from './connections.ts';

/** Fastify and `pg` on the Postgres of the platform, in a database of its own. */
export type Floor = {
  /** One durable `INSERT`. */
  insert(): Promise<void>;
  /** One `SELECT` by primary key, of a row that was inserted before. */
  select(n: number): Promise<void>;
  stop(): Promise<void>;
};

const ready = z.object({ url: z.string() });
const row = z.object({ id: z.coerce.number() });

export async function startFloor(databaseUrl: string, inFlight: number): Promise<Floor> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('create database bench_floor');
  await client.end();
  const url = new URL(databaseUrl);
  url.pathname = '/bench_floor';
  const child = fork(join(import.meta.dirname, 'floor-server.ts'), {
    env: { ...process.env, DATABASE_URL: url.href },
  });
  const [message] = await once(child, 'message');
  const connections = openConnections(ready.parse(message).url, inFlight);
  let rows = 0;
  const body = { text: 'x'.repeat(330) };
  return {
    insert: async () => {
      const answer = await connections.send({ method: 'POST', path: '/rows', body });
      if (answer.status !== 201) throw new Error(`the floor answered ${answer.status}`);
      rows = Math.max(rows, row.parse(JSON.parse(answer.body)).id);
    },
    select: async (n) => {
      const path = `/rows/${1 + (n % rows)}`;
      const answer = await connections.send({ method: 'GET', path });
      if (answer.status !== 200) throw new Error(`the floor answered ${answer.status}`);
    },
    stop: async () => {
      connections.close();
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
