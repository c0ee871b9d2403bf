import type { CommandPorts } from '../commands/_runtime/index.ts';
import type { Logger } from '../platform/log/index.ts';
import type { Mailer } from '../platform/mail/index.ts';
import type { StripeGateway } from '../platform/stripe/index.ts';
import type { SagaDefinition, SideEffectHandler } from './_runtime/definition.ts';
import type { LogReader } from './_runtime/read-aggregate.ts';
import { followTheTill } from './follow-the-till/index.ts';
import { holdSeatUntilPaid, paymentEffects } from './hold-seat-until-paid/index.ts';
import { refundOnActivityCancelled } from './refund-on-activity-cancelled/index.ts';
import { confirmationEffects, sendConfirmation } from './send-confirmation/index.ts';

export { type FollowStripe, startFollowStripe } from './follow-stripe/index.ts';

/** Every saga of the platform. */
export const sagas: readonly SagaDefinition[] = [
  holdSeatUntilPaid,
  followTheTill,
  refundOnActivityCancelled,
  sendConfirmation,
];

/** Who does their side effects, by name. */
export function sagaEffects(deps: {
  readonly eventStore: LogReader;
  readonly gateway: StripeGateway;
  readonly mailer: Mailer;
  readonly secrets: Pick<CommandPorts['secrets'], 'signTicket'>;
  readonly log: Logger;
}): Readonly<Record<string, SideEffectHandler>> {
  return { ...paymentEffects(deps), ...confirmationEffects(deps) };
}
