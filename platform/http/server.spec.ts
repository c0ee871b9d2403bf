import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger, type Logger } from '../log/index.ts';
import { publicAccess } from './auth.ts';
import { buildServer, type ServerOptions } from './server.ts';

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const operation = (name: string) => ({
  ...{ name, summary: name, tag: 'Spec', access: publicAccess, status: 200 },
  ...{ problems: [], requestHeaders: [], responseHeaders: [], example: { reply: { ok: true } } },
});

type Extra = Partial<ServerOptions> & { handler?: () => Promise<unknown> };
async function start({
  handler = async () => ({ ok: true }),
  ...options
}: Extra = {}): Promise<FastifyInstance> {
  const app = await buildServer({
    info: { title: 'Spec', description: '', version: '1', publicUrl: 'http://spec.test' },
    docs: { title: 'Spec', loginUrl: 'http://write.test' },
    log: createLogger({ level: 'silent', name: 'spec' }),
    readiness: [],
    problems: {},
    rules: [],
    verify: () => Promise.reject(new Error('no tokens here')),
    rateLimits: {},
    validation: 'parse',
    ...options,
  });
  apps.push(app);
  app.post(
    '/work',
    {
      config: { access: publicAccess, operation: operation('work'), rateClass: 'work' },
      schema: { operationId: 'work', response: { 200: z.object({ ok: z.boolean() }) } },
    },
    handler,
  );
  return app;
}

const urlOf = (app: FastifyInstance): string =>
  `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const listen = async (app: FastifyInstance): Promise<string> => {
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 2048 });
  return urlOf(app);
};

async function raw(app: FastifyInstance, text: string): Promise<string> {
  const socket: Socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

test('a route that does not say who may use it is not built', async () => {
  const app = await start();
  expect(() => app.get('/open', async () => 'x')).toThrow('/open');
});

test('while the event loop lags, requests are turned away and health still answers', async () => {
  const app = await start({ limits: { eventLoopDelayMs: 5 } });
  const post = () => app.inject({ method: 'POST', url: '/work' });
  const block = () => {
    const until = performance.now() + 40;
    while (performance.now() < until);
  };
  await expect
    .poll(
      async () => {
        block();
        return (await post()).statusCode;
      },
      { timeout: 10_000, interval: 5 },
    )
    .toBe(503);
  const refused = await post();
  expect([refused.json().code, refused.headers['retry-after']]).toEqual(['overloaded', '1']);
  expect((await app.inject('/health/live')).statusCode).toBe(200);
});

test('the signal of a request is quiet while its client waits, and aborts when it goes', async () => {
  const gone = Promise.withResolvers<string>();
  const app = await start();
  app.get(
    '/wait',
    { config: { access: publicAccess }, schema: { hide: true } },
    async (request) => {
      // Two turns of the event loop: long after the request itself was read to its end.
      for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (request.signal.aborted) return { quiet: false };
      if (request.headers['x-stay'] !== undefined) return { quiet: true };
      request.signal.addEventListener('abort', () => gone.resolve('gone'), { once: true });
      started.resolve();
      return gone.promise;
    },
  );
  const started = Promise.withResolvers<void>();
  const url = await listen(app);
  const stayed = await fetch(`${url}/wait`, { headers: { 'x-stay': '1' } });
  expect(await stayed.json()).toEqual({ quiet: true });
  const client = new AbortController();
  const left = fetch(`${url}/wait`, { signal: client.signal }).catch(() => 'left');
  await started.promise;
  client.abort();
  expect(await gone.promise).toBe('gone');
  expect(await left).toBe('left');
});

test('each request that is not answered is given up, whoever was answered before it', async () => {
  const app = await start({ limits: { handlerTimeoutMs: 50 } });
  const config = { access: publicAccess };
  app.get('/never', { config, schema: { hide: true } }, () => new Promise(() => undefined));
  const url = await listen(app);
  const never = async () => (await fetch(`${url}/never`)).status;
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(await Promise.all([never(), never()])).toEqual([503, 503]);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(await never()).toBe(503);
});

test('a thousand requests at once are all answered', async () => {
  const app = await start({
    handler: async () => new Promise((resolve) => setImmediate(() => resolve({ ok: true }))),
  });
  const url = await listen(app);
  const answers = await Promise.all(
    Array.from(
      { length: 1000 },
      async () => (await fetch(`${url}/work`, { method: 'POST' })).status,
    ),
  );
  expect(new Set(answers)).toEqual(new Set([200]));
});

test('closing lets requests in flight finish, refuses new ones and ends', async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const app = await start({
    handler: async () => {
      begun.resolve();
      await gate.promise;
      return { ok: true };
    },
  });
  const url = await listen(app);
  const inFlight = fetch(`${url}/work`, { method: 'POST' });
  await begun.promise;
  const closed = app.close();
  await expect
    .poll(() =>
      fetch(`${url}/health/live`).then(
        (r) => r.status,
        () => 'refused',
      ),
    )
    .toBe('refused');
  gate.resolve();
  const answer = await inFlight;
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  await closed;
});

test('closing does not wait for ever for a request that never ends', async () => {
  const begun = Promise.withResolvers<void>();
  const app = await start({
    limits: { closeTimeoutMs: 50 },
    handler: () => {
      begun.resolve();
      return new Promise(() => undefined);
    },
  });
  const url = await listen(app);
  const cut = fetch(`${url}/work`, { method: 'POST' }).then(
    () => 'answered',
    () => 'cut',
  );
  await begun.promise;
  await app.close();
  expect(await cut).toBe('cut');
});

test.each([
  ['what is no HTTP', 'HELLO\r\n\r\n', 400, 'malformed-request'],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
  [
    'an expectation that nobody knows',
    'POST /work HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n{}',
    417,
    'expectation-failed',
  ],
  [
    'two lengths',
    'POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    400,
    'malformed-request',
  ],
])('%s is answered with a problem', async (_what, text, status, code) => {
  const app = await start();
  await listen(app);
  const answer = await raw(app, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('application/problem+json');
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, code });
});

test('the limit of a class of routes is told in headers and ends in 429', async () => {
  const app = await start({ rateLimits: { work: { address: { burst: 2, perSecond: 0.1 } } } });
  const post = () => app.inject({ method: 'POST', url: '/work' });
  const first = await post();
  expect(first.headers).toMatchObject({
    'ratelimit-policy': '"address";q=2;w=20',
    ratelimit: '"address";r=1;t=10',
  });
  await post();
  const third = await post();
  expect([third.statusCode, third.json().code]).toEqual([429, 'rate-limited']);
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  const other = await app.inject({ method: 'POST', url: '/work', remoteAddress: '192.0.2.9' });
  expect(other.statusCode).toBe(200);
  expect((await app.inject('/health/live')).statusCode).toBe(200);
});

test('X-Forwarded-For is believed of our own proxies and of nobody else', async () => {
  const rateLimits = { work: { address: { burst: 1, perSecond: 0.1 } } };
  const statuses = async (options: Extra): Promise<number[]> => {
    const app = await start({ rateLimits, ...options });
    const post = async (client: string) => {
      const headers = { 'x-forwarded-for': client };
      return (await app.inject({ method: 'POST', url: '/work', headers })).statusCode;
    };
    return [await post('192.0.2.1'), await post('192.0.2.2'), await post('192.0.2.2')];
  };
  expect(await statuses({})).toEqual([200, 429, 429]);
  expect(await statuses({ trustProxy: ['10.0.0.0/8'] })).toEqual([200, 429, 429]);
  expect(await statuses({ trustProxy: ['127.0.0.0/8'] })).toEqual([200, 200, 429]);
});

test('an address of one IPv6 network is not another address', async () => {
  const app = await start({ rateLimits: { work: { address: { burst: 1, perSecond: 0.1 } } } });
  const post = async (remoteAddress: string) =>
    (await app.inject({ method: 'POST', url: '/work', remoteAddress })).statusCode;
  expect(await post('2001:db8:1:2::1')).toBe(200);
  expect(await post('2001:db8:1:2:ffff::9')).toBe(429);
  expect(await post('2001:db8:1:3::1')).toBe(200);
});

test('pages and paths that are not there have a limit, probes have none', async () => {
  const app = await start({ rateLimits: { other: { address: { burst: 2, perSecond: 0.1 } } } });
  const ask = async (url: string) => (await app.inject(url)).statusCode;
  expect([await ask('/nowhere'), await ask('/openapi.json'), await ask('/nowhere')]).toEqual([
    404, 200, 429,
  ]);
  for (const url of ['/health/live', '/health/ready', '/metrics']) expect(await ask(url)).toBe(200);
});

test('ready names what is not, and does not wait for it', async () => {
  const app = await start({
    readiness: [
      { name: 'postgres', check: async () => undefined },
      { name: 'event store', check: () => Promise.reject(new Error('esdb://secret@host is down')) },
      { name: 'projections', check: () => new Promise(() => undefined), timeoutMs: 20 },
    ],
  });
  const response = await app.inject('/health/ready');
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    status: 'not ready',
    failed: ['event store', 'projections'],
    checks: [{ name: 'postgres', ok: true }, { cause: 'failed' }, { cause: 'timed out' }],
  });
  expect(response.body).not.toContain('secret');
  expect((await app.inject('/health/live')).statusCode).toBe(200);
});

test('ready is 200 when everything answers', async () => {
  const app = await start({ readiness: [{ name: 'postgres', check: async () => undefined }] });
  const response = await app.inject('/health/ready');
  expect([response.statusCode, response.json().status]).toEqual([200, 'ready']);
});

test('metrics count requests by route, not by URL', async () => {
  const app = await start();
  await app.inject({ method: 'POST', url: '/work?secret=1' });
  const { body, headers } = await app.inject('/metrics');
  expect(headers['content-type']).toContain('text/plain');
  expect(body).toMatch(
    /pawprint_http_request_seconds_count\{api="Spec",method="POST",route="\/work",status="200"\} \d+/,
  );
  expect(body).not.toContain('secret');
});

test('a log line has the trace and the route, never the query, the body or a token', async () => {
  const lines: string[] = [];
  const log: Logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const app = await start({ log });
  await app.inject({ method: 'POST', url: '/work?secret=1', payload: { password: 'hunter2' } });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    ...{ method: 'POST', route: '/work', status: 200 },
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(lines.join()).not.toMatch(/secret|hunter2/);
});

test('a trace that comes with the request is in the problem', async () => {
  const app = await start();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const { traceId } = (await app.inject({ url: '/nowhere', headers: { traceparent } })).json();
  expect(traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
});

test('browsers of any origin may ask and see the headers that matter', async () => {
  const app = await start();
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/work',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers['access-control-allow-origin']).toBe('*');
  expect(preflight.headers['access-control-allow-headers']).toContain('Idempotency-Key');
  const answer = await app.inject({
    method: 'POST',
    url: '/work',
    headers: { origin: 'https://app.example' },
  });
  expect(answer.headers['access-control-expose-headers']).toContain('Consistency-Token');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
});

test('the address alone leads to the docs', async () => {
  const app = await start();
  const { statusCode, headers } = await app.inject('/');
  expect([statusCode, headers.location]).toEqual([302, '/docs']);
});

test('the page of a problem shows code as code, and what is not ours as text', async () => {
  const app = await start({
    problems: { odd: { status: 409, title: 'Odd', description: 'Send a `<Key>`, not "a < b".' } },
  });
  const { body } = await app.inject({ url: '/problems/odd', headers: { accept: 'text/html' } });
  expect(body).toContain('<p>Send a <code>&lt;Key&gt;</code>, not "a &lt; b".</p>');
});

test('every answer carries the security headers, refusals and unknown paths too', async () => {
  const app = await start();
  for (const url of ['/health/live', '/nowhere', '/docs', '/problems/not-found']) {
    const { headers } = await app.inject(url);
    expect(headers, url).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'strict-transport-security': expect.stringContaining('max-age=31536000'),
      'x-content-type-options': 'nosniff',
      'x-frame-options': expect.stringMatching(/^(DENY|SAMEORIGIN)$/),
      'referrer-policy': 'no-referrer',
    });
  }
});

test('the docs come whole, from here alone, under a policy without exceptions', async () => {
  const app = await start();
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self' http://write.test");
  expect(policy).not.toMatch(/unsafe|\*/);
  const assets = [...page.body.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, url]) => url ?? '');
  expect(assets.length).toBeGreaterThan(1);
  expect(page.body).not.toMatch(/<script>|style="|onclick=/);
  for (const url of assets) {
    expect(url).toMatch(/^\/(?!\/)/);
    const { statusCode, body } = await app.inject(url);
    expect([url, statusCode]).toEqual([url, 200]);
    for (const [, imported] of body.matchAll(/from '\.(\/[a-z-]+\.js)'/g)) {
      expect((await app.inject(`/docs${imported}`)).statusCode).toBe(200);
    }
  }
});
