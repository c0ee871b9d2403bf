import { expect, test } from 'vitest';
import { partsHere, readOptions, UsageError } from './options.ts';

test('nothing set: everything here, data in .data', () => {
  const options = readOptions([], {});
  expect(options.dataDir).toBe(`${process.cwd()}/.data`);
  expect(options).toMatchObject({ json: false, verbose: false, help: false });
  expect(options.env.DATABASE_URL).toBeUndefined();
});

test('--data comes before DATA_DIR, an empty variable counts as unset', () => {
  const env = { DATA_DIR: '/from/env', DATABASE_URL: '', WRITE_API_PORT: '0' };
  expect(readOptions(['--data', '/from/flag'], env).dataDir).toBe('/from/flag');
  const options = readOptions(['--json'], env);
  expect(options).toMatchObject({ json: true, dataDir: '/from/env' });
  expect(options.env).toMatchObject({ WRITE_API_PORT: 0 });
  expect(options.env.DATABASE_URL).toBeUndefined();
});

test.each([
  [['--nope'], {}, "Unknown option '--nope'"],
  [['--data='], {}, '--data: expected a folder'],
  [['--once'], {}, 'npm start -- --demo --once'],
  [['--plant-break'], {}, 'npm start -- --demo --plant-break'],
  [['--demo'], { STRIPE_API_BASE: 'http://127.0.0.1:1' }, '--demo pays with made-up cards'],
  [[], { WRITE_API_PORT: 'http' }, 'WRITE_API_PORT: expected a port number'],
  [[], { READ_API_PORT: '70000' }, 'READ_API_PORT: expected a port from 0'],
  [
    [],
    { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' },
    'set STRIPE_PUBLISHABLE_KEY of the same account too',
  ],
])('%j with %j is refused: %s', (argv, env, message) => {
  expect(() => readOptions(argv, env)).toThrow(UsageError);
  expect(() => readOptions(argv, env)).toThrow(message);
});

test('all of Stripe, or nothing of it, is right; a sandbox elsewhere has our keys', () => {
  const account = {
    ...{ STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_PUBLISHABLE_KEY: 'pk_test_1' },
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
  };
  const sandbox = (env: Record<string, string>) => partsHere(readOptions([], env).env).sandbox;
  expect(sandbox(account)).toBe(false);
  expect(sandbox({ STRIPE_API_BASE: 'http://127.0.0.1:12111' })).toBe(false);
  expect(sandbox({})).toBe(true);
});

test('Postgres runs here for whoever has no database of their own', () => {
  const elsewhere = {
    ...{ DATABASE_URL: 'postgres://a/a', KEYS_DATABASE_URL: 'postgres://a/b' },
    ...{ EVENTSTORE_URL: 'esdb://a', STRIPE_API_BASE: 'http://a', SMTP_URL: 'smtp://a' },
    NATS_URL: 'nats://a',
  };
  const none = { postgres: false, eventStore: false, sandbox: false, mailbox: false, nats: false };
  expect(partsHere(readOptions([], elsewhere).env)).toEqual(none);
  const { EVENTSTORE_URL: _, ...rest } = elsewhere;
  expect(partsHere(readOptions([], rest).env)).toEqual({
    ...none,
    ...{ postgres: true, eventStore: true },
  });
});

test('a nats-server is looked for unless NATS is elsewhere or not wanted', () => {
  const nats = (env: Record<string, string>) => partsHere(readOptions([], env).env).nats;
  expect(nats({})).toBe(true);
  expect(nats({ NATS_SERVER: '/opt/nats-server' })).toBe(true);
  expect(nats({ NATS_SERVER: 'off' })).toBe(false);
  expect(nats({ NATS_URL: 'nats://bus:4222' })).toBe(false);
});
