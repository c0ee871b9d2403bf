import type { EventMetadata } from '../../domain/_kernel/event.ts';
import { deriveId, eventIdOf, PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Told } from '../_runtime/spec-kit.ts';

/**
 * A season as a log: activities, members who enroll, pay, wait, lapse, cancel and come, gifts,
 * articles and Stripe's statement, interleaved. The same seed gives the same log. Every event type a
 * projection listens to turns up, so that a rebuild has something to differ in.
 */
export function season(options: { seed?: number; enrollments?: number } = {}): DeliveredEvent[] {
  const random = generator(options.seed ?? 1);
  const stories: Story[] = [articles()];
  const activities = [0, 1, 2].map((n) => deriveId('act', `season ${n}`));
  const opening = activities.flatMap((id, n) => opened(id, n));
  stories.push(gifts(activities[0] ?? deriveId('act', 'none')));
  for (let n = 0; n < (options.enrollments ?? 60); n += 1) {
    const activityId = activities[Math.floor(random() * activities.length)] ?? '';
    stories.push(enrollment(n, activityId, random));
  }
  for (let n = 0; n < 4; n += 1) stories.push(petStory(n));
  stories.push(doorStory(activities[0] ?? ''), [strayLine()]);
  return number([...opening, ...interleave(stories, random), ...closing(activities[2] ?? '')]);
}

type Story = Told[];

/** mulberry32: small, seeded, good enough to shuffle. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Mixes stories, each in its own order. */
function interleave(stories: readonly Story[], random: () => number): Told[] {
  const left = stories.map((story) => [...story]);
  const told: Told[] = [];
  for (;;) {
    const open = left.filter((story) => story.length > 0);
    const next = open[Math.floor(random() * Math.min(open.length, 8))]?.shift();
    if (next === undefined) return told;
    told.push(next);
  }
}

const at = (ordinal: number): string =>
  new Date(Date.parse('2026-05-01T08:00:00.000Z') + ordinal * 1000).toISOString();

function number(told: readonly Told[]): DeliveredEvent[] {
  const revisions = new Map<string, number>();
  return told.map(([stream, event], index) => {
    const revision = revisions.get(stream) ?? 0;
    revisions.set(stream, revision + 1);
    const ordinal = index + 1;
    const commandId = uuidv5(PAWPRINT_NAMESPACE, `season ${ordinal}`);
    const metadata: EventMetadata = {
      commandId,
      inputHash: 'season',
      $correlationId: commandId,
      $causationId: commandId,
      actor: { kind: 'person', id: deriveId('mem', `actor ${ordinal % 5}`) },
      occurredAt: at(ordinal),
      recordedAt: at(ordinal),
      schemaVersion: 1,
    };
    const id = eventIdOf(commandId, stream, 0);
    const position = BigInt(ordinal) * 100n;
    return { ...event, id, stream, revision, position, metadata, ordinal, poison: null };
  });
}

function opened(activityId: string, n: number): Told[] {
  const activity = `activity-${activityId}`;
  const seats = { capacity: 20, waitlist: true, seatsPerMember: 2 };
  const [startsAt, endsAt] = [at(100_000 + n), at(107_200 + n)];
  const plan = {
    activityId,
    title: `Puppy week ${n}`,
    description: '',
    venue: 'Kita 7, Berlin',
    startsAt,
    endsAt,
    timeZone: 'Europe/Berlin',
    price: { amount: 2500, currency: 'EUR' },
    ...seats,
  };
  return [
    [activity, { type: 'ActivityDrafted', data: plan }],
    [activity, { type: 'ActivityPublished', data: { activityId } }],
    [
      `seating-${activityId}`,
      { type: 'SeatingOpened', data: { activityId, ...seats, closesAt: startsAt } },
    ],
  ];
}

function closing(activityId: string): Told[] {
  return [
    [
      `activity-${activityId}`,
      { type: 'ActivityCancelled', data: { activityId, reason: 'Heavy rain' } },
    ],
    [
      `seating-${activityId}`,
      { type: 'SeatingClosed', data: { activityId, cause: 'activity-cancelled' } },
    ],
  ];
}

function articles(): Story {
  return [0, 1, 2].flatMap((n): Told[] => {
    const articleId = deriveId('art', `season ${n}`);
    const slug = `puppy-tips-${n}`;
    const text = { title: `Tips ${n}`, summary: 'Short', body: 'Long', tags: ['puppy'] };
    return [
      [
        `article-${articleId}`,
        { type: 'ArticleDrafted', data: { articleId, slug, ...text, language: 'en' } },
      ],
      [
        `article-${articleId}`,
        { type: 'ArticlePublished', data: { articleId, slug, visibleFrom: at(n) } },
      ],
    ];
  });
}

/** The first four members have a pet, and bring it along. */
const petOf = (n: number) => deriveId('pet', `season ${n}`);

function petStory(n: number): Story {
  const ids = { petId: petOf(n), memberId: deriveId('mem', `season ${n}`) };
  const stream = `pet-${ids.petId}`;
  const details = { name: `Rex ${n}`, species: 'dog', breed: '', birthDate: '2025-11-20' };
  const vaccination = { vaccine: 'Rabies', givenOn: '2026-03-02', validUntil: null };
  const story: Story = [
    [stream, { type: 'PetAdded', data: { ...ids, ...details } }],
    [stream, { type: 'VaccinationRecorded', data: { ...ids, ...vaccination } }],
  ];
  if (n % 2 === 1) {
    const changed = { ...ids, ...details, breed: 'Beagle' };
    story.push([stream, { type: 'PetDetailsChanged', data: changed }]);
  }
  if (n === 3) story.push([stream, { type: 'PetRemoved', data: ids }]);
  return story;
}

function gifts(activityId: string): Story {
  const batchId = deriveId('bat', 'season');
  const stream = `giftstock-${batchId}`;
  const hash = (n: number) => n.toString(16).padStart(64, '0');
  const item = 'Engraved bowl';
  const codeHashes = [1, 2, 3, 4].map(hash);
  return [
    [stream, { type: 'GiftsIssued', data: { batchId, activityId, item, stock: 3, codeHashes } }],
    ...[1, 2].map(
      (n): Told => [
        stream,
        {
          type: 'GiftRedeemed',
          data: {
            giftId: deriveId('gft', `season ${n}`),
            batchId,
            activityId,
            item,
            codeHash: hash(n),
            stockLeft: 3 - n,
          },
        },
      ],
    ),
  ];
}

const euro = (amount: number) => ({ amount, currency: 'EUR' });
const [PRICE, SERVICE_FEE, STRIPE_FEE] = [2500, 125, 64];
const DUE = PRICE + SERVICE_FEE;

function enrollment(n: number, activityId: string, random: () => number): Story {
  const ids = {
    enrollmentId: deriveId('enr', `season ${n}`),
    activityId,
    memberId: deriveId('mem', `season ${n % 17}`),
  };
  const [own, seating] = [`enrollment-${ids.enrollmentId}`, `seating-${activityId}`];
  const holdExpiresAt = at(50_000 + n);
  const waits = random() < 0.2;
  const requested = {
    ...ids,
    attendeeName: `Attendee ${n}`,
    attendeeEmail: `a${n}@example.com`,
    price: euro(PRICE),
    serviceFee: euro(SERVICE_FEE),
    amountDue: euro(DUE),
    outcome: waits ? 'waitlisted' : 'held',
    holdExpiresAt: waits ? null : holdExpiresAt,
    ...(n % 17 < 4 ? { petIds: [petOf(n % 17)] } : {}),
  };
  const held = (cause: string): Told => [
    seating,
    { type: 'SeatHeld', data: { ...ids, heldUntil: holdExpiresAt, cause } },
  ];
  const story: Story = waits
    ? [
        [seating, { type: 'SeatWaitlisted', data: { ...ids, holdMinutes: 15 } }],
        [own, { type: 'EnrollmentRequested', data: requested }],
        held('promoted'),
        [own, { type: 'EnrollmentPromoted', data: { ...ids, holdExpiresAt } }],
      ]
    : [held('enrolled'), [own, { type: 'EnrollmentRequested', data: requested }]];
  const fate = random();
  if (fate < 0.2) return [...story, ...lapses(ids)];
  story.push(...pays(ids, n, random));
  if (fate < 0.3) return [...story, ...lapses(ids), ...refunds(ids, n, random, 'late-payment')];
  story.push(...confirmed(ids, n, random));
  if (fate < 0.5) {
    story.push(...cancels(ids), ...refunds(ids, n, random, 'enrollment-cancelled'));
  }
  return story;
}

type Ids = {
  readonly enrollmentId: string;
  readonly activityId: string;
  readonly memberId: string;
};

const paymentOf = ({ enrollmentId }: Ids) => deriveId('pay', enrollmentId);

const lapses = (ids: Ids): Story => [
  [
    `seating-${ids.activityId}`,
    { type: 'SeatReleased', data: { ...ids, was: 'held', cause: 'hold-expired' } },
  ],
  [
    `enrollment-${ids.enrollmentId}`,
    { type: 'EnrollmentLapsed', data: { ...ids, cause: 'hold-expired' } },
  ],
];

function pays(ids: Ids, n: number, random: () => number): Story {
  const paymentId = paymentOf(ids);
  const all = { ...ids, paymentId };
  const stream = `payment-${paymentId}`;
  const [intentId, chargeId] = [`pi_${n}`, `ch_${n}`];
  const story: Story = [
    [
      `enrollment-${ids.enrollmentId}`,
      { type: 'PaymentAttemptOpened', data: { ...all, attempt: 1, amount: euro(DUE) } },
    ],
    [stream, { type: 'PaymentStarted', data: { ...all, method: 'card', amount: euro(DUE) } }],
    [stream, { type: 'PaymentIntentCreated', data: { ...all, intentId } }],
  ];
  if (random() < 0.2) {
    const codes = { code: 'card_declined', declineCode: 'insufficient_funds' };
    story.push([stream, { type: 'PaymentDeclined', data: { ...all, chargeId: null, ...codes } }]);
  }
  const paid = { ...all, intentId, chargeId, amount: euro(DUE), paidAt: at(n) };
  story.push([stream, { type: 'PaymentSucceeded', data: paid }]);
  const fee: Told = [
    stream,
    {
      type: 'PaymentFeeCharged',
      data: {
        ...all,
        balanceTransactionId: `txn_c${n}`,
        fee: euro(STRIPE_FEE),
        net: euro(DUE - STRIPE_FEE),
      },
    },
  ];
  const line = statementLine(`txn_c${n}`, all, 'charge', [DUE, STRIPE_FEE]);
  // The statement may be read before the fee is known from the payment itself.
  if (random() < 0.5) story.push(fee, line);
  else story.push(line, fee);
  return story;
}

/** A till at the door: two pay in cash, one of them gets it back, and the count agrees. */
function doorStory(activityId: string): Story {
  const tillId = deriveId('til', 'season');
  const till = { tillId, activityId };
  const stream = `till-${tillId}`;
  const story: Story = [[stream, { type: 'TillOpened', data: { ...till, float: euro(10_000) } }]];
  // The first keeps the seat, the second got the money back, the others are still owed it.
  for (const n of [0, 1, 2, 3]) {
    const ids = {
      enrollmentId: deriveId('enr', `door ${n}`),
      activityId,
      memberId: deriveId('mem', `door ${n}`),
    };
    const [own, seating] = [`enrollment-${ids.enrollmentId}`, `seating-${activityId}`];
    const paymentId = deriveId('pay', `door ${n}`);
    const payment = `payment-${paymentId}`;
    const cash = { ...ids, paymentId, tillId, amount: euro(DUE) };
    const requested = {
      ...{ ...ids, attendeeName: `Door ${n}`, attendeeEmail: `door${n}@example.com` },
      ...{ price: euro(PRICE), serviceFee: euro(SERVICE_FEE), amountDue: euro(DUE) },
      ...{ outcome: 'held', holdExpiresAt: at(50_000) },
    };
    const paid = {
      ...ids,
      ticketId: deriveId('tkt', `door ${n}`),
      paymentId,
      amountPaid: euro(DUE),
    };
    story.push(
      [seating, { type: 'SeatHeld', data: { ...ids, heldUntil: at(50_000), cause: 'enrolled' } }],
      [own, { type: 'EnrollmentRequested', data: requested }],
      [stream, { type: 'CashTaken', data: cash }],
      [payment, { type: 'CashPaymentReceived', data: cash }],
      [seating, { type: 'SeatConfirmed', data: { ...ids, cause: 'paid' } }],
      [own, { type: 'EnrollmentConfirmed', data: paid }],
    );
    if (n === 0) continue;
    const refund = { ...cash, refundId: deriveId('ref', `door ${n}`) };
    const { tillId: _till, ...promise } = { ...refund, cause: 'enrollment-cancelled' };
    story.push(
      [own, { type: 'EnrollmentCancelled', data: { ...ids, cause: 'by-staff' } }],
      [seating, { type: 'SeatReleased', data: { ...ids, was: 'confirmed', cause: 'cancelled' } }],
      [payment, { type: 'RefundRequested', data: promise }],
    );
    if (n > 1) continue;
    story.push(
      [stream, { type: 'CashPaidOut', data: refund }],
      [payment, { type: 'CashRefundPaidOut', data: refund }],
    );
  }
  const inside = euro(10_000 + 3 * DUE);
  const count = { expected: inside, counted: inside, over: euro(0), short: euro(0) };
  const sums = { float: euro(10_000), taken: euro(2 * DUE), paidOut: euro(DUE), ...count };
  story.push([stream, { type: 'TillClosed', data: { ...till, ...sums } }]);
  return story;
}

function statementLine(
  balanceTransactionId: string,
  { paymentId, activityId }: Ids & { readonly paymentId: string },
  category: string,
  [gross, fee]: readonly [gross: number, fee: number],
): Told {
  return [
    `statement-${balanceTransactionId}`,
    {
      type: 'StatementLineRecorded',
      data: {
        balanceTransactionId,
        type: category,
        reportingCategory: category,
        gross,
        fee,
        net: gross - fee,
        currency: 'EUR',
        sourceId: null,
        paymentId,
        activityId,
        bookedAt: at(1),
        availableAt: at(2),
      },
    },
  ];
}

function strayLine(): Told {
  const [stream, event] = statementLine(
    'txn_stray',
    { enrollmentId: '', memberId: '', activityId: '', paymentId: '' },
    'other_adjustment',
    [-700, 0],
  );
  const data = { ...(event.data as object), paymentId: null, activityId: null };
  return [stream, { ...event, data }];
}

function confirmed(ids: Ids, n: number, random: () => number): Story {
  const own = `enrollment-${ids.enrollmentId}`;
  const ticketId = deriveId('tkt', ids.enrollmentId);
  const paymentId = paymentOf(ids);
  const ticket = { ticketId, ...ids };
  const story: Story = [
    [`seating-${ids.activityId}`, { type: 'SeatConfirmed', data: { ...ids, cause: 'paid' } }],
    [
      own,
      { type: 'EnrollmentConfirmed', data: { ...ids, ticketId, paymentId, amountPaid: euro(DUE) } },
    ],
    [`ticket-${ticketId}`, { type: 'TicketIssued', data: ticket }],
    [own, { type: 'ConfirmationSent', data: { ...ids, messageId: `<${n}@pawprint>` } }],
  ];
  const scans = Math.floor(random() * 3);
  for (let scan = 0; scan < scans; scan += 1) {
    const first = scan === 0;
    story.push([
      `ticket-${ticketId}`,
      {
        type: 'TicketScanned',
        data: {
          ...ticket,
          scannedFor: ids.activityId,
          deviceId: 'door-1',
          nonce: `${n}-${scan}`,
          scannedAt: at(100_000 + scan),
          decision: first ? 'admitted' : 'already-checked-in',
          admittedAt: first ? null : at(100_000),
        },
      },
    ]);
  }
  return story;
}

function cancels(ids: Ids): Story {
  const ticket = { ticketId: deriveId('tkt', ids.enrollmentId), ...ids };
  return [
    [
      `enrollment-${ids.enrollmentId}`,
      { type: 'EnrollmentCancelled', data: { ...ids, cause: 'by-member' } },
    ],
    [
      `seating-${ids.activityId}`,
      { type: 'SeatReleased', data: { ...ids, was: 'confirmed', cause: 'cancelled' } },
    ],
    [
      `ticket-${ticket.ticketId}`,
      { type: 'TicketVoided', data: { ...ticket, cause: 'enrollment-cancelled' } },
    ],
  ];
}

function refunds(ids: Ids, n: number, random: () => number, cause: string): Story {
  const paymentId = paymentOf(ids);
  const all = { ...ids, paymentId };
  const stream = `payment-${paymentId}`;
  const refund = { ...all, refundId: deriveId('ref', ids.enrollmentId), amount: euro(DUE) };
  const story: Story = [[stream, { type: 'RefundRequested', data: { ...refund, cause } }]];
  const fate = random();
  const failed: Told = [
    stream,
    { type: 'RefundFailed', data: { ...refund, stripeRefundId: `re_${n}`, code: 'lost_card' } },
  ];
  if (fate < 0.15) return [...story, failed];
  story.push(
    [
      stream,
      {
        type: 'RefundSettled',
        data: { ...refund, stripeRefundId: `re_${n}`, balanceTransactionId: `txn_r${n}` },
      },
    ],
    statementLine(`txn_r${n}`, all, 'refund', [-DUE, 0]),
  );
  if (fate < 0.3) {
    story.push(failed, statementLine(`txn_f${n}`, all, 'refund_failure', [DUE, 0]));
  }
  return story;
}
