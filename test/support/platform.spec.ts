import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type PartName, startPlatform } from './platform.ts';
import { removeFolder } from './remove-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-platform-spec-'));
afterAll(() => removeFolder(parent));

const dataDir = join(parent, 'data');
const isReady = async (url: string) => (await fetch(`${url}/health/ready`)).status;

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the whole platform', () => {
  test('is up with every address, in at most four Node processes, and leaves nothing', async () => {
    const platform = await startPlatform({ dataDir });
    expect(await isReady(platform.writeUrl)).toBe(200);
    expect(await isReady(platform.readUrl)).toBe(200);
    expect(platform.adminPassword).toMatch(/^[a-z2-9-]{23}$/);
    const { postgres, ...node } = platform.pids;
    expect(new Set(Object.values(node)).size).toBeLessThanOrEqual(4);
    const pids = [...Object.values(node), postgres ?? 0];
    expect(pids.every(isAlive)).toBe(true);
    await platform.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(dataDir)).toBe(true);
  });

  test('keeps its secrets for the second start, and comes back from a kill of any part', async () => {
    const platform = await startPlatform({ dataDir });
    const secrets = readFileSync(join(dataDir, 'secrets.json'), 'utf8');
    expect(secrets).toContain(platform.adminPassword);
    const parts: PartName[] = ['postgres', 'event-store', 'write-api', 'sagas'];
    for (const part of parts) {
      const back = platform.restarted(part);
      platform.kill(part, 'SIGKILL');
      await back;
    }
    for (const url of [platform.writeUrl, platform.readUrl]) {
      await vi.waitFor(async () => expect(await isReady(url)).toBe(200), 15_000);
    }
    await platform.stop();
    expect(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).toBe(secrets);
  });
});

test('a platform that cannot start says why', async () => {
  await expect(startPlatform({ env: { WRITE_API_PORT: 'http' } })).rejects.toThrow(
    /WRITE_API_PORT: expected a port number/,
  );
});
