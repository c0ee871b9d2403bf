import { beforeEach, describe, expect, it } from 'vitest';
import type { DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { createLogger } from '../../platform/log/index.ts';
import type { Mail, Mailer } from '../../platform/mail/index.ts';
import type { SideEffectCall } from '../_runtime/definition.ts';
import { delivered } from '../_runtime/spec-kit.ts';
import { confirmationEffects } from './handler.ts';

const { enrollmentId, activityId, memberId, paymentId, ticketId } = exampleIds;
const ids = { enrollmentId, activityId, memberId };
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const requested = (name: string | null) => ({
  type: 'EnrollmentRequested',
  data: {
    ...ids,
    ...{ attendeeName: name, attendeeEmail: name === null ? null : 'zoe@example.com' },
    ...{ price: eur(2500), serviceFee: eur(0), amountDue: eur(2500) },
    ...{ outcome: 'held', holdExpiresAt: '2026-05-01T08:30:00.000Z' },
  },
});
const confirmed = {
  type: 'EnrollmentConfirmed',
  data: { ...ids, ticketId, paymentId, amountPaid: eur(2500) },
};
const cancelled = { type: 'EnrollmentCancelled', data: { ...ids, cause: 'by-member' } };
const drafted = {
  type: 'ActivityDrafted',
  data: {
    ...{ activityId, title: 'Puppy morning', description: '', venue: 'Tiergarten' },
    ...{ startsAt: '2026-07-01T08:00:00.000Z', endsAt: '2026-07-01T10:00:00.000Z' },
    ...{ timeZone: 'Europe/Berlin', price: eur(2500), capacity: 10 },
    ...{ waitlist: false, seatsPerMember: 1 },
  },
};

let mails: Mail[];
let mailServer: () => Promise<void>;
beforeEach(() => {
  mails = [];
  mailServer = async () => undefined;
});

function effectsOn(enrollment: readonly DomainEvent[]) {
  const streams: Record<string, readonly DomainEvent[]> = {
    [`enrollment-${enrollmentId}`]: enrollment,
    [`activity-${activityId}`]: [drafted],
  };
  const mailer: Mailer = {
    domain: 'pawprint.example',
    send: async (mail) => {
      await mailServer();
      mails.push(mail);
    },
    close: () => undefined,
  };
  const effects = confirmationEffects({
    eventStore: {
      readStream: async (stream) =>
        (streams[stream] ?? []).map(
          (event) => delivered(event as { type: string; data: object }) as StoredEvent,
        ),
    },
    secrets: { signTicket: () => 'PAW1.payload.signature' },
    mailer,
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
  return (send: SideEffectCall['send'] = async () => undefined): Promise<void> | undefined =>
    effects['send-confirmation-mail']?.({
      ...{ key: enrollmentId, payload: { enrollmentId }, attempt: 1, send },
      signal: new AbortController().signal,
    });
}

describe('the confirmation mail', () => {
  it('goes to the attendee under an id of the enrollment, and is recorded', async () => {
    const recorded: unknown[] = [];
    await effectsOn([requested('Zoë'), confirmed])(async ({ name }, params, body) => {
      recorded.push([name, params, body]);
    });
    const messageId = `<confirmation.${enrollmentId}@pawprint.example>`;
    expect(mails).toMatchObject([{ to: { name: 'Zoë', address: 'zoe@example.com' }, messageId }]);
    expect(recorded).toEqual([['record-confirmation-sent', { enrollmentId }, { messageId }]]);
  });

  it.each([
    ['was erased', [requested(null), confirmed]],
    ['has cancelled', [requested('Zoë'), confirmed, cancelled]],
    [
      'has it already',
      [requested('Zoë'), confirmed, { type: 'ConfirmationSent', data: { ...ids, messageId: 'x' } }],
    ],
  ])('is not sent to somebody who %s', async (_what, history) => {
    await effectsOn(history)();
    expect(mails).toEqual([]);
  });

  it('is not sent again while the log cannot be told that it was', async () => {
    const attempt = effectsOn([requested('Zoë'), confirmed]);
    await expect(attempt(() => Promise.reject(new Error('the log is away')))).rejects.toThrow(
      'away',
    );
    await attempt();
    expect(mails).toHaveLength(1);
  });

  it('is sent again when the mail server did not take it', async () => {
    const attempt = effectsOn([requested('Zoë'), confirmed]);
    mailServer = () => Promise.reject(new Error('busy'));
    await expect(attempt()).rejects.toThrow('busy');
    mailServer = async () => undefined;
    await attempt();
    expect(mails).toHaveLength(1);
  });
});
