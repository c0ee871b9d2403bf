import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { redactedFields } from './index.ts';

it('keeps personal and secret values out of every line', () => {
  const script = `
    import { createLogger } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const log = createLogger({ level: 'info', name: 'spec' });
    const secrets = Object.fromEntries(${JSON.stringify(redactedFields)}.map((f) => [f, 'Zsófia-' + f]));
    log.info({ ...secrets, body: secrets, headers: secrets, req: { headers: secrets } }, 'hello');
    log.error({ err: Object.assign(new Error('cut'), { code: 'ECONNRESET' }) }, 'failed');
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).not.toContain('Zsófia');
  expect(stdout).toContain('[redacted]');
  expect(stdout).toContain('ECONNRESET');
});
