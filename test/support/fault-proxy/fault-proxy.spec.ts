import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './index.ts';
import { faultModes, type Measures, type ProxyMode } from './modes.ts';

const QUESTION = 'ping\n';
const ANSWER = 'pong!\n';
/** What is not to come has so long to come all the same: far longer than an answer takes over loopback. */
const SILENCE_MS = 150;
const LATENCY_MS = 100;

let server: Server;
let proxy: FaultProxy;
/** What the server has heard, and which of its connections are open. */
let heard: string;
const served = new Set<Socket>();
const clients = new Set<Client>();

beforeEach(async () => {
  heard = '';
  server = createServer((socket) => {
    served.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => served.delete(socket));
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      // One answer to each question, whole or in pieces.
      for (const letter of chunk.toString()) if (letter === '\n') socket.write(ANSWER);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: address.port });
});

afterEach(async () => {
  for (const client of clients) client.socket.destroy();
  clients.clear();
  await proxy.stop();
  for (const socket of served) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

type Client = {
  readonly socket: Socket;
  ask(): void;
  /** All it has got so far. */
  got(): string;
  /** How its connection ended: `open`, `end`, or the code of an error. */
  state(): string;
};

function dial(): Client {
  const socket = connect(proxy.port, '127.0.0.1');
  let got = '';
  let state = 'open';
  socket.on('data', (chunk) => {
    got += chunk.toString();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state = error.code ?? error.message;
  });
  socket.on('close', () => {
    if (state === 'open') state = 'end';
  });
  const client = {
    socket,
    ask: () => void socket.write(QUESTION),
    got: () => got,
    state: () => state,
  };
  clients.add(client);
  return client;
}

/** A client that has had an answer already. */
async function connected(): Promise<Client> {
  const client = dial();
  client.ask();
  await expect.poll(client.got).toBe(ANSWER);
  return client;
}

const silence = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SILENCE_MS));

type Sight = { readonly got: string; readonly state: string; readonly asked: boolean };

/** What a client sees of each mode, on a connection that was there and on a new one. */
const sights: Readonly<
  Record<
    ProxyMode,
    { readonly measures?: Partial<Measures>; readonly present: Sight; readonly arriving: Sight }
  >
> = {
  pass: {
    present: { got: ANSWER, state: 'open', asked: true },
    arriving: { got: ANSWER, state: 'open', asked: true },
  },
  latency: {
    measures: { latencyMs: LATENCY_MS },
    present: { got: ANSWER, state: 'open', asked: true },
    arriving: { got: ANSWER, state: 'open', asked: true },
  },
  drip: {
    measures: { bytesPerSecond: 50 },
    present: { got: ANSWER, state: 'open', asked: true },
    arriving: { got: ANSWER, state: 'open', asked: true },
  },
  'black-hole': {
    present: { got: '', state: 'open', asked: false },
    arriving: { got: '', state: 'open', asked: false },
  },
  'half-open': {
    present: { got: '', state: 'open', asked: false },
    arriving: { got: '', state: 'open', asked: false },
  },
  'cut-reply': {
    present: { got: '', state: 'end', asked: true },
    arriving: { got: '', state: 'end', asked: true },
  },
  'cut-after': {
    measures: { bytes: 3 },
    present: { got: ANSWER.slice(0, 3), state: 'end', asked: true },
    arriving: { got: ANSWER.slice(0, 3), state: 'end', asked: true },
  },
  // Without a dialect no answer is waited for.
  'cut-answers': {
    present: { got: ANSWER, state: 'open', asked: true },
    arriving: { got: ANSWER, state: 'open', asked: true },
  },
  refuse: {
    present: { got: '', state: 'end', asked: false },
    arriving: { got: '', state: 'ECONNREFUSED', asked: false },
  },
  reset: {
    present: { got: '', state: 'ECONNRESET', asked: false },
    arriving: { got: '', state: 'ECONNRESET', asked: false },
  },
};

const modes = Object.keys(faultModes) as ProxyMode[];

it.each(modes)('%s, on a connection that is there', async (mode) => {
  const { measures = {}, present } = sights[mode];
  const client = await connected();
  heard = '';
  await proxy.set(mode, measures);
  client.ask();
  await seen(client, present, ANSWER);
});

it.each(modes)('%s, on a new connection', async (mode) => {
  const { measures = {}, arriving } = sights[mode];
  await proxy.set(mode, measures);
  const client = dial();
  client.ask();
  await seen(client, arriving, '');
});

async function seen(client: Client, { got, state, asked }: Sight, before: string): Promise<void> {
  await expect.poll(() => [client.got(), client.state()]).toEqual([before + got, state]);
  await expect.poll(() => heard !== '').toBe(asked);
  // And it stays so.
  await silence();
  expect([client.got(), client.state(), heard !== '']).toEqual([before + got, state, asked]);
}

it.each(modes)('after %s all is well again on a new connection', async (mode) => {
  await proxy.set(mode, sights[mode].measures);
  dial().ask();
  await proxy.set('pass');
  await connected();
});

it('latency comes each way', async () => {
  const client = await connected();
  await proxy.set('latency', { latencyMs: LATENCY_MS });
  const since = performance.now();
  client.ask();
  await expect.poll(client.got).toBe(ANSWER + ANSWER);
  expect(performance.now() - since).toBeGreaterThanOrEqual(2 * LATENCY_MS - 2);
});

it('a drip gives byte after byte, each way', async () => {
  const client = await connected();
  await proxy.set('drip', { bytesPerSecond: 50 });
  const since = performance.now();
  client.ask();
  await expect.poll(client.got, { interval: 5 }).toBe(`${ANSWER}p`);
  await expect.poll(client.got, { timeout: 2000 }).toBe(ANSWER + ANSWER);
  // The first byte of each way goes at once.
  expect(performance.now() - since).toBeGreaterThanOrEqual(
    (QUESTION.length + ANSWER.length - 2) * 20 - 10,
  );
});

it('what a black hole held arrives when it is over, also the end of a connection', async () => {
  const [staying, leaving] = [await connected(), await connected()];
  heard = '';
  await proxy.set('black-hole');
  staying.ask();
  leaving.ask();
  leaving.socket.destroy();
  await silence();
  expect([heard, served.size]).toEqual(['', 2]);
  await proxy.set('pass');
  await expect.poll(staying.got).toBe(ANSWER + ANSWER);
  await expect.poll(() => heard).toBe(QUESTION + QUESTION);
  await expect.poll(() => served.size).toBe(1);
});

it('who dialled into a black hole and left was never there', async () => {
  await proxy.set('black-hole');
  const client = dial();
  client.ask();
  await once(client.socket, 'connect');
  client.socket.destroy();
  await silence();
  await proxy.set('pass');
  await silence();
  expect([heard, served.size]).toEqual(['', 0]);
});

it('half-open: the server has seen it end, and the client never hears anything again', async () => {
  const client = await connected();
  await proxy.set('half-open');
  await expect.poll(() => served.size).toBe(0);
  const late = dial();
  late.ask();
  await once(late.socket, 'connect');
  await proxy.set('pass');
  client.ask();
  await silence();
  expect([client.got(), client.state()]).toEqual([ANSWER, 'open']);
  expect([late.got(), late.state(), served.size]).toEqual(['', 'open', 0]);
});

it('cuts the answers that its dialect waits for: every one, or the first to each question', async () => {
  const { port } = server.address() as { port: number };
  let questions = 0;
  const chatty = await startFaultProxy({ host: '127.0.0.1', port }, () => ({
    asks: () => {
      questions += 1;
    },
    answers: () => (questions > 1 ? ['the second'] : []),
  }));
  const plain = proxy;
  proxy = chatty;
  try {
    for (const [each, times] of [
      ['always', 3],
      ['first', 1],
    ] as const) {
      const before = chatty.cuts();
      await chatty.set('cut-answers', { each: 'always' });
      for (let turn = 0; turn < times; turn += 1) {
        questions = 0;
        const client = await connected();
        client.ask();
        await expect.poll(client.state).toBe('end');
        expect(client.got()).toBe(ANSWER);
      }
      expect(chatty.cuts() - before).toBe(times);
      if (each === 'always') continue;
      await chatty.set('cut-answers', { each });
      questions = 0;
      const client = await connected();
      client.ask();
      await expect.poll(client.got).toBe(ANSWER + ANSWER);
    }
  } finally {
    await chatty.stop();
    proxy = plain;
  }
});
