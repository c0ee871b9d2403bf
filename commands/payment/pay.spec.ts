import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import {
  type CommandBus,
  CommandRefused,
  createCommandBus,
  type PaymentGateway,
  type Principal,
} from '../_runtime/index.ts';
import { commands } from '../index.ts';
import { createSecrets } from '../secrets.ts';

type Asked = Parameters<PaymentGateway['createIntent']>[0];

let log: LogOfRecord;
let bus: CommandBus;
let asked: Asked[];
let away: boolean;

const member: Principal = { kind: 'person', id: deriveId('mem', 'member'), roles: ['member'] };
const staff: Principal = { kind: 'person', id: deriveId('mem', 'staff'), roles: ['staff'] };

beforeAll(async () => {
  log = await startLogOfRecord();
  bus = createCommandBus({
    eventStore: log.eventStore,
    ports: {
      payments: {
        createIntent: async (input) => {
          asked.push(input);
          if (away) throw new Error('Stripe does not answer');
          return { intentId: `pi_${input.paymentId}`, clientSecret: 'secret' };
        },
        clientSecret: async () => 'secret',
      },
      passwords: { hash: async () => 'hash', verify: async () => true },
      secrets: createSecrets({
        blindIndexKey: randomBytes(32),
        giftCodeSecret: randomBytes(32),
        ticketSigningKey: randomBytes(32),
      }),
    },
    commands,
    hashKey: randomBytes(32),
    log: log.log,
  });
});
afterAll(() => log.stop());
beforeEach(() => {
  asked = [];
  away = true;
});

async function execute(name: string, params: object, body: object, as = member, key?: string) {
  const request = { principal: as, key: key ?? randomUUID() };
  return (await bus.execute(name, { params, body }, request)).reply as { id: string };
}

async function held(): Promise<string> {
  const { id: activityId } = await execute(
    'draft-activity',
    {},
    {
      ...{ title: 'Puppy morning', venue: 'Tiergarten', timeZone: 'Europe/Berlin', capacity: 5 },
      ...{ startsAt: '2099-05-01T10:00:00Z', endsAt: '2099-05-01T12:00:00Z' },
      price: { amount: 2500, currency: 'EUR' },
    },
    staff,
  );
  await execute('publish-activity', { activityId }, {}, staff);
  const attendee = { name: 'Zofie', email: 'zofie@example.com' };
  return (await execute('enroll', { activityId }, { attendee })).id;
}

const pay = (enrollmentId: string, key: string) =>
  execute('pay', { enrollmentId }, { method: 'card' }, member, key);

test('an attempt that was cut at Stripe is looked for there before it is made again', async () => {
  const enrollmentId = await held();
  const key = randomUUID();
  await expect(pay(enrollmentId, key)).rejects.toThrow('does not answer');
  away = false;
  await expect(pay(enrollmentId, key)).resolves.toMatchObject({ clientSecret: 'secret' });
  // Stripe forgets keys after a day, and a hold may last a week.
  expect(asked.map(({ mayExist }) => mayExist)).toEqual([false, true]);
});

test('an attempt that was cut is not made for an enrollment that was cancelled since', async () => {
  const enrollmentId = await held();
  const key = randomUUID();
  await expect(pay(enrollmentId, key)).rejects.toThrow('does not answer');
  await execute('cancel-enrollment', { enrollmentId }, {});
  away = false;
  const refused = await pay(enrollmentId, key).catch((error: unknown) => error);
  expect(refused instanceof CommandRefused && refused.rejection.code).toBe('cancelled');
  expect(asked).toHaveLength(1);
});
