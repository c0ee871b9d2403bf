import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { PartFailed } from '../../embedded/supervisor/index.ts';
import { jsonReporter, type UpReport } from './reporter.ts';
import { terminalReporter } from './terminal.ts';

const report: UpReport = {
  addresses: {
    writeUrl: 'http://127.0.0.1:4000',
    readUrl: 'http://127.0.0.1:4001',
    eventStoreUrl: 'esdb://127.0.0.1:2113?tls=false',
    databaseUrl: 'postgresql://postgres:hunter2@127.0.0.1:25432/pawprint',
    analystUrl: 'postgresql://pawprint_analyst:kibble77@127.0.0.1:25432/pawprint',
    stripeUrl: 'http://127.0.0.1:12111',
    mailboxUrl: undefined,
    natsUrl: undefined,
  },
  dataDir: '/srv/pawprint',
  secretsFile: '/srv/pawprint/secrets.json',
  adminEmail: 'admin@pawprint.example',
  newAdminPassword: 'open-sesame',
  pids: { supervisor: 1 },
  ms: 2_345,
};

function terminal(verbose = false) {
  const out = new PassThrough({ encoding: 'utf8' });
  const reporter = terminalReporter({ dataDir: '/srv/pawprint', verbose, out });
  const text = () => {
    let all = '';
    for (let chunk = out.read(); chunk !== null; chunk = out.read()) all += chunk;
    return all;
  };
  text();
  return { reporter, text };
}

test('a person sees where everything is, the new password, and no other', () => {
  const { reporter, text } = terminal();
  reporter.up(report);
  const shown = text();
  expect(shown).toContain('http://127.0.0.1:4000/docs');
  expect(shown).toContain('open-sesame');
  expect(shown).not.toContain('hunter2');
  expect(shown).toContain('psql postgresql://pawprint_analyst@127.0.0.1:25432/pawprint   ANALYST_');
  expect(shown).not.toContain('kibble77');
  expect(shown).not.toContain('mailbox');
  expect(shown).toContain('Ready in 2.3 s. Ctrl-C stops everything.');
  // Not a terminal: no colours.
  expect(shown).not.toContain('\u001B');

  reporter.up({ ...report, newAdminPassword: undefined });
  expect(text()).toContain('admin@pawprint.example, password in /srv/pawprint/secrets.json');
});

test('of the log lines a person sees warnings alone, or all when asked', () => {
  const about = { part: 'write-api', title: 'write API', type: 'log' } as const;
  const lines = [
    '{"level":30,"msg":"enrolled"}',
    '{"level":50,"msg":"no connection","err":{"message":"ECONNREFUSED"}}',
    '{"level":"info","message":"ready"}',
    '{"level":"warn","message":"the port is taken"}',
    '2026-11-21 10:02:06 UTC [1] LOG:  checkpoint',
    '2026-11-21 10:02:06 UTC [1] FATAL:  out of memory',
  ];
  const { reporter, text } = terminal();
  for (const line of lines) reporter.part({ ...about, line });
  expect(text()).toBe(
    `write API | no connection: ECONNREFUSED
write API | the port is taken
write API | 2026-11-21 10:02:06 UTC [1] FATAL:  out of memory
`,
  );
  const verbose = terminal(true);
  for (const line of lines) verbose.reporter.part({ ...about, line });
  expect(verbose.text().split('\n')).toHaveLength(lines.length + 1);
});

test('a part that ends and comes back is said in a line each', () => {
  const { reporter, text } = terminal();
  const about = { part: 'postgres', title: 'Postgres' };
  const exit = { code: null, signal: 'SIGKILL' } as const;
  reporter.part({ ...about, type: 'exited', exit, retryInMs: 50 });
  reporter.part({ ...about, type: 'ready', attempt: 2, ms: 400, pid: 7 });
  const [ended, again] = text().split('\n');
  expect(ended).toContain('Postgres ended (SIGKILL): starting it again');
  expect(again).toMatch(/✓ Postgres +0\.4 s again/);
});

test('a part that does not come up is said once', () => {
  const { reporter, text } = terminal();
  const about = { part: 'write-api', title: 'write API', attempt: 1, retryInMs: undefined };
  reporter.part({ ...about, type: 'failed', reason: 'no key' });
  reporter.error(new PartFailed('write API: no key'));
  expect(text()).toBe('  ✗ write API did not start: no key\n');
  reporter.error(new PartFailed('a second thing'));
  expect(text()).toContain('Error: a second thing');
});

test('a program reads one JSON object a line, without the password', () => {
  const lines: string[] = [];
  const reporter = jsonReporter((text) => lines.push(text));
  reporter.part({ part: 'postgres', title: 'Postgres', type: 'ready', attempt: 1, ms: 5, pid: 7 });
  reporter.part({ part: 'postgres', title: 'Postgres', type: 'log', line: 'LOG: noise' });
  reporter.up(report);
  const [part, ready, ...more] = lines.map((text) => JSON.parse(text));
  expect(part).toEqual({
    ...{ event: 'part', state: 'ready', part: 'postgres' },
    ...{ attempt: 1, ms: 5, pid: 7 },
  });
  expect(ready).toMatchObject({ event: 'ready', writeUrl: 'http://127.0.0.1:4000' });
  expect(lines.join('')).not.toContain('open-sesame');
  expect(more).toEqual([]);
});
