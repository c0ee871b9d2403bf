import { describe, expect, it } from 'vitest';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { command, delivered, specSaga } from '../_runtime/spec-kit.ts';
import { confirmationMessage, localTime } from './message.ts';
import { sendConfirmation } from './saga.ts';

const { enrollmentId, activityId, memberId, paymentId, ticketId } = exampleIds;
const ids = { enrollmentId, activityId, memberId };
const confirmed = {
  kind: 'event',
  event: delivered({
    type: 'EnrollmentConfirmed' as const,
    data: { ...ids, ticketId, paymentId, amountPaid: { amount: 2500, currency: 'EUR' as const } },
  }),
} as const;
const issued = {
  kind: 'event',
  event: delivered({ type: 'TicketIssued' as const, data: { ...ids, ticketId } }),
} as const;
const cancelled = {
  kind: 'event',
  event: delivered({
    type: 'EnrollmentCancelled' as const,
    data: { ...ids, cause: 'by-member' as const },
  }),
} as const;

describe('send-confirmation', () => {
  const saga = specSaga(sendConfirmation);

  it('issues the ticket of a confirmed enrollment', () => {
    saga
      .given()
      .when(confirmed)
      .wants(command('issue-ticket', { ticketId }, ids));
  });

  it('sends one mail once the ticket is there, and names nobody in it', () => {
    saga.given(confirmed).when(issued).wants({
      kind: 'side-effect',
      effect: 'send-confirmation-mail',
      key: enrollmentId,
      payload: { enrollmentId },
    });
  });

  it('sends nothing for an enrollment that was cancelled meanwhile', () => {
    saga.given(confirmed, cancelled).when(issued).wants();
  });
});

describe('the message', () => {
  const confirmation = {
    attendeeName: 'Zoë <b>& Co</b>',
    title: 'Dogs & "Friends"',
    venue: 'Tiergarten',
    startsAt: '2026-07-01T08:00:00.000Z',
    endsAt: '2026-07-01T10:00:00.000Z',
    timeZone: 'Europe/Berlin',
    amountPaid: { amount: 2500, currency: 'EUR' },
    ticket: 'PAW1.payload.signature',
    enrollmentId,
  } as const;
  const render = confirmationMessage();

  it('has the ticket on a line of its own, the local time and what was paid', () => {
    const { subject, text } = render(confirmation);
    expect(subject).toBe('Your ticket: Dogs & "Friends"');
    expect(text.split('\n')).toContain('PAW1.payload.signature');
    expect(text).toContain('Wednesday 1 July 2026, 10:00 (Europe/Berlin)');
    expect(text).toContain('25.00 EUR');
    expect(text).toContain('Hello Zoë <b>& Co</b>,');
  });

  it('escapes in HTML what people typed', () => {
    const { html } = render(confirmation);
    expect(html).toContain('Hello Zoë &lt;b&gt;&amp; Co&lt;/b&gt;,');
    expect(html).not.toContain('<b>');
    expect(html).toContain('PAW1.payload.signature');
  });

  it('says that a free enrollment is free', () => {
    const { text } = render({ ...confirmation, amountPaid: { amount: 0, currency: 'EUR' } });
    expect(text).toContain('free of charge');
  });

  it('tells the time on the spot on both sides of a change of clocks', () => {
    expect(localTime('2026-10-25T00:30:00.000Z', 'Europe/Berlin')).toContain('02:30');
    expect(localTime('2026-10-25T01:30:00.000Z', 'Europe/Berlin')).toContain('02:30');
    expect(localTime('2026-10-25T02:30:00.000Z', 'Europe/Berlin')).toContain('03:30');
  });
});
