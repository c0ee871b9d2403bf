import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { connectionOptions } from '../../platform/nats/index.ts';
import { natsServerForSpecs } from '../support/nats.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';

const server = await natsServerForSpecs();
const readyLine = z.object({ event: z.literal('ready'), natsUrl: z.url() });

describe.skipIf(server === null)('the whole platform with NATS', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startPlatform({ env: { NATS_SERVER: server?.path ?? '' } });
  });
  afterAll(() => platform.stop());

  const messagesOnBus = async (): Promise<number> => {
    const ready = platform.lines.find((line) => line.includes('"event":"ready"'));
    const { natsUrl } = readyLine.parse(JSON.parse(String(ready)));
    const connection = await connect(connectionOptions(natsUrl));
    const manager = await connection.jetstreamManager();
    const { state } = await manager.streams.info('PAWPRINT_EVENTS');
    await connection.close();
    return state.messages;
  };

  it('relays what the start itself wrote, also after NATS was killed', async () => {
    // The log's birth certificate and the administrator, at the least.
    const patience = { timeout: 15_000, interval: 50 };
    await vi.waitFor(async () => expect(await messagesOnBus()).toBeGreaterThan(5), patience);
    const before = await messagesOnBus();
    const back = platform.restarted('nats');
    platform.kill('nats', 'SIGKILL');
    await back;
    await vi.waitFor(async () => expect(await messagesOnBus()).toBe(before), patience);
  });

  it('runs in as many Node processes as without it', () => {
    const nodes = Object.entries(platform.pids).filter(
      ([name]) => !['nats', 'postgres'].includes(name),
    );
    expect(new Set(nodes.map(([, pid]) => pid)).size).toBeLessThanOrEqual(4);
    const command = readFileSync(join('/proc', String(platform.pids['nats']), 'cmdline'), 'utf8');
    expect(command).toContain('nats-server');
  });
});
