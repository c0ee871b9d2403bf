import type { StoredEvent } from '../../../domain/_kernel/event.ts';
import type { World } from '../world/index.ts';
import { type Intent, KEYS_KEPT_MS } from '../world/stripe.ts';
import type { EnrollmentFacts, Facts } from './facts.ts';

type Broken = readonly string[];
const holds: Broken = [];

/** A promise of the platform, and how it is checked: after every event, or when all has come to rest. */
export type Invariant = {
  readonly promise: string;
  readonly afterEvent?: (facts: Facts, event: StoredEvent, world: World) => Broken;
  readonly atRest?: (facts: Facts, world: World) => Broken | Promise<Broken>;
};

/** Over some days, with an outage of a day in them. */
const OFTEN = 25;

const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

/** What Stripe took for an enrollment and what of it went back, by Stripe's own books. */
function moneyOf({ stripe }: World, enrollmentId: string) {
  const taken = [...stripe.intents.values()].filter(
    ({ metadata, status }) => metadata['enrollment_id'] === enrollmentId && status === 'succeeded',
  );
  const backOf = (intentId: string) =>
    [...stripe.refunds.values()].filter(
      (refund) => refund.intentId === intentId && refund.status === 'succeeded',
    );
  return taken.map(({ id, amount, metadata }) => ({
    paymentId: metadata['payment_id'],
    amount,
    back: backOf(id).map((refund) => refund.amount),
  }));
}

/** Every enrollment through one check. */
const forEach =
  (check: (enrollment: EnrollmentFacts, id: string, facts: Facts, world: World) => string | null) =>
  (facts: Facts, world: World): Broken =>
    [...facts.enrollments].flatMap(([id, enrollment]) => {
      const broken = check(enrollment, id, facts, world);
      return broken === null ? [] : [`${id}: ${broken}`];
    });

/**
 * Whether a payment has a PaymentIntent too many. One more is made by a request that was on its way
 * for longer than Stripe keeps keys (a machine that slept a day between making and sending it), and no
 * client can prevent that; nobody is ever to be given its secret, so that it can take no money.
 */
function isDoubled(intents: readonly Intent[]): boolean {
  const inOrder = intents.toSorted((a, b) => a.created - b.created);
  const soon = inOrder.some(
    ({ created }, n) => created - (inOrder[n - 1]?.created ?? -KEYS_KEPT_MS) < KEYS_KEPT_MS,
  );
  return soon || intents.filter(({ confirmed }) => confirmed).length > 1;
}

function balanceOf(world: World, account: string): number {
  const lines = world.readModels
    .rows('finance_journal')
    .filter((line) => line['account'] === account);
  return total(lines.map(({ debit, credit }) => Number(debit) - Number(credit)));
}

type Count = { readonly n: number };

async function counted(world: World, what: string, sql: string): Promise<Broken> {
  const [row] = await world.database.look<Count>(`select count(*)::int as n from ${sql}`);
  return (row?.n ?? 0) === 0 ? holds : [`${row?.n} ${what}`];
}

/** The promises, by name. Every one of them was seen broken by a planted bug (README.md). */
export const invariants: Readonly<Record<string, Invariant>> = {
  'no-oversell': {
    promise: 'seats held and confirmed are never more than the capacity',
    afterEvent: (facts, { stream }) => {
      const activityId = stream.slice('seating-'.length) as `act_${string}`;
      if (!stream.startsWith('seating-')) return holds;
      const taken = facts.seats.get(activityId)?.size ?? 0;
      const capacity = facts.capacity.get(activityId) ?? 0;
      return taken <= capacity ? holds : [`${stream} has ${taken} taken seats of ${capacity}`];
    },
  },
  'journal-balances': {
    promise: 'the journal sums to zero in each currency after every event',
    afterEvent: (_facts, event, { readModels }) => {
      const sums = new Map<unknown, number>();
      for (const line of readModels.written('finance_journal')) {
        const { currency, debit, credit } = line;
        sums.set(currency, (sums.get(currency) ?? 0) + Number(debit) - Number(credit));
      }
      return [...sums].flatMap(([currency, sum]) =>
        sum === 0 ? [] : [`${event.type} leaves ${sum} ${currency}`],
      );
    },
  },
  'paid-once-or-free': {
    promise: 'a confirmed enrollment is paid exactly once or free; any other has cost nothing',
    atRest: forEach(({ status, amountDue }, id, _facts, world) => {
      const kept = moneyOf(world, id).map(({ amount, back }) => amount - total(back));
      const due = status === 'confirmed' ? amountDue : 0;
      return total(kept) === due
        ? null
        : `${status}, due ${due}, but Stripe keeps ${kept.join(' + ')}`;
    }),
  },
  'charged-once': {
    promise: 'nobody is charged twice for one payment, or keeps paying for two',
    atRest: forEach((_enrollment, id, _facts, world) => {
      const intents = [...world.stripe.intents.values()].filter(
        ({ metadata }) => metadata['enrollment_id'] === id,
      );
      const doubled = Map.groupBy(intents, ({ metadata }) => metadata['payment_id']);
      if ([...doubled.values()].some(isDoubled)) return 'one payment has two PaymentIntents';
      const money = moneyOf(world, id);
      const payments = new Set(money.map(({ paymentId }) => paymentId));
      const kept = money.filter(({ amount, back }) => total(back) < amount);
      if (payments.size < money.length) return 'one payment took money twice';
      return kept.length <= 1 ? null : `${kept.length} payments kept`;
    }),
  },
  'refunded-once': {
    promise: 'late or called-off money goes back exactly once, and whole',
    atRest: forEach(({ status, paymentId }, id, _facts, world) => {
      for (const { amount, back, paymentId: of } of moneyOf(world, id)) {
        const wanted = status === 'confirmed' && of === paymentId ? 0 : 1;
        if (back.length !== wanted || total(back) !== wanted * amount) {
          return `${of} of ${amount} (${status}) went back as ${JSON.stringify(back)}`;
        }
      }
      return null;
    }),
  },
  'sagas-end': {
    promise: 'nothing is parked, given up, waiting or due once all has come to rest',
    atRest: async (_facts, world) => [
      ...(await counted(world, 'inputs are parked', 'saga.parked')),
      ...(await counted(world, 'rows were given up', "saga.outbox where status = 'dead'")),
      ...(await counted(world, 'rows wait', "saga.outbox where status in ('pending', 'leased')")),
      ...(await counted(world, 'timers wait', "saga.timers where status = 'pending'")),
      ...(await counted(
        world,
        'webhooks wait',
        "stripe.inbox where status in ('pending', 'dead')",
      )),
    ],
  },
  'seats-agree': {
    promise: 'seats and enrollments say the same, and no hold outlives its time',
    atRest: (facts, world) => [
      ...forEach(({ status, activityId }, id) => {
        const seat = facts.seats.get(activityId)?.get(id as `enr_${string}`) ?? null;
        const wanted = status === 'confirmed' ? 'confirmed' : null;
        return seat === wanted ? null : `it is ${status}, its seat ${seat ?? 'free'}`;
      })(facts, world),
      ...[...facts.seats].flatMap(([activityId, seats]) =>
        [...seats.keys()]
          .filter((id) => !facts.enrollments.has(id))
          .map((id) => `${activityId} keeps a seat for ${id}, which never enrolled`),
      ),
    ],
  },
  'ticket-once': {
    promise:
      'a confirmed enrollment has one ticket and one confirmation on record; a cancelled one no valid ticket',
    afterEvent: (facts, { type, data }) => {
      if (type !== 'TicketIssued') return holds;
      const { enrollmentId } = data as { enrollmentId: `enr_${string}` };
      const issued = facts.tickets.get(enrollmentId)?.issued ?? 0;
      return issued <= 1 ? holds : [`${enrollmentId} has ${issued} tickets`];
    },
    atRest: forEach(({ status, mailsSent }, id, facts) => {
      const ticket = facts.tickets.get(id as `enr_${string}`);
      if (status === 'confirmed') {
        const one = ticket?.issued === 1 && ticket.voided === 0 && mailsSent === 1;
        return one
          ? null
          : `confirmed with ${JSON.stringify(ticket)}, ${mailsSent} mails on record`;
      }
      const valid = ticket !== undefined && ticket.voided !== 1;
      return valid ? `${status}, and its ticket was voided ${ticket.voided} times` : null;
    }),
  },
  'timers-fire-once': {
    promise: 'no timer fires twice',
    atRest: (_facts, world) =>
      counted(
        world,
        'timers fired twice',
        '(select id from sim.fired group by id having count(*) > 1) as twice',
      ),
  },
  'timers-in-measure': {
    promise: 'what waits is looked at now and then, not in bursts',
    atRest: (_facts, world) =>
      counted(
        world,
        `timers fired more than ${OFTEN} times under one name`,
        `(select 1 from sim.fired group by saga, instance, name having count(*) > ${OFTEN}) as often`,
      ),
  },
  'stripe-agrees': {
    promise: 'what the books say of Stripe is what is on the account, line by line',
    atRest: (_facts, world) => {
      const [books, account] = [balanceOf(world, 'stripe-clearing'), world.stripe.balance()];
      const lines = world.events.filter(({ type }) => type === 'StatementLineRecorded');
      const recorded = total(lines.map(({ data }) => (data as { net: number }).net));
      return [
        ...(books === account ? [] : [`the books say ${books}, Stripe ${account}`]),
        ...(recorded === account
          ? []
          : [`recorded lines sum to ${recorded}, Stripe's to ${account}`]),
      ];
    },
  },
  'same-answer': {
    promise:
      'an answered command is in the log, and answers the same for ever; no answer is a surprise',
    atRest: (_facts, { clients }) => clients.complaints,
  },
  'one-id-one-event': {
    promise: 'no event id is in the log twice',
    afterEvent: (facts, { id, type }) => {
      if (facts.ids.has(id)) return [`the id of ${type} was there already`];
      facts.ids.add(id);
      return holds;
    },
  },
};
