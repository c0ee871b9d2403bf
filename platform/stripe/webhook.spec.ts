import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { WebhookRefusedError } from './errors.ts';
import { verifyWebhook } from './webhook.ts';

const secret = 'whsec_spec';
const now = () => Math.floor(Date.now() / 1000);
const signature = (body: string, at = now(), by = secret) =>
  `t=${at},v1=${createHmac('sha256', by).update(`${at}.${body}`).digest('hex')}`;
const take = (body: string) => verifyWebhook(Buffer.from(body), signature(body), [secret]);
const event = (changes: object = {}, object: object = {}) =>
  JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type: 'payment_intent.succeeded',
    data: { object: { id: 'pi_1', object: 'payment_intent', ...object } },
    ...changes,
  });

test('a signed event names its object', () => {
  expect(take(event())).toMatchObject({ id: 'evt_1', object: { id: 'pi_1' } });
});

const body = event();
test.each([
  ['no signature', undefined],
  ['an empty one', ''],
  ['one of another secret', signature(body, now(), 'whsec_other')],
  ['one of another body', signature(body.replace('pi_1', 'pi_2'))],
  ['one of too long ago', signature(body, now() - 301)],
  ['another time than it was signed at', signature(body, now() - 60).replace(/\d+/, `${now()}`)],
])('a body with %s is refused', (_what, signed) => {
  expect(() => verifyWebhook(Buffer.from(body), signed, [secret])).toThrow(WebhookRefusedError);
});

test('while a secret is changed both are good', () => {
  const both = ['whsec_new', secret];
  expect(verifyWebhook(Buffer.from(body), signature(body), both)).toMatchObject({ id: 'evt_1' });
});

test.each([
  ['no JSON', 'hello'],
  ['no object', '[]'],
  ['null', 'null'],
  ['no data', event({ data: undefined })],
  ['an id that is a number', event({ id: 1 })],
  ['an id that is too long', event({ id: 'e'.repeat(256) })],
  ['a NUL in its id, which Postgres cannot store', event({ id: 'evt_\u0000' })],
  ['a NUL in its type', event({ type: 'a\u0000b' })],
  ['a NUL in the id of its object', event({}, { id: 'pi_\u0000' })],
  ['a lone surrogate', event({}, { id: 'pi_\ud800' })],
])('a signed body with %s is refused: no later attempt could be better', (_what, body) => {
  expect(() => take(body)).toThrow(WebhookRefusedError);
});

test('a refusal quotes nothing of the body, for it is logged', () => {
  for (const body of [
    'zoe@example.com',
    '{"name":"zoe@example.com"',
    event({ id: ['zoe@example.com'] }),
  ]) {
    const refusal = refusalOf(() => take(body));
    expect(inspect(refusal, { depth: 9 })).not.toContain('zoe');
  }
});

function refusalOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}
