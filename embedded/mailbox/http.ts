import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Log } from './log.ts';
import { type Message, type MessageSummary, parseMessage, summaryOf } from './message.ts';
import { sendListPage, sendMailHtml, sendMailPage } from './pages.ts';
import type { MessageStore } from './store.ts';

type ById = { Params: { id: string } };

/** Reads the store: as JSON for tests and tools, as pages for people. Newest first. */
export function createHttpServer(store: MessageStore, log: Log): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  const reader = createReader(store);

  app.get<{ Querystring: { to?: string } }>('/messages', async (request) => ({
    messages: await reader.list(request.query.to),
  }));
  app.get<ById>('/messages/:id', async (request, reply) => {
    const { id } = request.params;
    if (id.endsWith('.eml')) return sendSource(store, id.slice(0, -4), reply);
    const message = await reader.get(id);
    return message ?? notFound(reply);
  });
  app.get<ById>('/messages/:id/html', async (request, reply) => {
    const html = (await reader.get(request.params.id))?.html;
    return typeof html === 'string' ? sendMailHtml(reply, html) : notFound(reply);
  });
  app.get<{ Querystring: { to?: string } }>('/', async (request, reply) =>
    sendListPage(reply, await reader.list(request.query.to)),
  );
  app.get<ById>('/mail/:id', async (request, reply) => {
    const message = await reader.get(request.params.id);
    return message === undefined ? notFound(reply) : sendMailPage(reply, message);
  });
  app.get('/health', () => ({ status: 'ok' }));
  app.addHook('onError', async (_request, _reply, error) => log(`http: ${error.message}`));
  return app;
}

function createReader(store: MessageStore) {
  // Messages never change, so each is parsed for the list once.
  const summaries = new Map<string, MessageSummary>();

  async function get(id: string): Promise<Message | undefined> {
    const raw = await store.read(id);
    return raw === undefined ? undefined : parseMessage(id, raw);
  }
  async function summary(id: string): Promise<MessageSummary[]> {
    const known = summaries.get(id);
    if (known !== undefined) return [known];
    const message = await get(id);
    if (message === undefined) return [];
    const made = summaryOf(message);
    summaries.set(id, made);
    return [made];
  }
  return {
    get,
    async list(to: string | undefined): Promise<MessageSummary[]> {
      const wanted = to?.toLowerCase();
      const found: MessageSummary[] = [];
      for (const id of (await store.ids()).reverse()) found.push(...(await summary(id)));
      return wanted === undefined
        ? found
        : found.filter((message) => message.to.some((each) => each.toLowerCase() === wanted));
    },
  };
}

async function sendSource(store: MessageStore, id: string, reply: FastifyReply) {
  const raw = await store.read(id);
  if (raw === undefined) return notFound(reply);
  return reply.type('message/rfc822').header('x-content-type-options', 'nosniff').send(raw);
}

const notFound = (reply: FastifyReply) => reply.status(404).send({ error: 'no such message' });
