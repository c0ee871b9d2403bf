import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { deriveId, type EnrollmentId } from '../_kernel/ids.ts';
import { type Decision, isRejection } from '../_kernel/rejection.ts';
import { addSeconds } from '../_kernel/time.ts';
import { confirmSeat, expireHolds, releaseSeat, takeSeat } from './decide.ts';
import type { SeatingEvent } from './events.ts';
import { seatingOpened } from './examples.ts';
import { type SeatingState, seating } from './state.ts';

const start = '2026-05-01T08:00:00.000Z';
const enrollmentIds = Array.from({ length: 12 }, (_, n) => deriveId('enr', 'property', n));
const memberOf = (n: number) => deriveId('mem', 'property', n % 5);

type Step = {
  readonly command: 'take' | 'wait' | 'confirm' | 'release' | 'expire';
  readonly who: number;
  readonly minutes: number;
  /** Seconds since the step before; the clocks of two processes differ, so it may go back a little. */
  readonly passed: number;
};

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  command: fc.constantFrom('take', 'take', 'wait', 'wait', 'confirm', 'release', 'expire'),
  who: fc.nat(enrollmentIds.length - 1),
  minutes: fc.integer({ min: 1, max: 20 }),
  passed: fc.oneof(fc.integer({ min: -10, max: 120 }), fc.integer({ min: 120, max: 1500 })),
});

const gameArbitrary = fc.record({
  capacity: fc.integer({ min: 1, max: 4 }),
  seatsPerMember: fc.integer({ min: 1, max: 3 }),
  free: fc.boolean(),
  steps: fc.array(stepArbitrary, { maxLength: 60, minLength: 1 }),
});
type Game = typeof gameArbitrary extends fc.Arbitrary<infer G> ? G : never;

function run(state: SeatingState, step: Step, now: string, free: boolean): Decision<SeatingEvent> {
  const enrollmentId = enrollmentIds[step.who] ?? deriveId('enr', 'property', step.who);
  const who = { enrollmentId, memberId: memberOf(step.who), now };
  const take = { ...who, free, holdMinutes: step.minutes };
  switch (step.command) {
    case 'take':
      return takeSeat(state, { ...take, joinWaitlist: false });
    case 'wait':
      return takeSeat(state, { ...take, joinWaitlist: true });
    case 'confirm':
      return confirmSeat(state, who);
    case 'release':
      return releaseSeat(state, { ...who, cause: 'cancelled' });
    case 'expire':
      return expireHolds(state, { now });
  }
}

/** What the events say, told by nothing but the events: the specs must not trust the fold. */
type Ledger = {
  readonly held: Map<EnrollmentId, string>;
  readonly confirmed: Set<EnrollmentId>;
  waiting: EnrollmentId[];
};

function post(ledger: Ledger, event: SeatingEvent): void {
  if (!('enrollmentId' in event.data)) return;
  const { enrollmentId } = event.data;
  const promoted = ledger.waiting.includes(enrollmentId) && event.type !== 'SeatReleased';
  if (promoted) {
    expect(ledger.waiting[0], 'the first in line is served first').toBe(enrollmentId);
  } else if (event.type === 'SeatHeld' || event.type === 'SeatWaitlisted') {
    expect(ledger.held.has(enrollmentId) || ledger.confirmed.has(enrollmentId)).toBe(false);
  }
  const had = ledger.held.delete(enrollmentId) || ledger.confirmed.delete(enrollmentId);
  ledger.waiting = ledger.waiting.filter((id) => id !== enrollmentId);
  switch (event.type) {
    case 'SeatHeld':
      ledger.held.set(enrollmentId, event.data.heldUntil);
      return;
    case 'SeatConfirmed':
      ledger.confirmed.add(enrollmentId);
      return;
    case 'SeatWaitlisted':
      ledger.waiting.push(enrollmentId);
      return;
    case 'SeatReleased':
      expect(had).toBe(event.data.was !== 'waitlisted');
      return;
  }
}

/** Plays a game; `after` sees each step's decision with the ledger as it is then. */
function play(
  game: Game,
  after: (seen: {
    ledger: Ledger;
    now: string;
    step: Step;
    decision: Decision<SeatingEvent>;
    before: SeatingState;
  }) => void,
) {
  const { capacity, seatsPerMember, free } = game;
  const history: SeatingEvent[] = [
    {
      type: 'SeatingOpened',
      data: {
        ...seatingOpened.data,
        capacity,
        seatsPerMember,
        closesAt: '2027-01-01T00:00:00.000Z',
      },
    },
  ];
  const ledger: Ledger = { held: new Map(), confirmed: new Set(), waiting: [] };
  let now = start;
  for (const step of game.steps) {
    now = addSeconds(now, step.passed);
    const before = fold(seating, history);
    const decision = run(before, step, now, free);
    for (const event of isRejection(decision) ? [] : decision) {
      history.push(event);
      post(ledger, event);
      expect(ledger.held.size + ledger.confirmed.size, 'no oversell').toBeLessThanOrEqual(capacity);
    }
    after({ ledger, now, step, decision, before: fold(seating, history) });
  }
}

test('never more seats than there are, one place each, the waitlist in order of arrival', () => {
  fc.assert(
    fc.property(gameArbitrary, (game) => {
      play(game, ({ ledger, before }) => {
        if (before.status !== 'open') throw new Error('seating is open in this game');
        // The fold agrees with the ledger, lines included.
        expect(before.holds.size).toBe(ledger.held.size);
        expect(before.confirmed).toBe(ledger.confirmed.size);
        expect(before.queue.size).toBe(ledger.waiting.length);
      });
    }),
    { numRuns: 300 },
  );
});

test('nobody waits while a seat is free once expired holds are released', () => {
  fc.assert(
    fc.property(gameArbitrary, (game) => {
      play(game, ({ ledger, now, decision }) => {
        if (isRejection(decision) || decision.length === 0) return;
        const taken = ledger.held.size + ledger.confirmed.size;
        if (ledger.waiting.length > 0) expect(taken).toBe(game.capacity);
        for (const until of ledger.held.values()) expect(until > now).toBe(true);
      });
    }),
    { numRuns: 300 },
  );
});

test('who comes gets a seat only when nobody waits any more', () => {
  fc.assert(
    fc.property(gameArbitrary, (game) => {
      play(game, ({ ledger, decision }) => {
        if (isRejection(decision)) return;
        const came = decision.some(
          ({ type, data }) =>
            (type === 'SeatHeld' && data.cause === 'enrolled') ||
            (type === 'SeatConfirmed' && data.cause === 'free'),
        );
        // A free seat has one cause, promoted or not: only who was not in the line came.
        if (came && !game.free) expect(ledger.waiting).toEqual([]);
      });
    }),
    { numRuns: 300 },
  );
});

test('sold out is only said while every seat has a live owner or somebody before one', () => {
  fc.assert(
    fc.property(gameArbitrary, (game) => {
      play(game, ({ ledger, now, decision, step }) => {
        if (!isRejection(decision) || decision.code !== 'sold-out') return;
        const live = [...ledger.held.values()].filter((until) => until > now).length;
        const before = ledger.waiting.length;
        if (step.command === 'take') {
          expect(live + ledger.confirmed.size + before).toBeGreaterThanOrEqual(game.capacity);
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('every event fits its schema', () => {
  const schemas = new Map(
    seating.events.definitions.map(({ type, schema }) => [String(type), schema]),
  );
  fc.assert(
    fc.property(gameArbitrary, (game) => {
      play(game, ({ decision }) => {
        for (const { type, data } of isRejection(decision) ? [] : decision) {
          expect(schemas.get(type)?.parse(data)).toEqual(data);
        }
      });
    }),
    { numRuns: 50 },
  );
});
