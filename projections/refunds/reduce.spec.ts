import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { deliver, instantOf, rowsAfter } from '../_runtime/spec-kit.ts';
import { refundsProjection } from './reduce.ts';
import { refunds } from './table.ts';

const refund = {
  refundId: deriveId('ref', 'a'),
  paymentId: deriveId('pay', 'a'),
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
  amount: { amount: 2625, currency: 'EUR' },
};
const requested = { cause: 'enrollment-cancelled' };
const settled = { stripeRefundId: 're_1', balanceTransactionId: 'txn_1' };
const failed = { stripeRefundId: 're_1', code: 'lost_card' };

const after = (...told: readonly (readonly [type: string, data: object])[]) => {
  const events = told.map(
    ([type, data]) => ['payment-a', { type, data: { ...refund, ...data } }] as const,
  );
  return rowsAfter(refundsProjection, deliver(...events)).of(refunds)[0];
};

test('is requested, then the money went back, on the way it came', () => {
  expect(after(['RefundRequested', requested])).toMatchObject({
    ...{ refund_id: refund.refundId, payment_id: refund.paymentId, amount: 2625, currency: 'EUR' },
    ...{ cause: 'enrollment-cancelled', method: null, status: 'requested' },
    ...{ requested_at: instantOf(1), settled_at: null, failed_at: null },
  });
  expect(after(['RefundRequested', requested], ['RefundSettled', settled])).toMatchObject({
    ...{ method: 'card', status: 'settled', settled_at: instantOf(2) },
  });
  const tillId = deriveId('til', 'a');
  expect(after(['RefundRequested', requested], ['CashRefundPaidOut', { tillId }])).toMatchObject({
    ...{ method: 'cash', status: 'settled', settled_at: instantOf(2) },
  });
});

test('can fail, also after it was settled: then nothing went back', () => {
  const gone = { status: 'failed', settled_at: null };
  expect(after(['RefundRequested', requested], ['RefundFailed', failed])).toMatchObject({
    ...{ ...gone, failed_at: instantOf(2) },
  });
  const late = after(
    ['RefundRequested', requested],
    ['RefundSettled', settled],
    ['RefundFailed', failed],
  );
  expect(late).toMatchObject({ ...gone, failed_at: instantOf(3) });
});
