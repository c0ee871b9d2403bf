/**
 * Every I/O boundary of the way from an enrollment to its confirmation, and what goes across. An append
 * is named after an event in it.
 */
export const crashPoints = {
  'append.SeatHeld': 'the seat decision goes into the log',
  'append.EnrollmentRequested': 'the enrollment goes into the log',
  'append.PaymentAttemptOpened': 'the attempt to pay goes into the log',
  'append.PaymentIntentCreated': 'the id of the PaymentIntent goes into the log',
  'append.PaymentSucceeded': 'how the payment stands at Stripe goes into the log',
  'append.SeatConfirmed': 'the paid seat goes into the log',
  'append.EnrollmentConfirmed': 'the confirmation goes into the log',
  'append.TicketIssued': 'the ticket goes into the log',
  'append.ConfirmationSent': 'the mail that was sent goes into the log',
  'append.StatementLineRecorded': "a line of Stripe's statement goes into the log",
  'stripe.create-intent': 'the PaymentIntent is made',
  'stripe.fetch-intent': 'a webhook is answered by a look at its object',
  'stripe.list-statement': "a page of Stripe's statement is read",
  'inbox.store-webhook': 'a webhook is stored before it is answered',
  'inbox.take-object': 'a worker takes the lease on an object of Stripe',
  'inbox.end-object': 'an object that was followed is ticked off',
  'statement.close-sweep': 'the place in the statement is saved',
  'saga.commit': 'state, commands, timers, side effects and checkpoint are saved',
  'saga.take-rows': 'a worker takes outbox rows under a lease',
  'saga.perform-command': 'a saga sends a command',
  'saga.end-row': 'an outbox row is ticked off',
  'mail.send': 'the mail server takes the confirmation',
  'projections.commit': 'rows and checkpoints of the read models are saved',
  'nats.publish': 'events go to JetStream',
  'nats.save-checkpoint': 'the place of the relay is saved',
} as const;

export type CrashPoint = keyof typeof crashPoints;

/** When at a boundary. `sent`: it is on its way, and nobody here has heard an answer. */
export const crashMoments = ['before', 'sent', 'replied'] as const;
export type CrashMoment = (typeof crashMoments)[number];

export type CrashAt = {
  readonly point: CrashPoint;
  readonly moment: CrashMoment;
  /** At which passing; 1 for the first. */
  readonly passing: number;
};

const isPoint = (text: string): text is CrashPoint => Object.hasOwn(crashPoints, text);
const isMoment = (text: string): text is CrashMoment => crashMoments.some((one) => one === text);

/** `saga.commit.sent:2`; null: it is none. Without a number it is the first passing. */
export function parseCrashAt(text: string): CrashAt | null {
  const [, point = '', moment = '', digits = '1'] =
    /^([a-z-]+\.[A-Za-z-]+)\.([a-z]+)(?::(\d{1,6}))?$/.exec(text) ?? [];
  const passing = Number(digits);
  return isPoint(point) && isMoment(moment) && passing > 0 ? { point, moment, passing } : null;
}
