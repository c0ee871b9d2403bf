import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, renderEnvExample } from './index.ts';

const secret = Buffer.alloc(32, 7).toString('base64url');
const complete = {
  EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false',
  DATABASE_URL: 'postgres://u:p@127.0.0.1:5432/pawprint',
  KEYS_DATABASE_URL: 'postgres://u:p@127.0.0.1:5432/keys',
  STRIPE_SECRET_KEY: 'sk_test_x',
  STRIPE_PUBLISHABLE_KEY: 'pk_test_x',
  STRIPE_WEBHOOK_SECRET: 'whsec_a,whsec_b',
  SMTP_URL: 'smtp://127.0.0.1:2525',
  KEYS_MASTER_KEY: secret,
  TOKEN_SIGNING_KEY: secret,
  TICKET_SIGNING_KEY: secret,
  GIFT_CODE_SECRET: secret,
  BLIND_INDEX_KEY: secret,
};

describe('configuration', () => {
  it('reads a complete environment, with defaults', () => {
    const config = loadConfig(complete);
    expect(config.writeApiPort).toBe(4000);
    expect(config.stripeWebhookSecret).toEqual(['whsec_a', 'whsec_b']);
    expect(config.keysMasterKey).toEqual(Buffer.alloc(32, 7));
    expect(config.stripeApiBase).toBeUndefined();
  });

  it('names every variable that is missing or wrong, and never repeats a value', () => {
    const wrong = {
      ...complete,
      DATABASE_URL: 'mysql://hunter2',
      WRITE_API_PORT: '70000',
      KEYS_MASTER_KEY: 'hunter2',
      SMTP_URL: '',
    };
    const error = (() => {
      try {
        loadConfig(wrong);
      } catch (caught) {
        return caught;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    for (const name of ['DATABASE_URL', 'WRITE_API_PORT', 'KEYS_MASTER_KEY', 'SMTP_URL']) {
      expect(message).toContain(name);
    }
    expect(message).toContain('postgres://');
    expect(message).toContain('is not set');
    expect(message).not.toContain('hunter2');
  });

  it.each([
    'esdb://127.0.0.1:2113?tls=false',
    'esdb://localhost:2113/?tls=true&tlsCAFile=%2Fetc%2Fca.pem',
    'esdb://shop:p%40ss@localhost:2113?tls=true&tlsCAFile=node.crt',
    'esdb+discover://admin:x@events.example.org:2113?nodePreference=follower',
    'esdb://a.example.org:2113,b.example.org:2113,c.example.org?tls=true',
    'esdb://event-store',
  ])('takes %s for the event store', (EVENTSTORE_URL) => {
    expect(loadConfig({ ...complete, EVENTSTORE_URL }).eventstoreUrl).toBe(EVENTSTORE_URL);
  });

  it.each([
    'http://127.0.0.1:2113',
    'esdb://',
    'esdb://host:port',
    'esdb://a,,b',
    'esdb://hunter2@host:2113',
    'esdb://u:hunter2@:2113',
  ])('does not take %s', (EVENTSTORE_URL) => {
    const load = () => loadConfig({ ...complete, EVENTSTORE_URL });
    expect(load).toThrow('EVENTSTORE_URL: expected esdb://');
    expect(load).not.toThrow('hunter2');
  });

  it('takes a place to die from tests alone', () => {
    const die = { ...complete, CRASH_AT: 'saga.commit.sent:2' };
    const allowed = { ...die, CRASH_TESTS: 'allowed' };
    expect(loadConfig(allowed).crashAt).toEqual({
      ...{ point: 'saga.commit', moment: 'sent', passing: 2 },
    });
    expect(loadConfig(complete).crashAt).toBeUndefined();
    expect(() => loadConfig(die)).toThrow('CRASH_AT: expected CRASH_TESTS=allowed');
    const live = { ...allowed, STRIPE_SECRET_KEY: 'sk_live_x' };
    expect(() => loadConfig(live)).toThrow('CRASH_AT: expected CRASH_TESTS=allowed');
    expect(() => loadConfig({ ...allowed, CRASH_AT: 'saga.nowhere.sent:1' })).toThrow(
      'CRASH_AT: expected a boundary',
    );
  });

  it('takes addresses and networks for our proxies, and nothing wider than it says', () => {
    const proxies = (TRUSTED_PROXIES: string) => loadConfig({ ...complete, TRUSTED_PROXIES });
    expect(proxies('10.0.0.0/8, ::1').trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(loadConfig(complete).trustedProxies).toBeUndefined();
    for (const wrong of [
      '*',
      'true',
      '10.0.0.0/33',
      '10.0.0.0/',
      'proxy.example',
      '::1/129',
      ',',
    ]) {
      expect(() => proxies(wrong), wrong).toThrow('TRUSTED_PROXIES');
    }
  });

  it('is what .env.example says', async () => {
    const file = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
    expect(file, 'run `npm run docs:generate`').toBe(renderEnvExample());
  });
});
