import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { catalogue } from '../domain/_catalogue.ts';
import { deriveId } from '../domain/_kernel/ids.ts';
import type { Role } from '../domain/_kernel/roles.ts';
import type { DeliveredEvent } from '../platform/consumer/types.ts';
import { kyselyOf } from '../platform/postgres/index.ts';
import { databaseAfter } from './_fixtures/applied.ts';
import { season } from './_fixtures/season.ts';
import type { ProjectionDefinition } from './_runtime/definition.ts';
import { createExplainer } from './_runtime/explain.ts';
import { encodeCursor } from './_runtime/paging.ts';
import type { QueryContext, QueryDefinition, ReadPrincipal } from './_runtime/query.ts';
import { getAuditStream } from './audit-events/query.ts';
import { replacePersonal } from './audit-events/reduce.ts';
import { projections, queries } from './index.ts';

const history = season({ enrollments: 80 });
let db: QueryContext['db'];
let pool: Awaited<ReturnType<typeof databaseAfter>>['pool'];
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await databaseAfter(history);
  ({ pool } = database);
  db = kyselyOf(pool);
  drop = database.drop;
});
afterAll(() => drop());

const person = (id: `mem_${string}`, ...roles: Role[]): ReadPrincipal => ({
  kind: 'person',
  id,
  roles: ['member', ...roles],
});
const anonymous: ReadPrincipal = { kind: 'anonymous' };
const staff = person(deriveId('mem', 'staff'), 'staff');
const finance = person(deriveId('mem', 'finance'), 'finance', 'auditor');

/** Asks as the read API does: parsed by the query's schemas, the reply checked by its own. */
async function ask(
  name: string,
  principal: ReadPrincipal,
  params: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const definition = queries.find((one) => one.name === name);
  if (definition === undefined) throw new Error(`no query ${name}`);
  const context: QueryContext = {
    db,
    principal,
    now: '2026-05-02T00:00:00.000Z',
    signTicket: ({ ticketId }) => `signed ${ticketId}`,
  };
  const reply = await definition.run(context, {
    params: definition.params.parse(params),
    query: definition.querystring.parse(query),
  });
  return definition.reply.parse(reply) as Record<string, unknown>;
}

type Item = Record<string, unknown>;

/** All items of a list, taken in pages of a size. */
async function all(
  name: string,
  principal: ReadPrincipal,
  limit: number,
  params: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: unknown; ; ) {
    const page = await ask(name, principal, params, {
      ...query,
      limit: String(limit),
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...(page['items'] as Item[]));
    if (page['nextCursor'] === null) return items;
    cursor = page['nextCursor'];
  }
}

const first = deriveId('act', 'season 0');
const cancelled = deriveId('act', 'season 2');
const dataOf = (type: string) =>
  history.filter((event) => event.type === type).map(({ data }) => data as Item);

describe('every query', () => {
  it.each(queries.map((query): [string, QueryDefinition] => [query.name, query]))(
    '%s shows an example that its own schemas accept',
    (_name, { example, params, querystring, reply, projections: read, path }) => {
      params.parse(example.params);
      querystring.parse(example.querystring);
      expect(reply.parse(example.reply)).toEqual(example.reply);
      for (const name of read) {
        expect(projections.map((projection) => projection.name)).toContain(name);
      }
      const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(params.shape)).toEqual(inPath);
      // It has to be described in OpenAPI.
      expect(() => z.toJSONSchema(reply)).not.toThrow();
      expect(() => z.toJSONSchema(querystring, { io: 'input' })).not.toThrow();
    },
  );

  it('has a name and a path of its own', () => {
    const paths = queries.map(({ path }) => path);
    expect(new Set(paths).size).toBe(queries.length);
    expect(new Set(queries.map(({ name }) => name)).size).toBe(queries.length);
    expect(paths).toEqual(
      expect.arrayContaining([
        '/v1/activities',
        '/v1/activities/:activityId',
        '/v1/activities/:activityId/roster',
        '/v1/me/enrollments',
        '/v1/enrollments/:enrollmentId',
        '/v1/articles',
        '/v1/articles/:slug',
        '/v1/finance/journal',
        '/v1/finance/reconciliation/:activityId',
        '/v1/audit/events',
        '/v1/audit/streams/:stream',
      ]),
    );
  });

  it('refuses a cursor beyond what a revision can be, which would be an error of the database', () => {
    const { querystring } = getAuditStream;
    const at = (revision: number) => querystring.safeParse({ cursor: encodeCursor(revision) });
    expect([0, 2_147_483_647].map((revision) => at(revision).success)).toEqual([true, true]);
    expect([-1, 2_147_483_648].map((revision) => at(revision).success)).toEqual([false, false]);
  });

  it('answers with sums beyond what a single amount may be', () => {
    const most = 99_999_999_999;
    const journal = queries.find(({ name }) => name === 'list-journal');
    const reply = journal?.example.reply as { totals: object };
    const sums = [{ currency: 'EUR', debit: 3 * most, credit: 3 * most }];
    expect(journal?.reply.safeParse({ ...reply, totals: { ...reply.totals, sums } }).success).toBe(
      true,
    );
    const reconciliation = queries.find(({ name }) => name === 'get-reconciliation');
    const known = reconciliation?.example.reply as object;
    const takings = { amount: 3 * most, currency: 'EUR' };
    expect(
      reconciliation?.reply.safeParse({ ...known, takings, difference: -3 * most }).success,
    ).toBe(true);
  });

  it('refuses a cursor that it did not give', () => {
    for (const { querystring } of queries) {
      if (!('cursor' in querystring.shape)) continue;
      for (const cursor of ['', 'x', 'bnVsbA', Buffer.from('["a\\u0000"]').toString('base64url')]) {
        expect(querystring.safeParse({ cursor }).success).toBe(false);
      }
    }
  });
});

/** Each list with somebody who may ask for it, and what makes it more than a page. */
const lists = [
  ['list-activities', staff, {}, {}],
  ['get-roster', staff, { activityId: first }, {}],
  ['list-gifts', staff, { activityId: first }, {}],
  ['list-gift-redemptions', staff, { activityId: first }, {}],
  ['list-articles', anonymous, {}, {}],
  ['get-audit-lineage', finance, { projection: 'activity-catalogue', key: first }, {}],
  ['list-my-enrollments', person(deriveId('mem', 'season 3')), {}, {}],
  ['list-my-pets', person(deriveId('mem', 'season 1')), {}, {}],
  ['list-cash-refunds', staff, { activityId: first }, {}],
  ['list-journal', finance, {}, {}],
  ['get-reconciliation', finance, { activityId: first }, {}],
  ['list-breaks', finance, {}, {}],
  ['list-audit-events', finance, {}, { activityId: first }],
  ['list-audit-events', finance, {}, { type: 'SeatHeld', order: 'desc' }],
  ['get-audit-stream', finance, { stream: `seating-${first}` }, {}],
] as const;

describe('lists', () => {
  it('are all below', () => {
    const withPages = queries.filter(({ querystring }) => 'cursor' in querystring.shape);
    const named = new Set<string>(lists.map(([name]) => name));
    expect(withPages.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  });

  it.each(lists)('%s gives the same in small pages as in one', async (name, who, params, query) => {
    const whole = await all(name, who, 200, params, query);
    expect(whole.length).toBeGreaterThan(0);
    expect(await all(name, who, 2, params, query)).toEqual(whole);
  });
});

describe('activities', () => {
  it('show the public what is published, and everybody what was cancelled by its id', async () => {
    const listed = await all('list-activities', anonymous, 50);
    expect(listed.map(({ id }) => id)).not.toContain(cancelled);
    expect(await all('list-activities', anonymous, 50, {}, { status: 'cancelled' })).toEqual([]);
    const seen = await all('list-activities', staff, 50, {}, { status: 'cancelled' });
    expect(seen.map(({ id }) => id)).toEqual([cancelled]);
    expect(await ask('get-activity', anonymous, { activityId: cancelled })).toMatchObject({
      status: 'cancelled',
      cancelReason: 'Heavy rain',
      enrollmentOpen: false,
    });
  });

  it('answer 404 for what is not there', async () => {
    const activityId = deriveId('act', 'nowhere');
    const missing = expect.objectContaining({ name: 'NotFoundError' });
    await expect(ask('get-activity', staff, { activityId })).rejects.toEqual(missing);
    await expect(ask('get-roster', staff, { activityId })).rejects.toEqual(missing);
    await expect(ask('get-reconciliation', finance, { activityId })).rejects.toEqual(missing);
  });
});

describe('enrollments', () => {
  const confirmed = dataOf('EnrollmentConfirmed').find(
    (data) =>
      !dataOf('EnrollmentCancelled').some((end) => end['enrollmentId'] === data['enrollmentId']),
  );
  const params = { enrollmentId: confirmed?.['enrollmentId'] };

  it('come to their member with the ticket', async () => {
    const owner = person(confirmed?.['memberId'] as `mem_${string}`);
    expect(await ask('get-enrollment', owner, params)).toMatchObject({
      status: 'confirmed',
      ticket: `signed ${confirmed?.['ticketId']}`,
      amountDue: { amount: 0, currency: 'EUR' },
      amountPaid: { amount: 2625, currency: 'EUR' },
      payment: { status: 'succeeded', attempt: 1 },
      activity: { venue: 'Kita 7, Berlin' },
    });
  });

  it('are there for staff, and for nobody else', async () => {
    expect(await ask('get-enrollment', staff, params)).toMatchObject({ status: 'confirmed' });
    for (const other of [person(deriveId('mem', 'other')), finance]) {
      await expect(ask('get-enrollment', other, params)).rejects.toThrow(/no such enrollment/);
    }
  });

  it('have no ticket unless they are confirmed', async () => {
    const roster = await all('get-roster', staff, 200, { activityId: first });
    const others = roster.filter(({ status }) => status !== 'confirmed');
    expect(others.length).toBeGreaterThan(0);
    for (const { enrollmentId } of others) {
      expect(await ask('get-enrollment', staff, { enrollmentId })).toMatchObject({ ticket: null });
    }
  });
});

describe('finance', () => {
  it('feeds pages that each balance, with control totals that add up', async () => {
    let cursor: unknown;
    let lines = 0;
    let debit = 0;
    for (;;) {
      const page = await ask(
        'list-journal',
        finance,
        {},
        { limit: '7', ...(cursor ? { cursor } : {}) },
      );
      const items = page['items'] as { debit: number; credit: number; ordinal: number }[];
      const totals = page['totals'] as {
        count: number;
        sums: { debit: number; credit: number }[];
        to: number;
      };
      expect(totals.count).toBe(items.length);
      expect(totals.sums[0]?.debit).toBe(items.reduce((sum, line) => sum + line.debit, 0));
      expect(totals.sums[0]?.debit).toBe(totals.sums[0]?.credit);
      expect(totals.to).toBe(items.at(-1)?.ordinal);
      lines += items.length;
      debit += totals.sums[0]?.debit ?? 0;
      if (page['nextCursor'] === null) break;
      cursor = page['nextCursor'];
    }
    const whole = await pool.query<{ lines: number; debit: number }>(
      'select count(*)::int as lines, sum(debit)::int as debit from read.finance_journal',
    );
    expect(whole.rows[0]).toEqual({ lines, debit });
  });

  it('goes on where the last page ended', async () => {
    const of = { activityId: first };
    const last = await ask('list-journal', finance, {}, { ...of, limit: '200' });
    expect(last['nextCursor']).toBeNull();
    const more = await ask('list-journal', finance, {}, { ...of, cursor: last['resumeCursor'] });
    expect(more).toMatchObject({ items: [], resumeCursor: last['resumeCursor'] });
  });

  it('ends the feed before an event that could not be booked', async () => {
    const { rows } = await pool.query<{ ordinal: number }>(
      'select distinct ordinal from read.finance_journal order by ordinal offset 3 limit 1',
    );
    const ordinal = rows[0]?.ordinal ?? 0;
    await pool.query(
      `insert into projection.parked values ('finance-journal', 2, $1, 'k', 1, 'e', 's', 0, 'T', 'why', 1, now())`,
      [ordinal],
    );
    try {
      const page = await ask('list-journal', finance);
      expect(page).toMatchObject({
        heldBackFrom: ordinal,
        totals: { entries: 3 },
        nextCursor: null,
      });
    } finally {
      await pool.query('delete from projection.parked');
    }
  });

  it("agrees with Stripe's statement to the cent, and lists what is about nobody's payment", async () => {
    const reply = await ask('get-reconciliation', finance, { activityId: first });
    // Refunds that failed are owed: they differ in nothing, and stay open until they are made.
    const owed = await all(
      'get-reconciliation',
      finance,
      50,
      { activityId: first },
      { status: 'open' },
    );
    expect(owed.length).toBeGreaterThan(0);
    expect(reply).toMatchObject({ difference: 0, status: 'open', breaks: 0 });
    expect(reply['openItems']).toBe(owed.length);
    expect((reply['takings'] as { amount: number }).amount).toBeGreaterThan(0);
    expect((reply['refunds'] as { amount: number }).amount).toBeGreaterThan(0);
    const open = await all('list-breaks', finance, 50, {}, { status: 'open' });
    for (const { causes } of open as { causes: string[] }[])
      expect(causes).toEqual(['refund-owed']);
    const breaks = await all('list-breaks', finance, 50, {}, { status: 'break' });
    expect(breaks).toEqual([
      expect.objectContaining({
        kind: 'statement-line',
        balanceTransactionId: 'txn_stray',
        causes: ['unmatched-statement-line'],
        difference: { amount: 700, currency: 'EUR' },
      }),
    ]);
  });
});

describe('the lineage of a read model', () => {
  /** Some keys of each kind: all of them would take a minute. */
  const keysOf = (definition: ProjectionDefinition): readonly string[] => {
    const kinds = new Map<string, Set<string>>();
    for (const event of history.filter(({ type }) => definition.reducers.has(type))) {
      const key = definition.keyOf(event);
      const kind = key.replace(/[^_-]+$/, '');
      kinds.set(kind, (kinds.get(kind) ?? new Set<string>()).add(key));
    }
    return [...kinds.values()].flatMap((keys) => [...keys].slice(0, 3));
  };
  const withoutNames = history.map((event): DeliveredEvent => {
    const fields = catalogue.types.get(event.type)?.personal ?? [];
    return { ...event, data: replacePersonal(event.data as Item, fields, null) };
  });

  it.each(projections)('$name: told as its reducers fold the log', async (definition) => {
    const keys = keysOf(definition);
    expect(keys).not.toEqual([]);
    for (const key of keys) {
      const { add } = createExplainer(definition, key);
      const causes = withoutNames.flatMap((event) => {
        const cause = add(event);
        const { ordinal, id, type } = event;
        return cause === null
          ? []
          : [{ ordinal, id, type, touched: cause.touched, fault: cause.fault }];
      });
      const params = { projection: definition.name, key };
      expect(await all('get-audit-lineage', finance, 200, params)).toMatchObject(causes);
    }
  });

  it('comes in pages, and says what is not there', async () => {
    const params = { projection: 'activity-catalogue', key: first };
    const whole = await all('get-audit-lineage', finance, 200, params);
    expect(whole.length).toBeGreaterThan(7);
    expect(await all('get-audit-lineage', finance, 7, params)).toEqual(whole);
    const unknown = { projection: 'activity-catalog', key: first };
    await expect(ask('get-audit-lineage', finance, unknown)).rejects.toThrow(/there are activity-/);
    const nobody = { projection: 'refunds', key: deriveId('pay', 'nobody') };
    await expect(ask('get-audit-lineage', finance, nobody)).rejects.toThrow('has this key');
  });
});

describe('the audit history', () => {
  const stream = `activity-${cancelled}`;

  it('shows a stream as of a revision and as of a moment', async () => {
    const types = async (query: Item) => {
      const reply = await ask('get-audit-stream', finance, { stream }, query);
      return [reply['revision'], (reply['items'] as Item[]).map(({ type }) => type)];
    };
    expect(await types({ revision: '1' })).toEqual([1, ['ActivityDrafted', 'ActivityPublished']]);
    const [drafted] = history.filter((event) => event.stream === stream);
    expect(await types({ at: drafted?.metadata.recordedAt ?? '' })).toEqual([
      0,
      ['ActivityDrafted'],
    ]);
    expect(await types({ at: '2020-01-01T00:00:00Z' })).toEqual([null, []]);
    expect(await types({})).toEqual([2, expect.arrayContaining(['ActivityCancelled'])]);
    await expect(ask('get-audit-stream', finance, { stream: 'activity-none' })).rejects.toThrow(
      /no such stream/,
    );
  });

  it('folds the state as of a revision and as of a moment, as commands fold it', async () => {
    const stateOf = async (query: Item) => {
      const reply = await ask('get-audit-stream', finance, { stream }, query);
      expect(reply['fault']).toBeNull();
      return reply['state'] as Item | null;
    };
    expect(await stateOf({ revision: '0' })).toMatchObject({ status: 'draft' });
    expect(await stateOf({ revision: '1' })).toMatchObject({ status: 'published' });
    expect(await stateOf({})).toMatchObject({ status: 'cancelled', activityId: cancelled });
    expect(await stateOf({ at: '2020-01-01T00:00:00Z' })).toBeNull();
    const { nextCursor } = await ask('get-audit-stream', finance, { stream }, { limit: '1' });
    expect(await stateOf({ limit: '1', cursor: nextCursor })).toBeNull();
  });

  it('folds every stream of the season, without a personal value', async () => {
    const streams = [...new Set(history.map((event) => event.stream))];
    const folded = new Set<string>();
    for (const stream of streams) {
      const { state, fault } = await ask('get-audit-stream', finance, { stream });
      expect({ stream, fault, known: state !== null }).toEqual({
        stream,
        fault: null,
        known: true,
      });
      expect(JSON.stringify(state)).not.toMatch(/Attendee|@example/);
      folded.add(stream.split('-')[0] ?? '');
    }
    expect(folded.size).toBeGreaterThan(8);
  });

  it('tells of a history that cannot be, and shows it all the same', async () => {
    await pool.query(
      "insert into read.audit_events select (jsonb_populate_record(e, jsonb_build_object('ordinal', 1000000 + ordinal, 'event_id', gen_random_uuid(), 'stream', 'pet-broken', 'revision', 0, 'type', 'PetRemoved'))).* from read.audit_events e where ordinal = 1",
    );
    const reply = await ask('get-audit-stream', finance, { stream: 'pet-broken' });
    expect(reply).toMatchObject({
      revision: 0,
      state: { status: 'none' },
      fault: 'revision 0: PetRemoved cannot follow the status "none"',
      items: [{ type: 'PetRemoved' }],
    });
  });

  it('holds no personal value', async () => {
    const { rows } = await pool.query<{ data: string }>(
      "select data::text from read.audit_events where type = 'EnrollmentRequested'",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { data } of rows) {
      expect(data).toContain('"attendeeName": "[personal]"');
      expect(data).not.toMatch(/Attendee|@example/);
    }
  });

  it('finds events by who, what and when', async () => {
    const paymentId = dataOf('PaymentSucceeded')[0]?.['paymentId'];
    const about = await all('list-audit-events', finance, 50, {}, { paymentId });
    expect(about.length).toBe(
      history.filter(({ data }) => (data as Item)['paymentId'] === paymentId).length,
    );
    const [from, to] = [history[10]?.metadata.recordedAt, history[20]?.metadata.recordedAt];
    const between = await all('list-audit-events', finance, 50, {}, { from, to });
    expect(between.map(({ ordinal }) => ordinal)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    const actorId = history[4]?.metadata.actor.id;
    expect(
      new Set(
        (await all('list-audit-events', finance, 50, {}, { actorId })).map((e) =>
          JSON.stringify(e['actor']),
        ),
      ),
    ).toEqual(new Set([JSON.stringify({ kind: 'person', id: actorId })]));
  });
});
