/** Runs every case of the contract against one target. */
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, type ExpectStatic, test } from 'vitest';
import type { Case, Context } from './case.ts';
import { subjects } from './cases/index.ts';
import { type AnySubscription, collect } from './follow.ts';
import { givenServer, openFresh, type Target } from './target.ts';

type Subjects = typeof subjects;
type Look = (context: Context) => Promise<void>;
type Prepared = Map<Case, PromiseSettledResult<Look>>;

/** A machine that is busy with other specs may take this long for one case. */
const PATIENCE_MS = 60_000;

/** All cases write, and then the node is killed and started again. */
const prepareAll = async (client: EventStoreDBClient, those: Subjects): Promise<Prepared> => {
  const cases = Object.values(those).flat();
  const looks = await Promise.allSettled(cases.map((one) => one.prepare({ client })));
  return new Map(looks.map((look, index) => [cases[index] as Case, look]));
};

const lookOf = (result: PromiseSettledResult<Look> | undefined): Look => {
  if (result === undefined) throw new Error('the case was not prepared');
  if (result.status === 'rejected') throw result.reason;
  return result.value;
};

export const runContract = (open: () => Promise<Target>, those: Subjects = subjects): void => {
  let target: Target;
  let client: EventStoreDBClient;
  let prepared: Prepared | undefined;
  const clients: EventStoreDBClient[] = [];
  const connect = (url: string): EventStoreDBClient => {
    const made = EventStoreDBClient.connectionString(url);
    clients.push(made);
    return made;
  };

  beforeAll(async () => {
    target = await open();
    client = connect(target.url);
    if (target.between === undefined) return;
    prepared = await prepareAll(client, those);
    await target.between();
    client = connect(target.url);
  });
  afterAll(async () => {
    // Only now: a client that goes takes the open appends of all clients of a process with it. Not
    // awaited: it never settles when a read was left half way. The node ends whatever is open.
    for (const one of clients) void one.dispose();
    await target.close();
  });

  const contextOf = (expect: ExpectStatic, subscriptions: AnySubscription[]): Context => ({
    client,
    url: target.url,
    expect,
    remembers: target.remembers,
    ours: target.ours,
    connect,
    ownNode: openFresh,
    follow(subscription) {
      subscriptions.push(subscription);
      return collect(subscription);
    },
  });

  const run = async (one: Case, expect: ExpectStatic): Promise<void> => {
    const look = prepared === undefined ? await one.prepare({ client }) : lookOf(prepared.get(one));
    const subscriptions: AnySubscription[] = [];
    try {
      await look(contextOf(expect, subscriptions));
    } finally {
      await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
    }
  };

  describe.each(Object.entries(those))('%s', (_subject, cases) => {
    for (const one of cases) {
      test.concurrent(`${one.title} (${one.rules.join(', ')})`, {
        timeout: PATIENCE_MS,
      }, async (context) => {
        if (one.oursOnly && !target.ours) return context.skip('it asks our node alone');
        await run(one, context.expect);
      });
    }
  });
};

/** A mode that only our node has. */
export const runOnOurNode = (open: () => Promise<Target>): void => {
  if (givenServer === undefined) runContract(open);
  else test('the contract', (context) => context.skip('the server that was given is not ours'));
};
