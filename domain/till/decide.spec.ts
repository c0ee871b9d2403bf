import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { deriveId } from '../_kernel/ids.ts';
import { isRejection } from '../_kernel/rejection.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { closeTill, payOutCash, takeCash } from './decide.ts';
import type { TillEvent } from './events.ts';
import { cash, closed, eur, opened, paidOut, payOut, taken } from './examples.ts';
import { type TillState, till } from './state.ts';

const take =
  (changes: Partial<typeof cash> = {}) =>
  (state: TillState) =>
    takeCash(state, { ...cash, ...changes });
const pay = (state: TillState) => payOutCash(state, payOut);
const count = (amount: number) => (state: TillState) => closeTill(state, { counted: eur(amount) });

describe('cash', () => {
  test('is taken once for an enrollment', () => {
    spec(till).given(opened).when(take()).then(taken);
    spec(till).given(opened, taken).when(take()).then();
    const second = take({ paymentId: deriveId('pay', 'second') });
    spec(till).given(opened, taken).when(second).thenRejected('already-paid');
    // Once it went back, it can be paid anew.
    const { state } = spec(till).given(opened, taken, paidOut).when(second);
    expect(state()).toMatchObject({ taken: 5000, paidOut: 2500 });
  });

  test('goes into the till of its own activity only, in its currency, while it is open', () => {
    spec(till).given().when(take()).thenRejected('not-found');
    spec(till)
      .given(opened)
      .when(take({ activityId: deriveId('act', 'other') }))
      .thenRejected('wrong-till');
    spec(till)
      .given(opened)
      .when((state) => takeCash(state, { ...cash, amount: { amount: 1, currency: 'USD' } }))
      .thenRejected('currency-differs');
    spec(till).given(opened, taken, closed).when(take()).thenRejected('till-closed');
  });

  test('is paid out once for a refund, and never more than there can be', () => {
    spec(till).given(opened, taken).when(pay).then(paidOut);
    spec(till).given(opened, taken, paidOut).when(pay).then();
    const empty: TillEvent = { ...opened, data: { ...opened.data, float: eur(0) } } as TillEvent;
    spec(till).given(empty).when(pay).thenRejected('not-enough-cash');
    spec(till).given(opened, taken, closed).when(pay).thenRejected('till-closed');
  });
});

describe('the count', () => {
  const of = (counted: number, over: number, short: number) => ({
    ...closed,
    data: { ...closed.data, counted: eur(counted), over: eur(over), short: eur(short) },
  });

  test('agrees, or says by how much it is over or short', () => {
    spec(till).given(opened, taken).when(count(12_500)).then(closed);
    spec(till)
      .given(opened, taken)
      .when(count(12_501))
      .then(of(12_501, 1, 0) as TillEvent);
    spec(till)
      .given(opened, taken)
      .when(count(0))
      .then(of(0, 0, 12_500) as TillEvent);
  });

  test('is final, and in the currency of the till', () => {
    spec(till).given(opened, taken, closed).when(count(12_500)).thenRejected('till-closed');
    spec(till)
      .given(opened)
      .when((state) => closeTill(state, { counted: { amount: 1, currency: 'USD' } }))
      .thenRejected('currency-differs');
  });

  test('expects what went in less what went out, whatever did', () => {
    const step = fc.record({
      who: fc.nat(5),
      amount: fc.integer({ min: 1, max: 9000 }),
      out: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(50_000), (steps, counted) => {
        const history: TillEvent[] = [opened];
        let inside = 10_000;
        for (const [index, { who, amount, out }] of steps.entries()) {
          const input = {
            ...cash,
            ...{ enrollmentId: deriveId('enr', 'till', who), amount: eur(amount) },
            ...{
              paymentId: deriveId('pay', 'till', index),
              refundId: deriveId('ref', 'till', index),
            },
          };
          const decision = (out ? payOutCash : takeCash)(fold(till, history), input);
          if (isRejection(decision)) continue;
          history.push(...decision);
          inside += out ? -amount : amount;
        }
        expect(inside).toBeGreaterThanOrEqual(0);
        const [end] = closeTill(fold(till, history), { counted: eur(counted) }) as TillEvent[];
        expect(end?.data).toMatchObject({
          expected: eur(inside),
          over: eur(Math.max(0, counted - inside)),
          short: eur(Math.max(0, inside - counted)),
        });
      }),
      { numRuns: 200 },
    );
  });
});
