import type { CommandPorts } from '../../commands/_runtime/index.ts';
import { recordConfirmationSent } from '../../commands/enrollment/record-confirmation-sent.ts';
import { activity } from '../../domain/activity/state.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Mail, Mailer } from '../../platform/mail/index.ts';
import { handle, type SideEffectHandler } from '../_runtime/definition.ts';
import { type LogReader, readAggregate } from '../_runtime/read-aggregate.ts';
import { confirmationMessage } from './message.ts';
import { sendConfirmationMail } from './saga.ts';

/**
 * One mail per enrollment. The log is asked first, so a repeat sends nothing once the mail is on
 * record; while the log is away this process remembers. Only a crash between the mail server's 250 and our record sends it twice, under the same
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
  // What the mail server has taken and the log does not know yet. While the log is away the effect
  // is repeated, and the repeat must not send the mail again.
  const taken = new Map<string, Promise<void>>();
  const sendOnce = (mail: Mail): Promise<void> => {
    const before = taken.get(mail.messageId);
    if (before !== undefined) return before;
    const sending = mailer.send(mail).catch((error: unknown) => {
      taken.delete(mail.messageId);
      throw error;
    });
    taken.set(mail.messageId, sending);
    return sending;
  };
  return handle(sendConfirmationMail, async ({ payload: { enrollmentId }, send }) => {
    const messageId = `<confirmation.${enrollmentId}@${mailer.domain}>`;
    const enrolled = await readAggregate(eventStore, enrollment, enrollmentId);
    if (enrolled.status !== 'confirmed' || enrolled.confirmationSent) {
      taken.delete(messageId);
      return;
    }
    const { activityId, memberId, ticketId, attendeeEmail, attendeeName } = enrolled;
    if (attendeeEmail === null || attendeeName === null) {
      log.info({ enrollmentId }, 'no confirmation is sent: the person was erased');
      return;
    }
    const plan = await readAggregate(eventStore, activity, activityId);
    if (plan.status === 'none') throw new RangeError(`${activityId} has no history`);
    const { title, venue, startsAt, endsAt, timeZone } = plan;
    await sendOnce({
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
    taken.delete(messageId);
  });
}
