import { createHash } from 'node:crypto';
import { CommandRefused } from '../../commands/_runtime/errors.ts';
import { recordStripeState } from '../../commands/payment/record-stripe-state.ts';
import { PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import type { StripeGateway } from '../../platform/stripe/index.ts';
import type { SagaBus } from '../_runtime/perform.ts';
import { recordRefund } from '../hold-seat-until-paid/index.ts';
import type { FollowedType } from './events.ts';

/** What came of looking at an object. */
export type Followed =
  | { readonly kind: 'processed' }
  | { readonly kind: 'ignored'; readonly reason: string }
  /** Stripe says something that our log refuses: somebody has to look. */
  | { readonly kind: 'refused'; readonly reason: string };

type Deps = {
  readonly gateway: Pick<StripeGateway, 'fetchIntent' | 'fetchRefund'>;
  readonly bus: SagaBus;
  /** Says that somebody else follows the object now: what was seen here may be out of date. */
  readonly signal: AbortSignal;
};

const processed: Followed = { kind: 'processed' };
const ignored = (reason: string): Followed => ({ kind: 'ignored', reason });

/** Fetches one kind of object again and folds how it stands now. */
type Follow = (deps: Deps, objectId: string) => Promise<Followed>;

/**
 * Sends what was seen. The command id derives from what it is about and what was seen: the same
 * observation, by whatever webhook and however often, is the same command.
 */
const sendSeen =
  (bus: SagaBus, subject: string) =>
  async ({ name }: { readonly name: string }, params: unknown, body: unknown): Promise<void> => {
    const seen = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    await bus.execute(
      name,
      { params, body },
      {
        principal: { kind: 'stripe', id: 'webhook' },
        commandId: uuidv5(PAWPRINT_NAMESPACE, `stripe|${name}|${subject}|${seen}`),
      },
    );
  };

const followIntent: Follow = async ({ gateway, bus, signal }, intentId) => {
  const found = await gateway.fetchIntent(intentId);
  signal.throwIfAborted();
  if (found === null) return ignored('Stripe has no such PaymentIntent');
  const { paymentId, enrollmentId } = found.ids;
  if (paymentId === null) return ignored('not ours: no payment_id in the metadata');
  const { observed } = found;
  await sendSeen(bus, paymentId)(recordStripeState, { paymentId }, { enrollmentId, observed });
  return processed;
};

const followRefund: Follow = async ({ gateway, bus, signal }, stripeRefundId) => {
  const refund = await gateway.fetchRefund(stripeRefundId);
  signal.throwIfAborted();
  if (refund === null) return ignored('Stripe has no such refund');
  const { paymentId, refundId } = refund.ids;
  if (paymentId === null || refundId === null) {
    return ignored('not ours: no refund_id in the metadata');
  }
  await recordRefund(sendSeen(bus, refundId), { paymentId, refundId }, refund);
  return processed;
};

const follows: Readonly<Record<FollowedType, Follow>> = {
  payment_intent: followIntent,
  refund: followRefund,
};

export const isFollowed = (type: string): type is FollowedType => type in follows;

export async function followObject(
  deps: Deps,
  object: { readonly type: string; readonly id: string },
): Promise<Followed> {
  if (!isFollowed(object.type)) return ignored(`nothing follows from a ${object.type}`);
  try {
    return await follows[object.type](deps, object.id);
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    return { kind: 'refused', reason: `refused: ${error.rejection.code}` };
  }
}
