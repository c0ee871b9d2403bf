/**
 * The kinds of objects of Stripe's that are followed, and the events after which one may stand
 * otherwise than before. Others (`charge.succeeded` beside `payment_intent.succeeded`) would cost a
 * webhook each and change nothing; `charge.updated` brings the balance transaction, and with it the
 * fee, which Stripe makes some time after the payment. By itself: the supervisor needs it, and nothing
 * else of ours.
 */
export const followedEventsOf = {
  payment_intent: [
    'payment_intent.succeeded',
    'payment_intent.processing',
    'payment_intent.requires_action',
    'payment_intent.payment_failed',
    'payment_intent.canceled',
    'charge.updated',
  ],
  refund: ['refund.created', 'refund.updated', 'refund.failed'],
} as const;

export type FollowedType = keyof typeof followedEventsOf;

/** What a webhook endpoint of ours subscribes to (`enabled_events`). */
export const followedEvents: readonly string[] = Object.values(followedEventsOf).flat();
