import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordingBus, sampleWriteApi, tokens } from './_fixtures/sample.ts';
import type { WriteApi } from './index.ts';

let app: WriteApi;
beforeAll(async () => {
  app = await sampleWriteApi({ bus: recordingBus() });
});
afterAll(() => app.close());

const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const credentials = { email: 'zoe@example.com', password: 'right' };

test('logging in needs no idempotency key and answers with both tokens', async () => {
  const response = await post('/v1/sessions', credentials);
  expect(response.statusCode).toBe(201);
  expect(Object.keys(response.json()).toSorted()).toEqual([
    'accessToken',
    'expiresIn',
    'memberId',
    'refreshToken',
    'roles',
    'tokenType',
  ]);
  expect(response.headers['cache-control']).toBe('no-store');
});

test('wrong credentials are 401 with one code', async () => {
  const response = await post('/v1/sessions', { ...credentials, password: 'wrong' });
  expect([response.statusCode, response.json().code]).toEqual([401, 'invalid-credentials']);
});

test.each([
  ['an unknown field', { ...credentials, roles: ['admin'] }, '#/roles'],
  ['a password that is no text', { ...credentials, password: { $ne: null } }, '#/password'],
  ['no e-mail address', { password: 'right' }, '#/email'],
  ['a password without end', { ...credentials, password: 'x'.repeat(1025) }, '#/password'],
])('%s is refused', async (_what, body, pointer) => {
  const response = await post('/v1/sessions', body);
  expect(response.json()).toMatchObject({
    status: 400,
    code: 'invalid-input',
    errors: [{ pointer }],
  });
});

test('a session is refreshed and ended with its refresh token', async () => {
  expect((await post('/v1/sessions/refresh', { refreshToken: 'good' })).statusCode).toBe(200);
  const refused = await post('/v1/sessions/refresh', { refreshToken: 'used' });
  expect([refused.statusCode, refused.json().code]).toEqual([401, 'invalid-refresh-token']);
  const ended = await post('/v1/sessions/logout', { refreshToken: 'good' });
  expect([ended.statusCode, ended.json()]).toEqual([200, { status: 'logged-out' }]);
});

test('the public keys are published', async () => {
  const response = await app.inject('/.well-known/jwks.json');
  expect(response.json()).toEqual((await tokens()).jwks);
});
