import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { activityRosterProjection } from '../../../projections/activity-roster/reduce.ts';
import type { Told } from './follower.ts';

/** An event of the log, as far as somebody who follows would notice it. */
export type Heard = {
  readonly ordinal: number;
  readonly stream: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Every application event, as the official client reads it: an ordinal is its place. */
export async function readHeard(eventStoreUrl: string): Promise<readonly Heard[]> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  const heard: Heard[] = [];
  try {
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
      if (event === undefined || event.type.startsWith('$')) continue;
      const { streamId: stream, type } = event;
      const data = event.data as Heard['data'];
      heard.push({ ordinal: heard.length + 1, stream, type, data });
    }
  } finally {
    await client.dispose();
  }
  return heard;
}

/** What a thing looks like after each event that concerns it; null: it is not to be seen yet. */
export type History = ReadonlyMap<
  string,
  readonly { readonly ordinal: number; readonly looks: string | null }[]
>;

const statusAfter: Readonly<Record<string, string>> = {
  EnrollmentPromoted: 'held',
  EnrollmentConfirmed: 'confirmed',
  EnrollmentLapsed: 'lapsed',
  EnrollmentCancelled: 'cancelled',
};

/** Each entry of a roster: its status, and whether its ticket is void. */
export function entriesOf(heard: readonly Heard[], activityId: string): History {
  const history = new Map<string, { ordinal: number; looks: string | null }[]>();
  const known = new Map<string, { status: string | null; isVoid: boolean }>();
  for (const { ordinal, type, data } of heard) {
    const { enrollmentId, activityId: of } = data;
    if (of !== activityId || typeof enrollmentId !== 'string') continue;
    if (!activityRosterProjection.reducers.has(type)) continue;
    const now = known.get(enrollmentId) ?? { status: null, isVoid: false };
    known.set(enrollmentId, now);
    if (type === 'EnrollmentRequested') now.status = String(data['outcome']);
    now.status = statusAfter[type] ?? now.status;
    now.isVoid ||= type === 'TicketVoided';
    const looks = now.status === null ? null : looksOfEntry({ ...now, ticketVoid: now.isVoid });
    history.set(enrollmentId, [...(history.get(enrollmentId) ?? []), { ordinal, looks }]);
  }
  return history;
}

export const looksOfEntry = (entry: Readonly<Record<string, unknown>>): string =>
  `${entry['status']}${entry['ticketVoid'] === true ? ', void' : ''}`;

const placeAfter: Readonly<Record<string, string | null>> = {
  ...{ SeatHeld: 'held', SeatConfirmed: 'confirmed', SeatWaitlisted: 'waitlisted' },
  SeatReleased: null,
};

/** An activity: how many seats are held and confirmed. */
export function activityIn(heard: readonly Heard[], activityId: string): History {
  const places = new Map<string, string>();
  const own = new Set([`activity-${activityId}`, `seating-${activityId}`]);
  const changes = heard
    .filter(({ stream }) => own.has(stream))
    .map(({ ordinal, type, data }) => {
      const place = placeAfter[type];
      if (place === null) places.delete(String(data['enrollmentId']));
      else if (place !== undefined) places.set(String(data['enrollmentId']), place);
      const count = (of: string) => [...places.values()].filter((each) => each === of).length;
      return { ordinal, looks: `${count('held')} held, ${count('confirmed')} confirmed` };
    });
  return new Map([[activityId, changes]]);
}

export function looksOfActivity({ availability }: Readonly<Record<string, unknown>>): string {
  const { held, confirmed } = availability as { held: number; confirmed: number };
  return `${held} held, ${confirmed} confirmed`;
}

/**
 * What is wrong with what somebody was told, over all connections. Each message has an id, an ordinal,
 * and everything that changed after the one before and up to it, as it was then: so that each change is
 * in one of them, none is in two, and they are in the order of the log. States in between may be missing.
 */
export function misheard(
  told: readonly Told[],
  history: History,
  of: {
    readonly id: (item: Readonly<Record<string, unknown>>) => string;
    readonly looks: (item: Readonly<Record<string, unknown>>) => string;
  },
): string[] {
  const wrong: string[] = [];
  const [first, ...later] = told;
  if (first?.event !== 'snapshot') wrong.push(`it begins with ${first?.event ?? 'nothing'}`);
  let before = first?.id ?? 0;
  for (const { id, event, items, by } of later) {
    const where = `${event} ${id} after ${before} by ${by}`;
    if (event !== 'change') wrong.push(`${where}: everything anew`);
    if (id <= before) wrong.push(`${where}: not in order`);
    const wanted = changedIn(history, before, id);
    const got = items.map((item) => `${of.id(item)} ${of.looks(item)}`).toSorted();
    const missing = wanted.filter((one) => !got.includes(one));
    const surplus = got.filter((one, at) => !wanted.includes(one) || got.indexOf(one) !== at);
    if (missing.length > 0) wrong.push(`${where}: without ${missing.join('; ')}`);
    if (surplus.length > 0) wrong.push(`${where}: has ${surplus.join('; ')}`);
    before = id;
  }
  const last = lastOrdinal(history);
  if (before !== last) wrong.push(`it ends at ${before}, the log at ${last}`);
  return wrong;
}

/** Things that changed after one ordinal and up to another, as they were at the latter. */
function changedIn(history: History, after: number, upTo: number): string[] {
  return [...history].flatMap(([id, changes]) => {
    const last = changes.findLast(({ ordinal }) => ordinal <= upTo);
    if (last === undefined || last.ordinal <= after || last.looks === null) return [];
    return [`${id} ${last.looks}`];
  });
}

export const lastOrdinal = (history: History): number =>
  Math.max(0, ...[...history.values()].flatMap((changes) => changes.at(-1)?.ordinal ?? 0));
