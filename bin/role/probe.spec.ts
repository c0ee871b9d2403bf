import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { counter } from '../../platform/telemetry/index.ts';
import { createClosers } from './lifecycle.ts';
import { startProbe } from './probe.ts';

const log = createLogger({ level: 'silent', name: 'probe' });

async function start(check: () => Promise<unknown>) {
  const closers = createClosers();
  onTestFinished(() => closers.closeAll(log));
  const readiness = [{ name: 'database', check }];
  const host = '127.0.0.1';
  const { port } = await startProbe({ closers, log, readiness }, { host, port: 0 });
  return { closers, ask: (path: string) => fetch(`http://${host}:${port}${path}`) };
}

test('it is ready as long as everything that the process needs is', async () => {
  let up = true;
  const { ask } = await start(async () => {
    if (!up) throw new Error('no connection');
  });
  expect((await ask('/health/ready')).status).toBe(200);
  up = false;
  const answer = await ask('/health/ready');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ status: 'not ready', failed: ['database'] });
  expect((await ask('/health/live')).status).toBe(200);
});

test("it shows the process's metrics, and nothing else", async () => {
  counter({ name: 'pawprint_probe_spec', help: 'Only here.' }).inc(3);
  const { ask } = await start(async () => undefined);
  const metrics = await ask('/metrics');
  expect(metrics.headers.get('content-type')).toContain('text/plain');
  expect(await metrics.text()).toContain('pawprint_probe_spec 3');
  expect((await ask('/v1/activities')).status).toBe(404);
});

test('it closes with the rest of the process', async () => {
  const { ask, closers } = await start(async () => undefined);
  expect((await ask('/health/live')).status).toBe(200);
  await closers.closeAll(log);
  await expect(ask('/health/live')).rejects.toThrow('fetch failed');
});
