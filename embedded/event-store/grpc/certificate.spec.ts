import { expect, test } from 'vitest';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { CertificateError, checkCertificate } from './certificate.ts';

const own = selfSigned(['events.example.org', '10.0.0.7']);

test('a certificate that is for the host says until when', () => {
  const until = Date.UTC(2040, 0, 1);
  expect(checkCertificate(selfSigned(['a.example'], until), 'a.example')).toEqual(new Date(until));
  expect(() => checkCertificate(own, 'events.example.org')).not.toThrow();
  expect(() => checkCertificate(own, '10.0.0.7')).not.toThrow();
});

const chapter = selfSigned(['events.example.org']);
test.each([
  ['another host', own, 'localhost', 'is for DNS:events.example.org, IP Address:10.0.0.7, and'],
  ['another address', own, '127.0.0.1', 'told to connect to 127.0.0.1'],
  ['the key of another one', { ...own, key: chapter.key }, '10.0.0.7', 'not that of the'],
  ['no certificate', { ...own, cert: 'x' }, '10.0.0.7', 'no X.509'],
  ['no key', { ...own, key: own.cert }, '10.0.0.7', 'no private key'],
])('%s is refused', (_what, pair, host, expected) => {
  expect(() => checkCertificate(pair, host)).toThrow(CertificateError);
  expect(() => checkCertificate(pair, host)).toThrow(expected);
});
