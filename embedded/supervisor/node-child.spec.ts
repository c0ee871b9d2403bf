import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startNodeChild } from './node-child.ts';

const script = join(import.meta.dirname, '_fixtures/child.ts');

function start(mode: string, options: { readyPatienceMs?: number; signal?: AbortSignal } = {}) {
  const lines: string[] = [];
  const child = startNodeChild({
    script,
    env: { MODE: mode },
    ready: z.object({ url: z.url() }),
    onLine: (line) => lines.push(line),
    readyPatienceMs: options.readyPatienceMs ?? 10_000,
    context: {
      log: () => undefined,
      signal: options.signal ?? new AbortController().signal,
      attempt: 1,
    },
  });
  return { child, lines };
}

test('hands out what the ready message says, and ends when the channel closes', async () => {
  const { child, lines } = start('obedient');
  const running = await child;
  expect(running.value).toEqual({ url: 'http://127.0.0.1:1' });
  await running.stop();
  expect(await running.exited).toEqual({ code: 0, signal: null });
  expect(lines[0]).toBe(`hello from ${running.pid}`);
});

test('a child that ends before it is ready fails with its last words', async () => {
  await expect(start('crash').child).rejects.toThrow(/ended with 3:[\s\S]*Error: no such thing/);
});

test('a child that is never ready is stopped', async () => {
  const { child, lines } = start('silent', { readyPatienceMs: 300 });
  await expect(child).rejects.toThrow('not ready after 300 ms');
  const pid = Number(/hello from (\d+)/.exec(lines[0] ?? '')?.[1]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a start that is given up leaves no child', async () => {
  const giveUp = new AbortController();
  const { child, lines } = start('silent', { signal: giveUp.signal });
  giveUp.abort();
  await expect(child).rejects.toThrow('given up');
  const pid = Number(/hello from (\d+)/.exec(lines[0] ?? '')?.[1] ?? 0);
  if (pid > 0) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a deaf child can be killed', async () => {
  const { child } = start('deaf');
  const running = await child;
  running.kill?.('SIGKILL');
  expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL' });
});
