import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { commands } from '../index.ts';
import { createSecrets } from '../secrets.ts';
import {
  type CommandBus,
  type CommandPorts,
  createCommandBus,
  IdempotencyConflict,
  type Principal,
} from './index.ts';

let log: LogOfRecord;
let bus: CommandBus;
let otherBus: CommandBus;

const member: Principal = { kind: 'person', id: deriveId('mem', 'member'), roles: ['member'] };
const staff: Principal = { kind: 'person', id: deriveId('mem', 'staff'), roles: ['staff'] };

beforeAll(async () => {
  log = await startLogOfRecord();
  const ports: CommandPorts = {
    payments: {
      createIntent: async ({ paymentId }) => ({ intentId: `pi_${paymentId}`, clientSecret: 's' }),
      clientSecret: async () => 's',
    },
    passwords: { hash: async (password) => `hash:${password}`, verify: async () => true },
    secrets: createSecrets({
      blindIndexKey: randomBytes(32),
      giftCodeSecret: randomBytes(32),
      ticketSigningKey: randomBytes(32),
    }),
  };
  const hashKey = randomBytes(32);
  const busOn = (eventStore: LogOfRecord['eventStore']) =>
    createCommandBus({ eventStore, ports, commands, hashKey, log: log.log });
  bus = busOn(log.eventStore);
  otherBus = busOn(log.another());
});
afterAll(() => log.stop());

async function execute(
  name: string,
  params: unknown,
  body: unknown,
  {
    as = staff,
    key = randomUUID(),
    on = bus,
  }: { as?: Principal; key?: string; on?: CommandBus } = {},
) {
  const { reply } = await on.execute(name, { params, body }, { principal: as, key });
  return reply as { id: string; codes: string[]; holdExpiresAt: string };
}

async function publishedActivity(amount = 2500): Promise<string> {
  const { id } = await execute(
    'draft-activity',
    {},
    {
      title: 'Puppy morning',
      venue: 'Tiergarten',
      startsAt: '2099-05-01T10:00:00+02:00',
      endsAt: '2099-05-01T12:00:00+02:00',
      timeZone: 'Europe/Berlin',
      price: { amount, currency: 'EUR' },
      capacity: 100,
      seatsPerMember: 1000,
    },
  );
  await execute('publish-activity', { activityId: id }, {});
  return id;
}

const attendee = { name: 'Zofie', email: 'zofie@example.com' };
const seats = async (activityId: string) =>
  (await log.eventStore.readStream(`seating-${activityId}`)).slice(1);

describe('one key for two things', () => {
  it('takes a seat of its own in each activity, under an enrollment of its own', async () => {
    const [one, two] = [await publishedActivity(0), await publishedActivity(0)];
    const key = randomUUID();
    const first = await execute('enroll', { activityId: one }, { attendee }, { as: member, key });
    const second = await execute('enroll', { activityId: two }, { attendee }, { as: member, key });
    expect(second.id).not.toBe(first.id);
    for (const [activityId, { id }] of [
      [one, first],
      [two, second],
    ] as const) {
      expect((await seats(activityId)).map(({ data }) => data)).toMatchObject([
        { enrollmentId: id },
      ]);
    }
  });

  it('makes gift codes of its own for each activity', async () => {
    const [one, two] = [await publishedActivity(), await publishedActivity()];
    const key = randomUUID();
    const issue = (activityId: string) =>
      execute('issue-gifts', {}, { activityId, item: 'Bowl', count: 2 }, { key });
    const [first, second] = [await issue(one), await issue(two)];
    expect(new Set([...first.codes, ...second.codes]).size).toBe(4);
    expect(second.id).not.toBe(first.id);
  });

  it('does not keep a slug for an article that has another', async () => {
    const key = randomUUID();
    const draft = (slug: string, using = key) =>
      execute('draft-article', {}, { slug, title: 'Title', body: 'Body' }, { key: using });
    await draft('first-slug');
    await draft('second-slug').catch(() => 'refused');
    // Drafted by that key, or free for another one: never taken by nobody.
    const articles = await Promise.all([
      draft('second-slug').catch(() => draft('second-slug', randomUUID())),
    ]);
    expect(articles).toMatchObject([{ slug: 'second-slug' }]);
  });
});

describe('one key in two processes at once', () => {
  it('gives both the answer that is stored', async () => {
    for (let round = 0; round < 10; round += 1) {
      const activityId = await publishedActivity();
      // Both know the stream, so both decide on it without a look at the store.
      for (const on of [bus, otherBus])
        await execute('enroll', { activityId }, { attendee }, { as: member, on });
      const key = randomUUID();
      const answers = await Promise.all(
        [bus, otherBus].map((on) =>
          execute('enroll', { activityId }, { attendee }, { as: member, key, on }),
        ),
      );
      const stored = await log.eventStore.readStream(`enrollment-${answers[0]?.id}`);
      expect(stored[0]?.data).toMatchObject({ holdExpiresAt: answers[0]?.holdExpiresAt });
      const again = await execute('enroll', { activityId }, { attendee }, { as: member, key });
      expect(answers).toEqual([again, again]);
    }
  });

  it('refuses the input that came second, whichever process it came to', async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = randomUUID();
      const outcomes = await Promise.all(
        [bus, otherBus].map((on, index) =>
          execute(
            'draft-activity',
            {},
            {
              title: `Title ${index}`,
              venue: 'Tiergarten',
              startsAt: '2099-05-01T10:00:00+02:00',
              endsAt: '2099-05-01T12:00:00+02:00',
              timeZone: 'Europe/Berlin',
              price: { amount: 0, currency: 'EUR' },
              capacity: 1,
            },
            { key, on },
          ).then(
            () => 'done',
            (error: unknown) => (error instanceof IdempotencyConflict ? 'refused' : String(error)),
          ),
        ),
      );
      expect(outcomes.sort()).toEqual(['done', 'refused']);
    }
  });
});
