import type { CommandPorts } from '../../commands/_runtime/index.ts';
import { recordConfirmationSent } from '../../commands/enrollment/record-confirmation-sent.ts';
import { activity } from '../../domain/activity/state.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Mailer } from '../../platform/mail/index.ts';
import { handle, type SideEffectHandler } from '../_runtime/definition.ts';
import { type LogReader, readAggregate } from '../_runtime/read-aggregate.ts';
import { confirmationMessage } from './message.ts';
import { sendConfirmationMail } from './saga.ts';

/**
 * One mail per enrollment. The log is asked first, so a repeat sends nothing once the mail is on
 * record. Only a crash between the mail server's 250 and our record sends it twice, under the same
 * Message-ID: SMTP has no way to ask whether a message was taken.
 */
export function confirmationEffects(deps: {
  readonly eventStore: LogReader;
  readonly secrets: Pick<CommandPorts['secrets'], 'signTicket'>;
  readonly mailer: Mailer;
  readonly log: Logger;
}): Readonly<Record<string, SideEffectHandler>> {
  const { eventStore, secrets, mailer, log } = deps;
  const message = confirmationMessage();
  return handle(sendConfirmationMail, async ({ payload: { enrollmentId }, send }) => {
    const enrolled = await readAggregate(eventStore, enrollment, enrollmentId);
    if (enrolled.status !== 'confirmed' || enrolled.confirmationSent) return;
    const { activityId, memberId, ticketId, attendeeEmail, attendeeName } = enrolled;
    if (attendeeEmail === null || attendeeName === null) {
      log.info({ enrollmentId }, 'no confirmation is sent: the person was erased');
      return;
    }
    const plan = await readAggregate(eventStore, activity, activityId);
    if (plan.status === 'none') throw new RangeError(`${activityId} has no history`);
    const { title, venue, startsAt, endsAt, timeZone } = plan;
    const messageId = `<confirmation.${enrollmentId}@${mailer.domain}>`;
    await mailer.send({
      to: { name: attendeeName, address: attendeeEmail },
      messageId,
      // RFC 3834: nobody's auto-responder should answer.
      headers: { 'Auto-Submitted': 'auto-generated' },
      ...message({
        ...{ attendeeName, title, venue, startsAt, endsAt, timeZone, enrollmentId },
        amountPaid:
          enrolled.paymentId === null ? { ...enrolled.amountDue, amount: 0 } : enrolled.amountDue,
        ticket: secrets.signTicket({ ticketId, enrollmentId, activityId, memberId }),
      }),
    });
    await send(recordConfirmationSent, { enrollmentId }, { messageId });
  });
}
