import type { z } from 'zod';
import { CommandRefused } from '../../commands/_runtime/errors.ts';
import { requestRefund } from '../../commands/payment/request-refund.ts';
import { confirmSeat } from '../../commands/seating/confirm-seat.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { refundableOf } from '../../domain/payment/refund.ts';
import { type PaymentState, payment } from '../../domain/payment/state.ts';
import type { Logger } from '../../platform/log/index.ts';
import { handle, type SideEffectCall, type SideEffectHandler } from '../_runtime/definition.ts';
import { type LogReader, readAggregate } from '../_runtime/read-aggregate.ts';
import { tellOperators } from './effects.ts';
import { NO_SEAT } from './on-refused.ts';

type Deps = { readonly eventStore: LogReader; readonly log: Logger };
type Payload = z.output<typeof tellOperators.payload>;

/** Its outbox row is dead from the first attempt on: that is where operators look. */
export class MoneyWithoutHomeError extends Error {
  override readonly name = 'MoneyWithoutHomeError';
  readonly retry = 'never';
}

/**
 * Shows money that has no home. Given up, its row is dead at once (`pawprint_saga_outbox_rows`,
 * `inspect.list({ status: 'stuck' })`), and operators who put right what was wrong retry that row:
 * it is tried once more.
 */
export function tellingOperators(deps: Deps): Readonly<Record<string, SideEffectHandler>> {
  return handle(tellOperators, async ({ payload, attempt, send }) => {
    const state = await readAggregate(deps.eventStore, payment, payload.paymentId);
    if (!(await isHomeless(deps, state, payload))) return;
    if (!payload.givenUp) {
      deps.log.error(payload, 'money has no home; it is tried again');
      return;
    }
    if (attempt === 1) throw new MoneyWithoutHomeError(`${payload.about}: ${payload.code}`);
    await tryAgain(state, payload, send);
  });
}

/** Captured, not given back, and its enrollment is not the one it confirmed. */
async function isHomeless(
  { eventStore }: Deps,
  state: PaymentState,
  { enrollmentId, paymentId }: Payload,
): Promise<boolean> {
  if (!isPaid(state) || refundableOf(state).amount === 0) return false;
  const agreed = await readAggregate(eventStore, enrollment, enrollmentId);
  return agreed.status !== 'confirmed' || agreed.paymentId !== paymentId;
}

function isPaid(
  state: PaymentState,
): state is Exclude<PaymentState, { status: 'none' | 'started' | 'open' | 'cancelled' }> {
  return !['none', 'started', 'open', 'cancelled'].includes(state.status);
}

async function tryAgain(
  state: PaymentState,
  { about, paymentId, tries }: Payload,
  send: SideEffectCall['send'],
): Promise<void> {
  if (!isPaid(state)) return;
  const { activityId, enrollmentId, memberId } = state;
  const refund = (index: number) =>
    send(
      requestRefund,
      { paymentId },
      {
        refundId: deriveId('ref', paymentId, index),
        amount: refundableOf(state),
        cause: state.refunds.at(-1)?.cause ?? 'late-payment',
      },
    );
  if (about === 'refund') return refund(tries);
  try {
    await send(confirmSeat, { activityId }, { enrollmentId, memberId });
  } catch (error) {
    // The fault is gone, and so is the seat.
    if (!(error instanceof CommandRefused) || !NO_SEAT.has(error.rejection.code)) throw error;
    await refund(0);
  }
}
