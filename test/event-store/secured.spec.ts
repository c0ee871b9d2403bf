import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { securedSubjects } from './cases/index.ts';
import { type AnySubscription, collect } from './follow.ts';
import { type Name, type SecuredTarget, urlFor } from './secured.ts';
import { openSecured } from './secured-target.ts';

let target: SecuredTarget;
const clients: EventStoreDBClient[] = [];
const byName = new Map<Name | undefined, EventStoreDBClient>();

beforeAll(async () => {
  target = await openSecured();
});
afterAll(async () => {
  // Not awaited: see run.ts.
  for (const one of clients) void one.dispose();
  await target.close();
});

const connect = (url: string): EventStoreDBClient => {
  const made = EventStoreDBClient.connectionString(url);
  clients.push(made);
  return made;
};
const as = (name?: Name): EventStoreDBClient => {
  const { url, passwordOf } = target;
  const client =
    byName.get(name) ?? connect(name === undefined ? url : urlFor(url, name, passwordOf(name)));
  byName.set(name, client);
  return client;
};

// One after the other: a batch that fails takes the open appends of every client of a process with it.
describe.each(Object.entries(securedSubjects))('%s', (_subject, cases) => {
  for (const one of cases) {
    test(`${one.title} (${one.rules.join(', ')})`, { timeout: 60_000 }, async ({ expect }) => {
      const subscriptions: AnySubscription[] = [];
      const follow = (subscription: AnySubscription) => {
        subscriptions.push(subscription);
        return collect(subscription);
      };
      try {
        await one.look({ ...target, expect, as, connect, follow });
      } finally {
        await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
      }
    });
  }
});
