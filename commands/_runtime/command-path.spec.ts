import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveId, idSchema, type TicketId } from '../../domain/_kernel/ids.ts';
import type { Role } from '../../domain/_kernel/roles.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { commands } from '../index.ts';
import { createSecrets } from '../secrets.ts';
import type { CommandPorts, CommandRequest, Principal } from './index.ts';
import {
  type CommandBus,
  CommandRefused,
  createCommandBus,
  Forbidden,
  IdempotencyConflict,
  InvalidInput,
  Overloaded,
  RevisionMismatch,
  RevisionRequired,
} from './index.ts';

let log: LogOfRecord;
let bus: CommandBus;
let otherBus: CommandBus;
let intents: string[];
let busOptions: Parameters<typeof createCommandBus>[0];
const secrets = createSecrets({
  blindIndexKey: randomBytes(32),
  giftCodeSecret: randomBytes(32),
  ticketSigningKey: randomBytes(32),
});

const person = (seed: string, ...roles: Role[]): Principal => ({
  kind: 'person',
  id: deriveId('mem', seed),
  roles: ['member', ...roles],
});
const staff = person('staff', 'staff');
const saga: Principal = { kind: 'saga', id: 'spec' };

beforeAll(async () => {
  log = await startLogOfRecord();
  const ports: CommandPorts = {
    payments: {
      createIntent: async ({ paymentId }) => {
        intents.push(paymentId);
        return { intentId: `pi_${paymentId}`, clientSecret: `pi_${paymentId}_secret` };
      },
      clientSecret: async (intentId) => `${intentId}_secret`,
    },
    passwords: { hash: async (password) => `hash:${password}`, verify: async () => true },
    secrets,
  };
  intents = [];
  busOptions = {
    eventStore: log.eventStore,
    ports,
    commands,
    hashKey: randomBytes(32),
    log: log.log,
  };
  bus = createCommandBus(busOptions);
  // As another process: its own client, its own cache.
  otherBus = createCommandBus({ ...busOptions, eventStore: log.another() });
});
afterAll(() => log.stop());

const key = () => randomUUID();
type Reply = { id: string; status: string; roles: string[]; codes: string[] };

async function execute(
  name: string,
  params: unknown,
  body: unknown,
  principal: Principal = staff,
  by: { readonly key?: string; readonly on?: CommandBus } = {},
): Promise<Reply> {
  const sent = { principal, key: by.key ?? key() };
  const { reply } = await (by.on ?? bus).execute(name, { params, body }, sent);
  return reply as Reply;
}

const plan = {
  title: 'Puppy morning',
  venue: 'Tiergarten',
  startsAt: '2099-05-01T10:00:00+02:00',
  endsAt: '2099-05-01T12:00:00+02:00',
  timeZone: 'Europe/Berlin',
  price: { amount: 2500, currency: 'EUR' },
  capacity: 100,
  seatsPerMember: 1000,
};

async function publishedActivity(
  changes: Partial<Record<keyof typeof plan | 'waitlist', unknown>> = {},
): Promise<string> {
  const { id } = await execute('draft-activity', {}, { ...plan, ...changes });
  await execute('publish-activity', { activityId: id }, {});
  return id;
}

const attendee = { name: 'Žofie 王', email: 'zofie@example.com' };
const member = person('member');

async function refusalCode(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof CommandRefused ? error.rejection.code : `not refused: ${String(error)}`;
}

describe('the command path', () => {
  it('sells 100 seats 100 times to 1,000 that ask at once, and refuses 900', async () => {
    const activityId = await publishedActivity();
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, () =>
        execute('enroll', { activityId }, { attendee }, member).then(
          ({ status }) => status,
          (error: unknown) =>
            error instanceof CommandRefused ? error.rejection.code : String(error),
        ),
      ),
    );
    expect(Object.groupBy(outcomes, (outcome) => outcome)).toMatchObject({
      held: { length: 100 },
      'sold-out': { length: 900 },
    });
    const events = await log.eventStore.readStream(`seating-${activityId}`);
    expect(events.filter((event) => event.type === 'SeatHeld')).toHaveLength(100);
  });

  it('executes one of 50 commands with the same key, and answers all 50 alike; also in a new process', async () => {
    const activityId = await publishedActivity();
    const same = key();
    const replies = await Promise.all(
      Array.from({ length: 50 }, () =>
        execute('enroll', { activityId }, { attendee }, member, { key: same }),
      ),
    );
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    const again = await otherBus.execute(
      'enroll',
      { params: { activityId }, body: { attendee } },
      { principal: member, key: same },
    );
    expect(again.replayed).toBe(true);
    expect(again.reply).toEqual(replies[0]);
    expect(await log.eventStore.readStream(`seating-${activityId}`)).toHaveLength(2);
    expect(await log.eventStore.readStream(`enrollment-${replies[0]?.id}`)).toHaveLength(1);
  });

  it('refuses another input under a used key, and lets another person use the same key', async () => {
    const activityId = await publishedActivity();
    const same = key();
    const first = await execute('enroll', { activityId }, { attendee }, member, { key: same });
    await expect(
      execute('enroll', { activityId }, { attendee: { ...attendee, name: 'Other' } }, member, {
        key: same,
      }),
    ).rejects.toThrow(IdempotencyConflict);
    const other = person('other');
    const theirs = await execute('enroll', { activityId }, { attendee }, other, { key: same });
    expect(theirs.status).toBe('held');
    expect(theirs.id).not.toBe(first.id);
  });

  it('does not burn the key of a refused command', async () => {
    const { id: activityId } = await execute('draft-activity', {}, plan);
    const same = key();
    expect(
      await refusalCode(execute('enroll', { activityId }, { attendee }, member, { key: same })),
    ).toBe('not-found');
    await execute('publish-activity', { activityId }, {});
    await expect(
      execute('enroll', { activityId }, { attendee }, member, { key: same }),
    ).resolves.toMatchObject({ status: 'held' });
  });

  it('does not begin what nobody waits for any more', async () => {
    const { id: activityId } = await execute('draft-activity', {}, plan);
    const late = bus.execute(
      'publish-activity',
      { params: { activityId }, body: {} },
      { principal: staff, key: key(), deadline: Date.now() - 1 },
    );
    await expect(late).rejects.toThrow(Overloaded);
    expect(await log.eventStore.readStream(`activity-${activityId}`)).toHaveLength(1);
  });

  it('answers a repeat with its first answer, even if it would be refused by now', async () => {
    const activityId = await publishedActivity();
    const same = key();
    const first = await execute('enroll', { activityId }, { attendee }, member, { key: same });
    await execute('cancel-activity', { activityId }, { reason: 'Storm' });
    for (const process of [bus, otherBus]) {
      await expect(
        execute('enroll', { activityId }, { attendee }, member, { key: same, on: process }),
      ).resolves.toEqual(first);
    }
    expect(await refusalCode(execute('enroll', { activityId }, { attendee }, member))).toBe(
      'cancelled',
    );
  });

  it('refuses on the newest state only: a seat that another process gave back is there', async () => {
    const activityId = await publishedActivity({ capacity: 1 });
    const { id } = await execute('enroll', { activityId }, { attendee }, member);
    const whose = { enrollmentId: id, memberId: deriveId('mem', 'member') };
    expect(await refusalCode(execute('enroll', { activityId }, { attendee }, member))).toBe(
      'sold-out',
    );
    await execute('release-seat', { activityId }, { ...whose, cause: 'cancelled' }, saga, {
      on: otherBus,
    });
    await expect(execute('enroll', { activityId }, { attendee }, member)).resolves.toMatchObject({
      status: 'held',
    });
  });

  it('keeps two processes exact on one stream', async () => {
    const activityId = await publishedActivity({ capacity: 12 });
    // Both know the stream, so both decide on it without a look at the store: one has to conflict.
    for (const on of [bus, otherBus])
      await execute('enroll', { activityId }, { attendee }, member, { on });
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        execute('enroll', { activityId }, { attendee }, member, {
          on: index % 2 === 0 ? bus : otherBus,
        }).then(
          ({ status }) => status,
          (error: unknown) =>
            error instanceof CommandRefused ? error.rejection.code : String(error),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'sold-out')).toHaveLength(50);
  });

  it('gives one account for an e-mail address that is registered 20 times at once', async () => {
    const anonymous: Principal = { kind: 'anonymous' };
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        execute(
          'register-member',
          {},
          { email: 'Zofie@Example.com', name: 'Žofie', password: `a long password ${index}` },
          anonymous,
          { on: index % 2 === 0 ? bus : otherBus },
        ).then(
          () => 'registered',
          (error: unknown) =>
            error instanceof CommandRefused ? error.rejection.code : String(error),
        ),
      ),
    );
    expect(results.filter((result) => result === 'registered')).toHaveLength(1);
    expect(results.filter((result) => result === 'email-taken')).toHaveLength(19);
  });

  it('issues a ticket without reading what is not there; repeated, in another process too, it is the same', async () => {
    const reads: string[] = [];
    const eventStore: typeof log.eventStore = {
      ...log.eventStore,
      readStream: (stream, range) => {
        reads.push(stream);
        return log.eventStore.readStream(stream, range);
      },
    };
    const readingBus = createCommandBus({ ...busOptions, eventStore });
    const ticketId = deriveId('tkt', 'read by nobody');
    const body = {
      enrollmentId: deriveId('enr', 'read by nobody'),
      activityId: deriveId('act', 'read by nobody'),
      memberId: deriveId('mem', 'read by nobody'),
    };
    const sent = { principal: saga, commandId: randomUUID() };
    const issue = (on: CommandBus) =>
      on.execute('issue-ticket', { params: { ticketId }, body }, sent);
    const first = await issue(readingBus);
    expect(reads).toEqual([]);
    expect(first).toMatchObject({ replayed: false, revision: 0 });
    expect(await issue(readingBus)).toEqual({ ...first, replayed: true });
    expect(await issue(otherBus)).toEqual({ ...first, replayed: true });
    // Asked for by another command it is there, too.
    const again = { ...sent, commandId: randomUUID() };
    await otherBus.execute('issue-ticket', { params: { ticketId }, body }, again);
    expect(await log.eventStore.readStream(`ticket-${ticketId}`)).toHaveLength(1);
  });

  it('opens one payment however often it is asked for, and the repeat has the same secret', async () => {
    const activityId = await publishedActivity();
    const { id: enrollmentId } = await execute('enroll', { activityId }, { attendee }, member);
    const same = key();
    const replies = [
      await execute('pay', { enrollmentId }, { method: 'card' }, member, { key: same }),
      await execute('pay', { enrollmentId }, { method: 'card' }, member, { key: same }),
      await execute('pay', { enrollmentId }, { method: 'card' }, member, { on: otherBus }),
    ];
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(intents.filter((paymentId) => paymentId === replies[0]?.id)).toHaveLength(1);
    expect(
      await refusalCode(execute('pay', { enrollmentId }, { method: 'card' }, person('stranger'))),
    ).toBe('not-found');
  });

  it('redeems a code once, and gives the same codes to a repeat', async () => {
    const activityId = await publishedActivity();
    const same = key();
    const batch = await execute(
      'issue-gifts',
      {},
      { activityId, item: 'Bowl', count: 3, stock: 2 },
      staff,
      { key: same },
    );
    expect(
      await execute('issue-gifts', {}, { activityId, item: 'Bowl', count: 3, stock: 2 }, staff, {
        key: same,
        on: otherBus,
      }),
    ).toEqual(batch);
    const redeem = (code: string) =>
      execute('redeem-gift', {}, { code, activityId }).then(
        () => 'redeemed',
        (error: unknown) =>
          error instanceof CommandRefused ? error.rejection.code : String(error),
      );
    const [first = '', second = '', third = ''] = batch.codes;
    const results = await Promise.all(
      Array.from({ length: 20 }, () => redeem(first.toLowerCase())),
    );
    expect(results.filter((result) => result === 'redeemed')).toHaveLength(1);
    expect(results.filter((result) => result === 'already-redeemed')).toHaveLength(19);
    expect([await redeem(second), await redeem(third), await redeem('GIFT-NONE')]).toEqual([
      'redeemed',
      'out-of-stock',
      'unknown-code',
    ]);
  });

  it('lets in whoever is confirmed, also before the ticket was issued', async () => {
    const activityId = await publishedActivity({ price: { amount: 0, currency: 'EUR' } });
    const { id: enrollmentId } = await execute('enroll', { activityId }, { attendee }, member);
    const whose = {
      enrollmentId: idSchema('enr').parse(enrollmentId),
      activityId: idSchema('act').parse(activityId),
      memberId: deriveId('mem', 'member'),
    };
    const signed = (ticketId: TicketId) => secrets.signTicket({ ticketId, ...whose });
    const scan = (ticket: string, nonce: string, on = bus) =>
      execute(
        'check-in',
        { activityId },
        { ticket, deviceId: 'gate-1', nonce, scannedAt: '2099-05-01T10:00:00+02:00' },
        staff,
        { on },
      );
    const own = signed(deriveId('tkt', enrollmentId));
    expect(await scan(own, 'n1')).toMatchObject({ decision: 'admitted' });
    // The same scan again, in another process; another scan; another ticket of the same enrollment.
    expect(await scan(own, 'n1', otherBus)).toMatchObject({ decision: 'admitted' });
    expect(await refusalCode(scan(own, 'n2'))).toBe('already-checked-in');
    expect(await refusalCode(scan(signed(deriveId('tkt', 'another')), 'n3'))).toBe(
      'invalid-ticket',
    );
  });

  it('holds a change to the revision its sender has seen, in every process', async () => {
    const details = { name: 'Rex', species: 'dog', birthDate: '2024-05-01' };
    const { id: petId } = await execute('add-pet', {}, details, member);
    const change = (breed: string, by: Partial<CommandRequest> = {}, on = bus) =>
      on.execute(
        'change-pet',
        { params: { petId }, body: { breed } },
        { principal: member, key: key(), ...by },
      );
    await expect(change('Unseen')).rejects.toThrow(RevisionRequired);
    const both = await Promise.allSettled([
      change('Beagle', { expected: [0] }),
      change('Boxer', { expected: [0] }, otherBus),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both).toContainEqual({ status: 'rejected', reason: new RevisionMismatch(1) });

    const once = { key: key(), expected: [0, 1] };
    const first = await change('Beagle mix', once);
    expect(first).toMatchObject({ revision: 2, replayed: false });
    expect(await change('Beagle mix', once, otherBus)).toMatchObject({ replayed: true });
    await expect(change('Boxer', { expected: [] })).rejects.toThrow(RevisionMismatch);
    expect(await change('Boxer', { expected: 'any' })).toMatchObject({ revision: 3 });
    const stranger = change('Mine', { principal: person('stranger'), expected: [0] });
    expect(await refusalCode(stranger)).toBe('not-found');
  });

  it('refuses what the schema or the roles do not allow, before anything is stored', async () => {
    await expect(execute('draft-activity', {}, { ...plan, colour: 'red' })).rejects.toThrow(
      InvalidInput,
    );
    await expect(execute('draft-activity', {}, plan, member)).rejects.toThrow(Forbidden);
    await expect(execute('draft-activity', {}, plan, { kind: 'anonymous' })).rejects.toThrow(
      Forbidden,
    );
  });

  it('stores no name and no address in the clear', async () => {
    const found = async (text: string): Promise<number> => {
      const { rows } = await log.pool.query<{ n: number }>(
        `select count(*)::int as n from event_store.event e
          where position(convert_to($1, 'UTF8') in e.data) > 0
             or position(convert_to($1, 'UTF8') in e.metadata) > 0 or e.stream like '%' || $1 || '%'`,
        [text],
      );
      return rows[0]?.n ?? 0;
    };
    expect([await found('ofie'), await found('王'), await found('example.com')]).toEqual([0, 0, 0]);
    // The search itself can find: the title of an activity is there.
    expect(await found('Puppy morning')).toBeGreaterThan(0);
  });
});
