import type { PlantedBug } from '../bug.ts';

const spec = 'test/simulation/simulation.spec.ts';
const plays = 'keeps its promises in';
const storms = 'ends in the same bytes';
const kept = 'keeps them where it once did not';
/**
 * As many plans as it takes to meet it, and no time spent on making it small. A seed other than the
 * usual one is for what few plans meet: a new step makes other plans of every seed, so there is room.
 */
const after = (plans: number, seed = 2027) => ({
  ...{ SEEDS: String(plans), SEED: String(seed), SHRINK_MS: '0' },
});

/** The simulated worlds: one bug for each of their invariants (test/simulation/invariants). */
export const simulationBugs: readonly PlantedBug[] = [
  {
    name: 'simulated-sells-one-seat-too-many',
    property: 'no-oversell',
    invariant: 'Seats held and confirmed are never more than the capacity, whoever crashes.',
    file: 'domain/seating/settle.ts',
    find: 'return seats.capacity - seats.holds.size',
    replace: 'return seats.capacity + 1 - seats.holds.size',
    ...{ spec, test: plays, env: after(8) },
    red: /no-oversell: .* taken seats of/,
  },
  {
    name: 'simulated-books-a-cent-less',
    property: 'money',
    invariant: 'The journal sums to zero after every event of every simulated run.',
    file: 'projections/finance-journal/accounts.ts',
    find: "debit('stripe-clearing', amount),\n      credit('customer-prepayments', amount),",
    replace: "debit('stripe-clearing', amount),\n      credit('customer-prepayments', amount - 1),",
    also: [
      {
        file: 'projections/finance-journal/accounts.ts',
        find: 'if (debits !== credits ||',
        replace: 'if (',
      },
    ],
    ...{ spec, test: plays, env: after(8) },
    red: /journal-balances: /,
  },
  {
    name: 'simulated-keeps-late-money',
    property: 'money',
    invariant: 'Money for which there is no seat goes back once, and whole.',
    file: 'sagas/hold-seat-until-paid/on-refused.ts',
    find: "refundAll(paymentId, payment.amount, 'late-payment'),",
    replace: '',
    ...{ spec, test: plays, env: after(60) },
    red: /paid-once-or-free: |refunded-once: /,
  },
  {
    name: 'simulated-a-refund-key-for-each-try',
    property: 'unknown-outcome',
    invariant: 'A refund whose answer got lost is found again, not made again.',
    file: 'platform/stripe/index.ts',
    find: 'stripe.createRefund(order, refundId)',
    replace: 'stripe.createRefund(order, refundId + String(host.now()))',
    also: [
      {
        file: 'platform/stripe/index.ts',
        find: 'if (before !== undefined) return before;',
        replace: '',
      },
    ],
    ...{ spec, test: plays, env: after(250, 2) },
    red: /sagas-end: |stripe-agrees: |refunded-once: /,
  },
  {
    name: 'simulated-a-payment-key-for-each-try',
    property: 'unknown-outcome',
    invariant: 'A PaymentIntent whose answer got lost is found again, not made again.',
    file: 'platform/stripe/index.ts',
    find: 'paymentId,\n              within(deadline),',
    replace: 'paymentId + String(host.now()),\n              within(deadline),',
    also: [
      {
        file: 'platform/stripe/index.ts',
        find: 'mayExist === true ? await findIntent(',
        replace: 'mayExist === undefined ? await findIntent(',
      },
    ],
    ...{ spec, test: plays, env: after(250, 7) },
    red: /charged-once: .*one payment has two PaymentIntents/,
  },
  {
    name: 'simulated-pays-twice-in-a-storm',
    property: 'webhook-storm',
    invariant: 'A webhook that comes again writes no row again.',
    file: 'domain/payment/observe.ts',
    find: "if (state.status === 'succeeded') return [];",
    replace: '',
    ...{ spec, test: storms },
    red: /in (order|a storm): finance_journal .*more, /,
  },
  {
    name: 'simulated-saves-the-checkpoint-first',
    property: 'crash',
    invariant: 'The checkpoint of the sagas is saved with what they made of the events.',
    file: 'sagas/_runtime/session.ts',
    find: 'const taken = await session.transaction(',
    replace:
      'await saveCheckpoint(client, reached);\n        const taken = await session.transaction(',
    ...{ spec, test: plays, env: after(40, 7) },
    red: /seats-agree: |ticket-once: |sagas-end: |refunded-once: |paid-once-or-free: /,
  },
  {
    name: 'simulated-ids-without-their-cause',
    property: 'saga',
    invariant: 'What follows from an input has ids of that input.',
    file: 'sagas/_runtime/react.ts',
    find: 'uuidv5(origin.id, `${saga.name}:${index}`)',
    replace: "uuidv5('6f2a4f0e-5c0e-5d0a-9f7b-7c5c1d9e4a11', `${saga.name}:${index}`)",
    ...{ spec, test: plays, env: after(8) },
    red: /seats-agree: |paid-once-or-free: |refunded-once: |timers-fire-once: |no-surprise: /,
  },
  {
    name: 'simulated-forgets-command-ids',
    property: 'idempotency',
    invariant: 'A command that is in the stream is answered from there.',
    file: 'commands/_runtime/stream-queue.ts',
    find: 'if (trace === undefined) {',
    replace: 'if (trace === undefined || trace.count > 0) {',
    ...{ spec, test: plays, env: after(8) },
    red: /same-answer: /,
  },
  {
    name: 'simulated-answers-the-clock',
    property: 'idempotency',
    invariant: 'A repeat answers what the first time did, whenever and wherever it is sent.',
    file: 'commands/enrollment/enroll.ts',
    find: 'return { id: enrollmentId, activityId, status, holdExpiresAt, amountDue };',
    replace:
      'return { id: enrollmentId, activityId, status, holdExpiresAt: holdExpiresAt && now, amountDue };',
    ...{ spec, test: plays, env: after(8) },
    red: /same-answer: .*the repeat answers/,
  },
  {
    name: 'simulated-pays-again-at-each-look',
    property: 'webhook-storm',
    invariant: 'What Stripe says is folded monotonically.',
    file: 'domain/payment/observe.ts',
    find: "if (state.status === 'succeeded') return [];",
    replace: '',
    ...{ spec, test: plays, env: after(8) },
    red: /stripe-agrees: |paid-once-or-free: /,
  },
  {
    name: 'simulated-lets-a-cancelled-ticket-in',
    property: 'saga',
    invariant: 'The ticket of a cancelled enrollment is void.',
    file: 'sagas/hold-seat-until-paid/on-enrollment.ts',
    find: 'state.ticketId === null ? [] : [voidIt(state.ticketId, cause)]',
    replace: 'state.ticketId === null ? [] : []',
    ...{ spec, test: plays, env: after(40) },
    red: /ticket-once: /,
  },
  {
    name: 'simulated-books-refunds-to-the-till',
    property: 'money',
    invariant: 'What the books say of Stripe is what is on the account.',
    file: 'projections/finance-journal/accounts.ts',
    find: "debit('refunds-payable', amount),\n      credit('stripe-clearing', amount),",
    replace: "debit('refunds-payable', amount),\n      credit('cash-tills', amount),",
    ...{ spec, test: plays, env: after(60, 7) },
    red: /stripe-agrees: the books say/,
  },
  {
    name: 'simulated-one-id-in-two-streams',
    property: 'log',
    invariant: 'An event id stands in the log once.',
    file: 'commands/_runtime/decide-batch.ts',
    find: 'eventIdOf(context.executionId, category, index)',
    replace: "eventIdOf(context.executionId, 'x', index)",
    ...{ spec, test: plays, env: after(8) },
    red: /one-id-one-event: /,
  },
  {
    name: 'simulated-leases-without-end',
    property: 'crash',
    invariant: 'A row whose worker was killed is taken over.',
    file: 'sagas/_runtime/outbox-rows.ts',
    find: "or (o.status = 'leased' and o.lease_until <= clock_timestamp())",
    replace: "or (o.status = 'leased' and o.lease_until <= '-infinity')",
    ...{ spec, test: plays, env: after(120, 7) },
    red: /not at rest after/,
  },
  {
    name: 'simulated-leases-of-the-inbox-outlive-a-clock',
    property: 'clock',
    invariant: 'A database clock that was set back holds up neither webhooks nor the statement.',
    file: 'sagas/follow-stripe/index.ts',
    find: 'mend: () => mendFuture(pool)',
    replace: 'mend: async () => 0',
    ...{ spec, test: kept },
    red: /stripe-agrees: |not at rest after/,
  },
];
