import { describe, expect, test } from 'vitest';
import { exampleIds } from '../_kernel/examples.ts';
import { type Decision, isRejection } from '../_kernel/rejection.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { addMinutes } from '../_kernel/time.ts';
import {
  clearSeats,
  closeSeating,
  confirmSeat,
  expireHolds,
  openSeating,
  releaseSeat,
  takeSeat,
} from './decide.ts';
import type { SeatingEvent } from './events.ts';
import { other, seatingOpened } from './examples.ts';
import { MAX_RELEASED_AT_ONCE } from './settle.ts';
import { type SeatingState, seating } from './state.ts';

const { activityId, enrollmentId, memberId } = exampleIds;
const own = { activityId, enrollmentId, memberId };
const now = '2026-05-01T08:00:00.000Z';
const heldUntil = '2026-05-01T08:30:00.000Z';
const past = '2026-05-01T07:59:59.999Z';
const take = { enrollmentId, memberId, now, free: false, holdMinutes: 30, joinWaitlist: false };
const confirm = { enrollmentId, memberId, now };

type Who = typeof own;
type Rules = Partial<(typeof seatingOpened)['data']>;

const opened = (rules: Rules = {}): SeatingEvent => ({
  type: 'SeatingOpened',
  data: { ...seatingOpened.data, seatsPerMember: 1, ...rules },
});
const held = (
  who: Who,
  until = heldUntil,
  cause: 'enrolled' | 'promoted' = 'enrolled',
): SeatingEvent => ({
  type: 'SeatHeld',
  data: { ...who, heldUntil: until, cause },
});
const confirmed = (who: Who, cause: 'free' | 'paid' | 'late-payment' = 'paid'): SeatingEvent => ({
  type: 'SeatConfirmed',
  data: { ...who, cause },
});
const waits = (who: Who, holdMinutes: number | null = 30): SeatingEvent => ({
  type: 'SeatWaitlisted',
  data: { ...who, holdMinutes },
});
const expired = (who: Who): SeatingEvent => ({
  type: 'SeatReleased',
  data: { ...who, was: 'held', cause: 'hold-expired' },
});
const givenBack = (who: Who, was: 'held' | 'confirmed' | 'waitlisted'): SeatingEvent => ({
  type: 'SeatReleased',
  data: { ...who, was, cause: 'cancelled' },
});
const closed: SeatingEvent = {
  type: 'SeatingClosed',
  data: { activityId, cause: 'activity-cancelled' },
};

describe('takeSeat', () => {
  const when =
    (input: Partial<typeof take> = {}) =>
    (state: SeatingState) =>
      takeSeat(state, { ...take, ...input });

  test('holds a free seat until the hold time is over', () => {
    spec(seating).given(opened()).when(when()).then(held(own));
  });

  test('never holds past the moment after which no seat is given away', () => {
    const closesAt = '2026-05-01T08:10:00.000Z';
    spec(seating).given(opened({ closesAt })).when(when()).then(held(own, closesAt));
  });

  test('confirms at once what is free of charge', () => {
    spec(seating)
      .given(opened())
      .when(when({ free: true }))
      .then(confirmed(own, 'free'));
  });

  test('refuses when everything is held or confirmed, with the counts', () => {
    const { decision } = spec(seating)
      .given(opened({ capacity: 2 }), held(other(1)), confirmed(other(2)), waits(other(3)))
      .when(when());
    expect(decision).toMatchObject({
      code: 'sold-out',
      details: { capacity: 2, held: 1, confirmed: 1, waiting: 1, waitlist: true },
    });
  });

  test('waits only if the member asked to and the activity has a waitlist', () => {
    const joining = when({ joinWaitlist: true });
    spec(seating)
      .given(opened(), held(other(1)))
      .when(joining)
      .then(waits(own));
    spec(seating)
      .given(opened(), held(other(1)))
      .when(when())
      .thenRejected('sold-out');
    spec(seating)
      .given(opened({ waitlist: false }), held(other(1)))
      .when(joining)
      .thenRejected('sold-out');
  });

  test('a free waiter needs no hold', () => {
    spec(seating)
      .given(opened(), confirmed(other(1), 'free'))
      .when(when({ free: true, joinWaitlist: true }))
      .then(waits(own, null));
  });

  test('an expired hold stands in nobody’s way', () => {
    spec(seating)
      .given(opened(), held(other(1), past))
      .when(when())
      .then(expired(other(1)), held(own));
  });

  test('a hold is over at its deadline, not after it', () => {
    spec(seating)
      .given(opened(), held(other(1), now))
      .when(when())
      .then(expired(other(1)), held(own));
  });

  test('the waitlist comes before a newcomer, in the same append', () => {
    spec(seating)
      .given(opened(), held(other(1), past), waits(other(2)))
      .when(when({ joinWaitlist: true }))
      .then(expired(other(1)), held(other(2), heldUntil, 'promoted'), waits(own));
  });

  test('a refusal stores nothing, not even the release of expired holds', () => {
    const { decision } = spec(seating)
      .given(opened(), held(other(1), past), waits(other(2)))
      .when(when());
    expect(decision).toMatchObject({ code: 'sold-out', details: { held: 1, waiting: 0 } });
  });

  test('the same enrollment again is nothing to do, even when sold out or closed', () => {
    spec(seating).given(opened(), held(own)).when(when()).then();
    spec(seating).given(opened(), held(own), closed).when(when()).then();
  });

  test('a member has so many live places and no more; expired holds do not count', () => {
    const second = { ...own, enrollmentId: other(9).enrollmentId };
    const { decision } = spec(seating)
      .given(opened({ capacity: 5 }), held(second))
      .when(when());
    expect(decision).toMatchObject({
      code: 'seat-limit',
      details: { seatsPerMember: 1, places: 1 },
    });
    spec(seating)
      .given(opened({ capacity: 5 }), held(second, past))
      .when(when())
      .then(expired(second), held(own));
    spec(seating)
      .given(opened({ capacity: 5, seatsPerMember: 2 }), held(second))
      .when(when())
      .then(held(own));
  });

  test('is refused before the opening, after the closing and from closesAt on', () => {
    spec(seating).given().when(when()).thenRejected('not-open');
    spec(seating).given(opened(), closed).when(when()).thenRejected('closed');
    spec(seating)
      .given(opened({ closesAt: now }))
      .when(when())
      .thenRejected('closed');
  });
});

describe('confirmSeat', () => {
  const when = (state: SeatingState) => confirmSeat(state, confirm);

  test('a live hold is paid', () => {
    spec(seating).given(opened(), held(own)).when(when).then(confirmed(own));
  });

  test('a hold that ran out but was not released yet is confirmed before others are served', () => {
    spec(seating)
      .given(opened({ capacity: 2 }), held(own, past), held(other(1), past), waits(other(2)))
      .when(when)
      .then(
        confirmed(own, 'late-payment'),
        expired(other(1)),
        held(other(2), heldUntil, 'promoted'),
      );
  });

  test('money that comes at the deadline is late', () => {
    spec(seating).given(opened(), held(own, now)).when(when).then(confirmed(own, 'late-payment'));
  });

  test('late money is seated if there is room', () => {
    spec(seating)
      .given(opened(), held(own, past), expired(own))
      .when(when)
      .then(confirmed(own, 'late-payment'));
    spec(seating)
      .given(opened(), held(own, past), expired(own), held(other(1), past))
      .when(when)
      .then(expired(other(1)), confirmed(own, 'late-payment'));
  });

  test('late money goes back if the seat is taken or the waitlist has it', () => {
    spec(seating)
      .given(opened(), held(own, past), expired(own), held(other(1)))
      .when(when)
      .thenRejected('sold-out');
    spec(seating)
      .given(opened(), held(own, past), expired(own), held(other(1), past), waits(other(2)))
      .when(when)
      .thenRejected('sold-out');
  });

  test('late money does not revive what was called off', () => {
    spec(seating)
      .given(opened(), held(own), givenBack(own, 'held'))
      .when(when)
      .thenRejected('cancelled');
  });

  test('a waiting place and an enrollment nobody knows are not confirmed', () => {
    spec(seating)
      .given(opened(), held(other(1)), waits(own))
      .when(when)
      .thenRejected('sold-out');
    spec(seating).given(opened()).when(when).thenRejected('not-found');
  });

  test('again is nothing to do', () => {
    spec(seating).given(opened(), held(own), confirmed(own)).when(when).then();
    spec(seating).given(opened(), held(own), confirmed(own), closed).when(when).then();
  });

  test('nothing is confirmed once seating was closed', () => {
    spec(seating).given(opened(), held(own), closed).when(when).thenRejected('closed');
    spec(seating).given().when(when).thenRejected('not-open');
  });

  test('a hold that is good past closesAt can be paid, one that ran out cannot', () => {
    spec(seating)
      .given(opened({ closesAt: now }), held(own))
      .when(when)
      .then(confirmed(own));
    spec(seating)
      .given(opened({ closesAt: now }), held(own, past))
      .when(when)
      .thenRejected('closed');
    spec(seating)
      .given(opened({ closesAt: now }), held(own, past), expired(own))
      .when(when)
      .thenRejected('closed');
  });
});

describe('releaseSeat', () => {
  const when = (state: SeatingState) => releaseSeat(state, { ...confirm, cause: 'cancelled' });

  test('gives the seat to the next in line in the same append', () => {
    spec(seating)
      .given(opened(), confirmed(own), waits(other(1)), waits(other(2)))
      .when(when)
      .then(givenBack(own, 'confirmed'), held(other(1), heldUntil, 'promoted'));
  });

  test('a free waiter is confirmed at once', () => {
    spec(seating)
      .given(opened(), confirmed(own, 'free'), waits(other(1), null))
      .when(when)
      .then(givenBack(own, 'confirmed'), confirmed(other(1), 'free'));
  });

  test('who leaves the waitlist frees no seat', () => {
    spec(seating)
      .given(opened(), held(other(1)), waits(own), waits(other(2)))
      .when(when)
      .then(givenBack(own, 'waitlisted'));
  });

  test('who leaves the waitlist is not promoted by an expired hold beside it', () => {
    spec(seating)
      .given(opened(), held(other(1), past), waits(own), waits(other(2)))
      .when(when)
      .then(givenBack(own, 'waitlisted'), expired(other(1)), held(other(2), heldUntil, 'promoted'));
  });

  test('after closesAt and after the closing nobody is promoted', () => {
    const late = opened({ closesAt: now });
    spec(seating)
      .given(late, confirmed(own), waits(other(1)))
      .when(when)
      .then(givenBack(own, 'confirmed'));
    spec(seating)
      .given(opened(), confirmed(own), waits(other(1)), closed)
      .when(when)
      .then(givenBack(own, 'confirmed'));
  });

  test('nothing to release is nothing to do', () => {
    spec(seating).given().when(when).then();
    spec(seating).given(opened()).when(when).then();
    spec(seating).given(opened(), held(own), givenBack(own, 'held')).when(when).then();
  });
});

describe('expireHolds', () => {
  const when = (state: SeatingState) => expireHolds(state, { now });

  test('releases what ran out, earliest first, and leaves the rest', () => {
    const earlier = '2026-05-01T07:50:00.000Z';
    spec(seating)
      .given(opened({ capacity: 3 }), held(other(1), past), held(other(2), earlier), held(other(3)))
      .when(when)
      .then(expired(other(2)), expired(other(1)));
  });

  test('is nothing to do when the timer comes early', () => {
    spec(seating).given(opened(), held(own)).when(when).then();
    spec(seating).given().when(when).then();
  });

  test('still releases after the closing', () => {
    spec(seating).given(opened(), held(own, past), closed).when(when).then(expired(own));
  });
});

describe('one append stays bounded', () => {
  const many = MAX_RELEASED_AT_ONCE + 50;
  const holds = Array.from({ length: many }, (_, n) => held(other(n), past));
  const full = [opened({ capacity: many }), ...holds];

  test('a crowd of holds that expire together is released in portions', () => {
    const { decision, state } = spec(seating)
      .given(...full)
      .when((before) => expireHolds(before, { now }));
    expect(decision).toHaveLength(MAX_RELEASED_AT_ONCE);
    expect(expireHolds(state(), { now })).toHaveLength(50);
  });

  const waiting = (count: number) =>
    Array.from({ length: count }, (_, n) => waits(other(many + n)));
  const taken = (state: SeatingState) =>
    state.status === 'open' ? state.holds.size + state.confirmed : Number.NaN;

  test('and a newcomer still gets what the crowd leaves after the waitlist', () => {
    const newcomer = (state: SeatingState) => takeSeat(state, take);
    const { decision, state } = spec(seating)
      .given(...full, ...waiting(many - 1))
      .when(newcomer);
    expect(isRejection(decision) ? decision : decision.at(-1)).toEqual(held(own));
    // One seat of the portion was kept from the waitlist, which has the rest.
    expect(taken(state())).toBe(many);
    spec(seating)
      .given(...full, ...waiting(many))
      .when(newcomer)
      .thenRejected('sold-out');
  });

  test('and so does late money', () => {
    const { decision, state } = spec(seating)
      .given(opened({ capacity: many }), held(own, past), expired(own), ...holds)
      .when((before) => confirmSeat(before, confirm));
    expect(isRejection(decision) ? decision : decision.at(-1)).toEqual(
      confirmed(own, 'late-payment'),
    );
    const { state: beside } = spec(seating)
      .given(
        opened({ capacity: many }),
        held(own, past),
        expired(own),
        ...holds,
        ...waiting(many - 1),
      )
      .when((before) => confirmSeat(before, confirm));
    expect(taken(state())).toBe(51);
    expect(taken(beside())).toBe(many);
  });

  test('a long waitlist that meets many free seats is served in portions too', () => {
    // Given back after closesAt, so nobody was promoted; then a clock that lags behind decides.
    const freed = Array.from({ length: many }, (_, n) => expired(other(n)));
    const { decision } = spec(seating)
      .given(...full, ...waiting(many), ...freed)
      .when((state) => expireHolds(state, { now }));
    expect(decision).toHaveLength(MAX_RELEASED_AT_ONCE);
  });
});

test('ten thousand expired holds are met by every decision without stopping it', () => {
  const size = 10_000;
  const holds = Array.from({ length: size }, (_, n) => held(other(n), addMinutes(past, -(n % 7))));
  const state = holds.reduce(
    seating.evolve,
    seating.evolve(seating.initial(), opened({ capacity: size })),
  );
  // A sort or a copy of the holds in each of these decisions would take the spec past its time-out.
  for (let n = 0; n < 200; n += 1) {
    const decision = takeSeat(state, { ...take, enrollmentId: other(size + n).enrollmentId });
    expect(decision).toHaveLength(MAX_RELEASED_AT_ONCE + 1);
  }
});

test('seating opens once and closes once', () => {
  const opening = { ...seatingOpened.data, seatsPerMember: 1 };
  spec(seating)
    .given()
    .when((state) => openSeating(state, opening))
    .then(opened());
  spec(seating)
    .given(opened())
    .when((state) => openSeating(state, { ...opening, capacity: 9 }))
    .then();
  const close = (state: SeatingState) => closeSeating(state, { cause: 'activity-cancelled' });
  spec(seating).given().when(close).thenRejected('not-open');
  spec(seating).given(opened()).when(close).then(closed);
  spec(seating).given(opened(), closed).when(close).then();
});

describe('clearSeats', () => {
  const clear = (state: SeatingState) => clearSeats(state);
  const given = (decision: Decision<SeatingEvent>): SeatingEvent[] =>
    isRejection(decision) ? [] : [...decision];
  const calledOff = (who: Who, was: 'held' | 'confirmed' | 'waitlisted'): SeatingEvent => ({
    type: 'SeatReleased',
    data: { ...who, was, cause: 'activity-cancelled' },
  });

  test('gives every place of a closed seating back, and says that none is left', () => {
    spec(seating)
      .given(opened({ capacity: 2 }), held(own), confirmed(other(1)), waits(other(2)), closed)
      .when(clear)
      .then(
        calledOff(own, 'held'),
        calledOff(other(1), 'confirmed'),
        calledOff(other(2), 'waitlisted'),
        {
          type: 'SeatsCleared',
          data: { activityId, released: 3, remaining: 0 },
        },
      );
  });

  test('leaves an open seating and an empty one alone', () => {
    spec(seating).given(opened(), held(own)).when(clear).then();
    spec(seating).given(opened(), closed).when(clear).then();
  });

  test('goes by portions, each of which fits an append, until nobody is left', () => {
    const size = 2 * MAX_RELEASED_AT_ONCE + 1;
    const places = Array.from({ length: size }, (_, n) => confirmed(other(n)));
    let state = [...places, closed].reduce(
      seating.evolve,
      seating.evolve(seating.initial(), opened({ capacity: size })),
    );
    const portions: SeatingEvent[][] = [];
    for (let events = given(clear(state)); events.length > 0; events = given(clear(state))) {
      portions.push(events);
      state = events.reduce(seating.evolve, state);
    }
    expect(portions.map((events) => events.at(-1)?.data)).toMatchObject([
      { remaining: MAX_RELEASED_AT_ONCE + 1 },
      { remaining: 1 },
      { remaining: 0 },
    ]);
    const released = portions
      .flat()
      .flatMap(({ data }) => ('enrollmentId' in data ? [data.enrollmentId] : []));
    expect(new Set(released).size).toBe(size);
  });
});
