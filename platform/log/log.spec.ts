import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { redactedFields } from './index.ts';

const url = JSON.stringify(new URL('./index.ts', import.meta.url).href);
const run = (lines: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', lines], { encoding: 'utf8' });

it('writes what it gathered before the process ends, and a warning at once', () => {
  const open = `import { createLogger } from ${url}; const log = createLogger({ level: 'info', name: 'spec' });`;
  const ended = run(`${open} log.info('first'); log.info('last'); process.exit(3);`);
  expect(ended.status).toBe(3);
  expect(ended.stdout.split('\n').map((line) => line && JSON.parse(line).msg)).toEqual([
    'first',
    'last',
    '',
  ]);
  const killed = run(
    `${open} log.info('before'); log.warn('trouble'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`,
  );
  expect(killed.signal).toBe('SIGKILL');
  expect(killed.stdout).toMatch(/before[\s\S]*trouble/);
});

it('keeps personal and secret values out of every line', () => {
  const script = `
    import { createLogger } from ${url};
    const log = createLogger({ level: 'info', name: 'spec' });
    const secrets = Object.fromEntries(${JSON.stringify(redactedFields)}.map((f) => [f, 'Zsófia-' + f]));
    log.info({ ...secrets, body: secrets, headers: secrets, req: { headers: secrets } }, 'hello');
    log.error({ err: Object.assign(new Error('cut'), { code: 'ECONNRESET' }) }, 'failed');
  `;
  const { stdout, stderr } = run(script);
  expect(stderr).toBe('');
  expect(stdout).not.toContain('Zsófia');
  expect(stdout).toContain('[redacted]');
  expect(stdout).toContain('ECONNRESET');
});
