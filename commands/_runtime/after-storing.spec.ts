import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { type EventStore, EventStoreUnavailableError } from '../../platform/event-store/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { commands } from '../index.ts';
import { createSecrets } from '../secrets.ts';
import {
  type CommandBus,
  createCommandBus,
  OutcomeUnknown,
  Overloaded,
  type Principal,
} from './index.ts';

let log: LogOfRecord;
let bus: CommandBus;
/** Streams that the store gives no answer about: to a read, to an append. */
let silentReads: RegExp | null;
let silentAppends: RegExp | null;
/** The answer to an append of it gets lost, and what became of it is asked for. */
let lostAnswers: RegExp | null;

const member: Principal = { kind: 'person', id: deriveId('mem', 'member'), roles: ['member'] };
const staff: Principal = { kind: 'person', id: deriveId('mem', 'staff'), roles: ['staff'] };
const attendee = { name: 'Zofie', email: 'zofie@example.com' };

const away = (): EventStoreUnavailableError => new EventStoreUnavailableError('no answer');

beforeAll(async () => {
  log = await startLogOfRecord();
  const eventStore: EventStore = {
    ...log.eventStore,
    readStream: async (stream, range) => {
      if (silentReads?.test(stream)) throw away();
      return log.eventStore.readStream(stream, range);
    },
    append: async (stream, ...append) => {
      if (silentAppends?.test(stream)) throw away();
      const outcome = await log.eventStore.append(stream, ...append);
      return { ...outcome, retried: lostAnswers?.test(stream) ?? outcome.retried };
    },
  };
  bus = createCommandBus({
    eventStore,
    ports: {
      payments: {
        createIntent: async ({ paymentId }) => ({ intentId: `pi_${paymentId}`, clientSecret: 's' }),
        clientSecret: async () => 's',
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
  silentReads = null;
  silentAppends = null;
  lostAnswers = null;
});

async function execute(
  name: string,
  params: unknown,
  body: unknown,
  principal: Principal,
  key: string = randomUUID(),
) {
  const { reply } = await bus.execute(name, { params, body }, { principal, key });
  return reply as { id: string; status: string };
}

async function publishedActivity(): Promise<string> {
  const { id } = await execute(
    'draft-activity',
    {},
    {
      ...{ title: 'Puppy morning', venue: 'Tiergarten', timeZone: 'Europe/Berlin', capacity: 5 },
      ...{ startsAt: '2099-05-01T10:00:00Z', endsAt: '2099-05-01T12:00:00Z' },
      price: { amount: 2500, currency: 'EUR' },
    },
    staff,
  );
  await execute('publish-activity', { activityId: id }, {}, staff);
  return id;
}

const enroll = (activityId: string, key: string) =>
  execute('enroll', { activityId }, { attendee }, member, key);
const held = async (activityId: string) =>
  (await log.eventStore.readStream(`seating-${activityId}`)).filter(
    ({ type }) => type === 'SeatHeld',
  );

it('does not say that nothing was done when the append was made and the store fell silent then', async () => {
  const activityId = await publishedActivity();
  const key = randomUUID();
  // Known to this process from here on.
  await enroll(activityId, randomUUID());
  lostAnswers = /^seating-/;
  silentReads = /^seating-/;
  await expect(enroll(activityId, key)).rejects.toThrow(OutcomeUnknown);
  expect(await held(activityId)).toHaveLength(2);

  lostAnswers = null;
  silentReads = null;
  await expect(enroll(activityId, key)).resolves.toMatchObject({ status: 'held' });
  expect(await held(activityId)).toHaveLength(2);
});

it('does not say that nothing was done when the seat is taken and its enrollment is not written', async () => {
  const activityId = await publishedActivity();
  const key = randomUUID();
  silentAppends = /^enrollment-/;
  await expect(enroll(activityId, key)).rejects.toThrow(OutcomeUnknown);
  expect(await held(activityId)).toHaveLength(1);

  silentAppends = null;
  await expect(enroll(activityId, key)).resolves.toMatchObject({ status: 'held' });
  expect(await held(activityId)).toHaveLength(1);
});

it('does not say of a repeat that nothing was done when what it did cannot be read', async () => {
  const activityId = await publishedActivity();
  const key = randomUUID();
  await enroll(activityId, key);
  silentReads = /^seating-/;
  await expect(enroll(activityId, key)).rejects.toThrow(OutcomeUnknown);
});

it('says that nothing was done when nothing was', async () => {
  const activityId = await publishedActivity();
  silentAppends = /^seating-/;
  await expect(enroll(activityId, randomUUID())).rejects.toThrow(Overloaded);
  expect(await held(activityId)).toHaveLength(0);
});

it('names the revision a command led to in its repeats, whatever others made of the thing since', async () => {
  const details = { name: 'Rex', species: 'dog', birthDate: '2024-05-01' };
  const { id: petId } = await execute('add-pet', {}, details, member);
  const change = (breed: string, key: string) =>
    bus.execute(
      'change-pet',
      { params: { petId }, body: { breed } },
      { principal: member, key, expected: 'any' },
    );
  const key = randomUUID();
  const first = await change('Beagle', key);
  expect(first).toMatchObject({ revision: 1, replayed: false });
  await change('Boxer', randomUUID());
  // Who sends it back as `If-Match` must not overwrite what it has never seen.
  expect(await change('Beagle', key)).toEqual({ ...first, replayed: true });
});

it('answers a repeat with the roles its command led to, whatever roles were granted since', async () => {
  const { id: memberId } = await execute(
    'register-member',
    {},
    { email: 'zofie@example.com', name: 'Zofie', password: 'a long password' },
    { kind: 'anonymous' },
  );
  const admin: Principal = { kind: 'person', id: deriveId('mem', 'admin'), roles: ['admin'] };
  const grant = (role: string, key: string) =>
    execute('grant-role', { memberId }, { role }, admin, key);
  const key = randomUUID();
  const first = await grant('staff', key);
  expect(first).toMatchObject({ roles: ['member', 'staff'] });
  await grant('finance', randomUUID());
  expect(await grant('staff', key)).toEqual(first);
});

it('knows a repeat by what it stored, also where its last step had nothing to do', async () => {
  const details = { title: 'Puppy morning', venue: 'Tiergarten', timeZone: 'Europe/Berlin' };
  const when = { startsAt: '2099-05-01T10:00:00Z', endsAt: '2099-05-01T12:00:00Z', capacity: 5 };
  const price = { amount: 2500, currency: 'EUR' };
  const { id: activityId } = await execute(
    'draft-activity',
    {},
    { ...details, ...when, price },
    staff,
  );
  const cancel = (key: string) =>
    bus.execute(
      'cancel-activity',
      { params: { activityId }, body: { reason: 'Storm' } },
      { principal: staff, key },
    );
  // A draft has no seats to close.
  const key = randomUUID();
  const first = await cancel(key);
  expect(first.replayed).toBe(false);
  expect(await cancel(key)).toEqual({ ...first, replayed: true });
});
