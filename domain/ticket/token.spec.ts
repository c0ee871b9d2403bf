import { generateKeyPairSync, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ids } from './examples.ts';
import {
  encodeTicketPayload,
  parseTicketToken,
  type Sign,
  signTicketToken,
  type Verify,
  verifyTicketToken,
} from './token.ts';

const ours = generateKeyPairSync('ed25519');
const theirs = generateKeyPairSync('ed25519');
const sign: Sign = (message) => signBytes(null, message, ours.privateKey);
const forge: Sign = (message) => signBytes(null, message, theirs.privateKey);
const verify: Verify = (message, signature) =>
  verifyBytes(null, message, ours.publicKey, signature);

const token = signTicketToken(ids, sign);
const base64url = (text: string) => Buffer.from(text, 'utf8').toString('base64url');

test('a ticket we signed gives its ids back', () => {
  expect(verifyTicketToken(token, verify)).toEqual(ids);
});

test('the text is a version, compact JSON and a signature', () => {
  const [version, payload = '', signature = ''] = token.split('.');
  expect(version).toBe('PAW1');
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    t: ids.ticketId,
    e: ids.enrollmentId,
    a: ids.activityId,
    m: ids.memberId,
  });
  expect(Buffer.from(signature, 'base64url')).toHaveLength(64);
  expect(token.startsWith(`${encodeTicketPayload(ids)}.`)).toBe(true);
});

test('it fits a QR code that a phone can read', () => {
  expect(token.length).toBeLessThan(400);
});

test('somebody else’s signature does not count', () => {
  const forged = signTicketToken(ids, forge);
  expect(parseTicketToken(forged)).not.toBeNull();
  expect(verifyTicketToken(forged, verify)).toBeNull();
});

describe('refuses what is not spelled as we spell it', () => {
  const json = JSON.stringify({
    ...{ t: ids.ticketId, e: ids.enrollmentId },
    ...{ a: ids.activityId, m: ids.memberId },
  });
  const reordered = JSON.stringify({
    ...{ e: ids.enrollmentId, t: ids.ticketId },
    ...{ a: ids.activityId, m: ids.memberId },
  });
  const signature = token.slice(token.lastIndexOf('.') + 1);
  const withPayload = (text: string) => `PAW1.${base64url(text)}.${signature}`;
  const cases: [string, string][] = [
    ['nothing', ''],
    ['another version', token.replace('PAW1', 'PAW2')],
    ['no signature', token.slice(0, token.lastIndexOf('.'))],
    ['an empty signature', `${encodeTicketPayload(ids)}.`],
    ['a short signature', token.slice(0, -4)],
    ['a further part', `${token}.x`],
    ['padding', `${token}==`],
    ['a space behind', `${token} `],
    ['a line break within', `${token.slice(0, 20)}\n${token.slice(20)}`],
    ['the other base64 alphabet', `PAW1.${Buffer.from(`${json}>>>???`).toString('base64')}.x`],
    ['spaces in the JSON', withPayload(json.replaceAll(':', ': '))],
    ['another order', withPayload(reordered)],
    ['a further field', withPayload(json.replace('}', ',"x":1}'))],
    ['an id of another kind', withPayload(json.replace('"tkt_', '"act_'))],
    ['no JSON', withPayload('tickets')],
    ['invalid UTF-8', `PAW1.${Buffer.from([0xff, 0xfe]).toString('base64url')}.${signature}`],
  ];
  test('(the pieces they are made of are right)', () => {
    expect(parseTicketToken(withPayload(json))?.payload).toEqual(ids);
  });
  test.each(cases)('%s', (_name, text) => {
    expect(parseTicketToken(text)).toBeNull();
  });
});

test('whatever is changed in a ticket, it is no ticket any more', () => {
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ maxLength: 3 }), (at, put) => {
      const changed = token.slice(0, at) + put + token.slice(at + 1);
      fc.pre(changed !== token);
      expect(verifyTicketToken(changed, verify)).toBeNull();
    }),
    { numRuns: 300 },
  );
});

test('any text at all is taken without an exception', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.string().map((text) => `PAW1.${base64url(text)}.${base64url(text)}`),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      expect(parseTicketToken(text)).toBeNull();
    }),
  );
});
