import { deriveId, type EnrollmentId, type TillId } from '../../domain/_kernel/ids.ts';
import { isRejection, rejected } from '../../domain/_kernel/rejection.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import { openPaymentAttempt } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { receiveCash } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { type TakeCash, takeCash } from '../../domain/till/decide.ts';
import { till } from '../../domain/till/state.ts';
import type { CommandContext, CommandTools } from '../_runtime/definition.ts';
import { isStaff, notFound, refuse } from '../access.ts';

/**
 * Takes cash at a till. The drawer has it first, then the payment: cut in between, a repeat or the
 * process manager finishes it. The seat follows the money, as with a card.
 */
export async function payInCash(
  tools: CommandTools,
  { enrollmentId, tillId }: { readonly enrollmentId: EnrollmentId; readonly tillId: TillId },
  { principal, now, commandId }: CommandContext,
) {
  if (!isStaff(principal)) return refuse(rejected('staff-only', 'Staff take cash, at a till.'));
  const paymentId = deriveId('pay', commandId);
  const { events } = await tools.decide(till, tillId, {
    lookup: () => lookUpDue(tools, enrollmentId, now),
    decide: (state, due) => takeCash(state, { ...due, paymentId }),
  });
  const taken = events.find((event) => event.type === 'CashTaken');
  if (taken === undefined) throw new RangeError(`${tillId} took nothing by this command`);
  const { data } = taken;
  await tools.decide(payment, paymentId, {
    isNew: true,
    decide: (state) => receiveCash(state, data),
  });
  return { id: paymentId, status: 'received' as const, amount: data.amount, clientSecret: null };
}

/** What may be paid by card may be paid in cash: the same refusals, and no attempt is opened. */
function lookUpDue(
  { load }: CommandTools,
  enrollmentId: EnrollmentId,
  now: Instant,
): Promise<Omit<TakeCash, 'paymentId'>> {
  return load(enrollment, enrollmentId, (state) => {
    if (state.status === 'none') return refuse(notFound('enrollment'));
    const allowed = openPaymentAttempt(state, {
      paymentId: (n) => deriveId('pay', enrollmentId, n),
      now,
    });
    if (isRejection(allowed)) return refuse(allowed);
    const { activityId, memberId, amountDue: amount } = state;
    return { activityId, enrollmentId, memberId, amount };
  });
}
