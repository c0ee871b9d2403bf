import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { findEngine, imageOf } from './engine.ts';
import type {} from './global-setup.ts';

const engine = await findEngine();

// The contract itself is test/event-store: vitest.containers.config.ts runs it beside this file,
// with EVENTSTORE_CONTRACT_URL set. This says that it was not our own node that passed it.
test('the contract runs against a real EventStoreDB of the version that is deployed', async (context) => {
  if (!engine.found)
    return context.skip(`${engine.why}: the contract did not run against EventStoreDB`);
  const http = inject('eventStoreHttp');
  expect(process.env['EVENTSTORE_CONTRACT_URL']).toBe(
    `${http.replace('http:', 'esdb:')}?tls=false`,
  );
  const info = z.looseObject({ esVersion: z.string() });
  const { esVersion } = info.parse(await (await fetch(`${http}/info`)).json());
  const tag = (await imageOf('event-store')).split(':')[1] ?? '';
  expect(esVersion).toContain(tag.split('.').slice(0, 2).join('.'));
});
