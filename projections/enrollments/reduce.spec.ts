import { describe, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { enrollmentsProjection } from './reduce.ts';
import { enrollments } from './table.ts';

const ids = {
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
};
const own = `enrollment-${ids.enrollmentId}`;
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const deadline = '2026-05-01T08:15:00.000Z';
const requested = (outcome: string, holdExpiresAt: string | null) =>
  [
    own,
    {
      type: 'EnrollmentRequested',
      data: {
        ...ids,
        attendeeName: 'Ada',
        attendeeEmail: 'ada@example.com',
        price: eur(2500),
        serviceFee: eur(125),
        amountDue: eur(2625),
        outcome,
        holdExpiresAt,
      },
    },
  ] as const;
const tell = (type: string, data: object) => [own, { type, data: { ...ids, ...data } }] as const;
const attempt = (n: number) => ({ ...ids, paymentId: deriveId('pay', `${n}`) });
const pay = (n: number, type: string, data: object = {}) =>
  [`payment-${n}`, { type, data: { ...attempt(n), ...data } }] as const;
const opened = (n: number) =>
  tell('PaymentAttemptOpened', { ...attempt(n), attempt: n, amount: eur(2625) });

const rowAfter = (...events: readonly Told[]) =>
  rowsAfter(enrollmentsProjection, deliver(...events)).of(enrollments)[0];

describe('an enrollment', () => {
  it('is held until a deadline, then has lapsed and owes nothing', () => {
    expect(rowAfter(requested('held', deadline))).toMatchObject({
      status: 'held',
      hold_expires_at: deadline,
      amount_due: 2625,
      revision: 0,
    });
    const lapsed = tell('EnrollmentLapsed', { cause: 'hold-expired' });
    expect(rowAfter(requested('held', deadline), lapsed)).toMatchObject({
      status: 'lapsed',
      cause: 'hold-expired',
      hold_expires_at: null,
      amount_due: 0,
      revision: 1,
    });
  });

  it('that waits is held once it is promoted', () => {
    const promoted = tell('EnrollmentPromoted', { holdExpiresAt: deadline });
    expect(rowAfter(requested('waitlisted', null), promoted)).toMatchObject({
      status: 'held',
      hold_expires_at: deadline,
      amount_due: 2625,
    });
  });

  it('is confirmed by money that came after it had lapsed', () => {
    const row = rowAfter(
      requested('held', deadline),
      opened(1),
      tell('EnrollmentLapsed', { cause: 'hold-expired' }),
      pay(1, 'PaymentSucceeded', { amount: eur(2625) }),
      tell('EnrollmentConfirmed', {
        ticketId: deriveId('tkt', 'a'),
        paymentId: attempt(1).paymentId,
        amountPaid: eur(2625),
      }),
    );
    expect(row).toMatchObject({
      status: 'confirmed',
      cause: null,
      amount_due: 0,
      amount_paid: 2625,
      ticket_id: deriveId('tkt', 'a'),
    });
  });

  it('keeps every attempt to pay apart', () => {
    const row = rowAfter(
      requested('held', deadline),
      opened(1),
      pay(1, 'PaymentDeclined', { code: 'card_declined', declineCode: 'lost_card' }),
      pay(1, 'PaymentCancelled', { intentId: 'pi', reason: null }),
      opened(2),
      pay(2, 'PaymentSucceeded', { amount: eur(2625) }),
    );
    expect(row?.payments).toMatchObject([
      { attempt: 1, status: 'cancelled', declineCode: 'lost_card' },
      { attempt: 2, status: 'succeeded', declineCode: null },
    ]);
    expect(row).toMatchObject({ amount_paid: 2625, amount_refunded: 0 });
  });

  it('that was paid in cash shows it beside the card that was tried before', () => {
    const cash = { ...attempt(2), tillId: deriveId('til', 'a'), amount: eur(2625) };
    const refund = { refundId: deriveId('ref', 'a'), amount: eur(2625) };
    const row = rowAfter(
      requested('held', deadline),
      opened(1),
      pay(2, 'CashPaymentReceived', cash),
      pay(2, 'RefundRequested', refund),
      pay(2, 'CashRefundPaidOut', refund),
    );
    expect(row?.payments).toMatchObject([
      { attempt: 1, method: 'card', status: 'open' },
      { attempt: 2, method: 'cash', status: 'succeeded', refunded: 2625 },
    ]);
    expect(row).toMatchObject({ amount_paid: 2625, amount_refunded: 2625 });
  });

  it('does not count a refund that failed after it was settled', () => {
    const refund = { refundId: deriveId('ref', 'a'), amount: eur(2625) };
    const paid = [requested('held', deadline), opened(1), pay(1, 'PaymentSucceeded')] as const;
    const settled = [...paid, pay(1, 'RefundRequested', refund), pay(1, 'RefundSettled', refund)];
    expect(rowAfter(...settled)).toMatchObject({ amount_refunded: 2625 });
    expect(rowAfter(...settled, pay(1, 'RefundFailed', refund))).toMatchObject({
      amount_refunded: 0,
      amount_paid: 2625,
    });
  });
});
