import type { PlantedBug } from '../bug.ts';

/** The walk of I/O boundaries, each a part of it: platforms of several processes, killed. */
const walked: readonly Omit<PlantedBug, 'spec' | 'property'>[] = [
  {
    name: 'answers-stripe-before-it-has-stored',
    invariant: 'A webhook is answered once it is stored.',
    file: 'write-api/webhooks.ts',
    find: 'const outcome = await webhooks.receive(event, bytes).catch(',
    replace:
      "setTimeout(() => void webhooks.receive(event, bytes), 50);\n        const outcome = await Promise.resolve('new').catch(",
    env: { CRASH_ONLY: 'inbox.store-webhook' },
    red: /answered and not stored: evt_/,
  },
  {
    name: 'commits-the-place-before-the-rows',
    invariant: 'Rows of read models and their checkpoints are saved together, or not at all.',
    file: 'projections/_runtime/save.ts',
    find: 'const plans = await apply(client, members, batch);',
    replace:
      "await saveCheckpoints(client, members, batch);\n      await client.query('commit; begin');\n      const plans = await apply(client, members, batch);",
    env: { CRASH_ONLY: 'projections.commit' },
    red: /rows that say something else than the log/,
  },
  {
    name: 'tells-the-same-twice',
    invariant: 'Each event of a flow is in the log once, however often its process was killed.',
    file: 'sagas/_runtime/perform.ts',
    find: 'uuidv5(row.id, `${name}:${seen}`)',
    replace: 'uuidv5(row.id, `${name}:${seen}${Math.random()}`)',
    also: [
      {
        file: 'domain/enrollment/decide.ts',
        find: 'if (state.confirmationSent) return [];',
        replace: '',
      },
      {
        file: 'sagas/send-confirmation/handler.ts',
        find: ' || enrolled.confirmationSent',
        replace: '',
      },
    ],
    env: { CRASH_ONLY: 'append.ConfirmationSent' },
    red: /told twice: ConfirmationSent of enr_/,
  },
  {
    name: 'mails-each-ticket-twice',
    invariant:
      'A mail goes out once, but for a kill between the yes of the mail server and our record.',
    file: 'sagas/send-confirmation/handler.ts',
    find: 'const sending = mailer.send(mail).catch(',
    replace: 'const sending = mailer.send(mail).then(() => mailer.send(mail)).catch(',
    env: { CRASH_ONLY: 'mail.send' },
    red: /mailed again: <confirmation\.enr_/,
  },
  {
    name: 'asks-stripe-under-a-new-key',
    invariant: 'A payment has one PaymentIntent, however often it was begun.',
    file: 'platform/stripe/index.ts',
    find: 'mayExist === true ? await findIntent(',
    replace: 'mayExist === undefined ? await findIntent(',
    also: [
      {
        file: 'platform/stripe/api.ts',
        find: '{ idempotencyKey, ...patience },',
        replace: '{ idempotencyKey: `${idempotencyKey}${Math.random()}`, ...patience },',
      },
    ],
    env: { CRASH_ONLY: 'stripe.create-intent' },
    red: /succeeded 2500/,
  },
];

export const crashBugs: readonly PlantedBug[] = walked.map((bug) => ({
  ...bug,
  property: 'crash',
  spec: 'test/faults/crash-points/crash-points.spec.ts',
}));
