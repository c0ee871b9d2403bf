/**
 * What a team would write without any of this: Fastify, `pg` and one table. A process of its own, as
 * an API is. `node bench/_kit/floor-server.ts`, with `DATABASE_URL`; tells its parent its port.
 */
import Fastify from 'fastify';
import pg from 'pg';
import { z } from 'zod';

const { DATABASE_URL } = z.object({ DATABASE_URL: z.string() }).parse(process.env);
const rowSchema = z.object({ text: z.string() });
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
await pool.query(
  'create table if not exists floor (id bigint generated always as identity primary key, text text not null)',
);

const app = Fastify();
app.post('/rows', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'insert',
    text: 'insert into floor (text) values ($1) returning id',
    values: [rowSchema.parse(request.body).text],
  });
  return reply.code(201).send(rows[0]);
});
app.get<{ Params: { id: string } }>('/rows/:id', async ({ params }) => {
  const text = 'select id, text from floor where id = $1';
  const { rows } = await pool.query({ name: 'select', text, values: [params.id] });
  return rows[0];
});
await app.listen({ host: '127.0.0.1', port: 0 });

process.on('disconnect', () => {
  void app.close().then(() => pool.end());
});
process.send?.({ url: app.listeningOrigin });
