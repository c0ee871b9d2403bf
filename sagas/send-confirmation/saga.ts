import { z } from 'zod';
import { issueTicket } from '../../commands/ticket/issue-ticket.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import { cause, defineSaga, defineSideEffect, send } from '../_runtime/definition.ts';

/** Whom to write to and what about is read when the mail is made: ids only here. */
export const sendConfirmationMail = defineSideEffect({
  name: 'send-confirmation-mail',
  payload: z.strictObject({ enrollmentId: idSchema('enr') }),
});

type State = { readonly cancelled: boolean };

/** Who is confirmed gets a ticket, and one mail with it. */
export const sendConfirmation = defineSaga({
  name: 'send-confirmation',
  summary: 'Issues the ticket of a confirmed enrollment and sends it in one e-mail.',
  events: [enrollmentEvents, ticketEvents],
  listens: ['EnrollmentConfirmed', 'EnrollmentCancelled', 'TicketIssued'],
  instanceOf: (event) => event.data.enrollmentId,
  initial: { cancelled: false } as State,
  react: (state, input) => {
    if (input.kind !== 'event') return { state, effects: [] };
    const { event } = input;
    switch (event.type) {
      case 'EnrollmentConfirmed': {
        const { ticketId, enrollmentId, activityId, memberId } = event.data;
        const ids = { enrollmentId, activityId, memberId };
        return { state, effects: [send(issueTicket, { ticketId }, ids)] };
      }
      case 'EnrollmentCancelled':
        return { state: { cancelled: true }, effects: [] };
      case 'TicketIssued': {
        const { enrollmentId } = event.data;
        return {
          state,
          effects: state.cancelled
            ? []
            : [cause(sendConfirmationMail, enrollmentId, { enrollmentId })],
        };
      }
    }
  },
});
