import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { inParallel } from '../../../embedded/demo/client/wait.ts';
import type { Driver, Person } from '../../acceptance/driver.ts';
import { balanceOf, journal, untilReconciled } from '../../acceptance/finance.ts';
import type { Flow } from '../flows.ts';

/** What is left of the flows of an activity, without the ids and times of this run. */
export type FinalState = {
  /** How many events of each type the log has about the activity. */
  readonly events: Readonly<Record<string, number>>;
  readonly seats: unknown;
  readonly enrollments: readonly string[];
  readonly tickets: number;
  /** Those of the sandbox, by enrollment. */
  readonly charges: readonly string[];
  /** Balance of each account, in cents. */
  readonly accounts: Readonly<Record<string, number>>;
  readonly reconciliation: unknown;
};

export async function finalState(
  { driver, staff, eventStoreUrl }: { driver: Driver; staff: Person; eventStoreUrl: string },
  activityId: string,
  flows: readonly Flow[],
): Promise<FinalState> {
  // The statement of Stripe comes last: once it agrees, everything is there.
  const { payments, takings, refunds, difference } = await untilReconciled(
    driver,
    activityId,
    60_000,
  );
  const enrollments = await inParallel(flows, 8, ({ member, enrollmentId }) =>
    driver.enrollment(member, enrollmentId),
  );
  const roster = await driver.roster(staff, activityId);
  const intents = await driver.stripe.intentsByEnrollment();
  const lines = await journal(driver, { activityId });
  const { availability } = await driver.activity(activityId);
  return {
    events: await eventsAbout(eventStoreUrl, activityId),
    seats: availability,
    enrollments: roster.map(({ status }) => status).sort(),
    tickets: new Set(enrollments.map(({ ticket }) => ticket).filter(Boolean)).size,
    charges: flows.map(({ enrollmentId }) =>
      (intents.get(enrollmentId) ?? []).map(({ status, amount }) => `${status} ${amount}`).join(),
    ),
    accounts: Object.fromEntries(
      [...new Set(lines.map(({ account }) => account))]
        .sort()
        .map((account) => [account, balanceOf(lines, account)]),
    ),
    reconciliation: { payments, takings, refunds, difference },
  };
}

/** Every event carries the ids it concerns. */
export async function eventsAbout(
  eventStoreUrl: string,
  activityId: string,
): Promise<Record<string, number>> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  const counts: Record<string, number> = {};
  try {
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
      if (event === undefined || event.type.startsWith('$')) continue;
      if (!JSON.stringify(event.data).includes(activityId)) continue;
      counts[event.type] = (counts[event.type] ?? 0) + 1;
    }
  } finally {
    await client.dispose();
  }
  return Object.fromEntries(Object.entries(counts).sort());
}
