import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../commands/index.ts';
import { faultsOf } from '../platform/http/_fixtures/check-openapi.ts';
import { recordingBus, sampleCommands, sampleWriteApi } from './_fixtures/sample.ts';
import type { WriteApi } from './index.ts';

let app: WriteApi;
beforeAll(async () => {
  app = await sampleWriteApi({ bus: recordingBus() });
});
afterAll(() => app.close());

const documentOf = async (api: WriteApi) => (await api.inject('/openapi.json')).json();

test('the reference of the sample has no fault', async () => {
  const document = await documentOf(app);
  expect(faultsOf(document)).toEqual([]);
  expect(Object.keys(document.paths).toSorted()).toEqual([
    '/v1/activities/{activityId}/walks',
    '/v1/bells',
    ...['/v1/sessions', '/v1/sessions/logout', '/v1/sessions/refresh'],
    '/v1/webhooks/stripe',
  ]);
});

test('an operation says all that its definition says', async () => {
  const document = await documentOf(app);
  const operation = document.paths['/v1/activities/{activityId}/walks'].post;
  expect(operation).toMatchObject({
    operationId: 'plan-walk',
    summary: 'Plan a walk',
    tags: ['Walks'],
    security: [{ accessToken: [] }],
    'x-roles': ['member', 'staff'],
  });
  expect(operation.parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
  expect(
    Object.keys(operation.responses['409'].content['application/problem+json'].examples),
  ).toEqual(['sold-out']);
  expect(Object.keys(operation.responses['201'].headers)).toEqual([
    'ETag',
    'Consistency-Token',
    'Idempotency-Hit',
    'Location',
  ]);
  expect(document.components.schemas.PlanWalkRequest).toMatchObject({
    type: 'object',
    required: ['dogs'],
    additionalProperties: false,
  });
});

test('every problem an operation names has its page', async () => {
  const { paths } = await documentOf(app);
  const { examples } =
    paths['/v1/activities/{activityId}/walks'].post.responses['422'].content[
      'application/problem+json'
    ];
  const { type } = examples['idempotency-key-reused'].value;
  const page = await app.inject(type);
  expect(page.json()).toMatchObject({ code: 'idempotency-key-reused', status: 422 });
  const html = await app.inject({ url: type, headers: { accept: 'text/html' } });
  expect(html.headers['content-type']).toContain('text/html');
  expect((await app.inject('/problems/no-such')).statusCode).toBe(404);
  expect((await app.inject('/problems/constructor')).statusCode).toBe(404);
});

test('the matrix lists every route with who may', () => {
  expect(app.matrix).toContainEqual({
    method: 'POST',
    path: '/v1/activities/:activityId/walks',
    operation: 'plan-walk',
    access: ['member', 'staff'],
  });
  expect(app.matrix).toHaveLength(6);
});

test('two operations of one name, and a refusal that stands in no table, are found at the start', async () => {
  const [walk] = sampleCommands;
  if (walk === undefined) throw new Error('the sample has no command');
  const twice = { ...walk, path: '/v1/other' };
  await expect(sampleWriteApi({ bus: recordingBus(), commands: [walk, twice] })).rejects.toThrow(
    'plan-walk',
  );
  const vague = { ...walk, refusals: ['whatever'] };
  await expect(sampleWriteApi({ bus: recordingBus(), commands: [vague] })).rejects.toThrow(
    'whatever',
  );
});

test("the platform's own commands have a reference without fault, and examples that fit", async () => {
  const real = await sampleWriteApi({ bus: recordingBus(), commands });
  expect(faultsOf(await documentOf(real))).toEqual([]);
  for (const { name, body, params, reply, example } of commands) {
    expect(body.safeParse(example.body).error, name).toBeUndefined();
    expect(params.safeParse(example.params).error, name).toBeUndefined();
    expect(reply.safeParse(example.reply).error, name).toBeUndefined();
  }
  await real.close();
});
