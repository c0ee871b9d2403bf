import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import type { StripeApi } from '../../../platform/stripe/index.ts';
import type { Chance } from './chance.ts';
import type { Network } from './faults.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export type Intent = {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled';
  charge: Charge | null;
  declines: number;
  /** Somebody who was given its client secret came to pay. */
  confirmed: boolean;
};
type Charge = { readonly id: string; readonly created: number; transaction: Transaction | null };
export type Refund = {
  readonly id: string;
  readonly intentId: string;
  readonly amount: number;
  readonly metadata: Readonly<Record<string, string>>;
  status: 'pending' | 'succeeded' | 'failed';
  transaction: Transaction | null;
};
type Transaction = {
  readonly id: string;
  readonly type: 'charge' | 'refund' | 'refund_failure';
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly created: number;
  readonly source: { id: string; metadata: Record<string, string>; payment_intent: string };
};

/** A hint that Stripe sends: what it says is fetched again. */
export type StripeEvent = {
  readonly id: string;
  readonly type: string;
  readonly object: { type: 'payment_intent' | 'refund'; id: string };
};

export type Card = 'pays' | 'is-declined' | 'asks-the-bank' | 'takes-its-time';

export type SimulatedStripe = {
  /** The API as one life of a process reaches it. */
  open(owner: Owner): StripeApi;
  /** What the payer does with the client secret, in a browser: not through our processes. */
  confirm(intentId: string, card: Card): void;
  /** The bank's answer to `requires_action` or `processing`; none of them: nothing happens. */
  answerOfBank(intentId: string, pays: boolean): void;
  readonly intents: ReadonlyMap<string, Intent>;
  readonly refunds: ReadonlyMap<string, Refund>;
  /** What is on the account, in minor units: what Stripe would say. */
  balance(): number;
};

/** Stripe forgets idempotency keys after a day. */
export const KEYS_KEPT_MS = 24 * 3600_000;
/** Its search lags behind by up to a minute. */
const SEARCH_LAG_MS = 60_000;
/** After five in a row the money waits for a person, and no run comes to rest. */
const MOST_FAILURES = 2;
const FEE = { fixed: 25, share: 0.015 };
const BANK: Owner = { name: 'stripe', alive: true, outside: true };

const short = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 20);

/**
 * Stripe as far as a payment of ours goes: intents, charges, refunds, the statement, idempotency
 * keys that are forgotten, a search that lags. Its ids derive from what they are of, so that two
 * orders of the same events can be compared. Its clock is true time.
 */
export function createStripe(options: {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly chance: Chance;
  /** How many refunds of a hundred the bank sends back. */
  readonly failingRefunds: number;
  readonly onEvent: (event: StripeEvent) => void;
}): SimulatedStripe {
  const { scheduler, network, chance, onEvent } = options;
  const intents = new Map<string, Intent>();
  const refunds = new Map<string, Refund>();
  const statement: Transaction[] = [];
  const keys = new Map<string, { readonly answer: unknown; readonly at: number }>();
  const counts = new Map<string, number>();
  const seconds = (): number => Math.floor(scheduler.now() / 1000);

  const idOf = (prefix: string, of: string): string => {
    const number = counts.get(prefix + of) ?? 0;
    counts.set(prefix + of, number + 1);
    return `${prefix}_${short(`${of}:${number}`)}`;
  };
  const happened = (type: string, object: StripeEvent['object']): void =>
    onEvent({ id: idOf('evt', `${type}:${object.id}`), type, object });
  const ofIntent = (type: string, { id }: Intent) => happened(type, { type: 'payment_intent', id });
  const later = (label: string, run: () => void): void => {
    scheduler.at(scheduler.now() + 200 + chance.below(5000), { owner: BANK, label, run });
  };
  const refuse = (code: string, message: string): never => {
    throw new Stripe.errors.StripeInvalidRequestError({
      type: 'invalid_request_error',
      code,
      message,
    });
  };

  const book = (
    type: Transaction['type'],
    amount: number,
    of: { id: string; metadata: Readonly<Record<string, string>>; intent: Intent },
  ): Transaction => {
    const fee = type === 'charge' ? FEE.fixed + Math.round(amount * FEE.share) : 0;
    const source = { id: of.id, metadata: { ...of.metadata }, payment_intent: of.intent.id };
    const { currency } = of.intent;
    const line = {
      id: idOf('txn', of.id),
      type,
      amount,
      fee,
      currency,
      created: seconds(),
      source,
    };
    statement.push(line);
    return line;
  };

  const charge = (intent: Intent): void => {
    const made: Charge = { id: idOf('ch', intent.id), created: seconds(), transaction: null };
    intent.status = 'succeeded';
    intent.charge = made;
    const settle = (): void => {
      const { metadata } = intent;
      made.transaction = book('charge', intent.amount, { id: made.id, metadata, intent });
      ofIntent('charge.updated', intent);
    };
    ofIntent('payment_intent.succeeded', intent);
    // The balance transaction comes with the charge, or some seconds after it.
    if (chance.percent(50)) settle();
    else later(`balance transaction of ${made.id}`, settle);
  };

  const settleRefund = (refund: Refund, intent: Intent): void => {
    refund.status = 'succeeded';
    refund.transaction = book('refund', -refund.amount, { ...refund, intent });
    happened('refund.updated', { type: 'refund', id: refund.id });
  };
  const bounce = (refund: Refund, intent: Intent): void => {
    if (refund.status === 'succeeded') book('refund_failure', refund.amount, { ...refund, intent });
    refund.status = 'failed';
    happened('refund.failed', { type: 'refund', id: refund.id });
  };

  const answerOf = (intent: Intent) => ({
    id: intent.id,
    status: intent.status,
    amount_received: intent.status === 'succeeded' ? intent.amount : 0,
    currency: intent.currency,
    client_secret: `${intent.id}_secret`,
    cancellation_reason: intent.status === 'canceled' ? 'abandoned' : null,
    metadata: { ...intent.metadata },
    latest_charge:
      intent.charge === null
        ? null
        : {
            id: intent.charge.id,
            created: intent.charge.created,
            balance_transaction: withNet(intent.charge.transaction),
          },
    last_payment_error:
      intent.declines === 0
        ? null
        : {
            charge: `ch_${short(`${intent.id}:decline:${intent.declines}`)}`,
            code: 'card_declined',
            type: 'card_error',
            decline_code: 'insufficient_funds',
          },
  });
  const refundAnswer = (refund: Refund) => ({
    id: refund.id,
    amount: refund.amount,
    status: refund.status,
    ...(refund.status === 'failed' ? { failure_reason: 'expired_or_canceled_card' } : {}),
    balance_transaction: refund.transaction?.id ?? null,
    payment_intent: refund.intentId,
    metadata: { ...refund.metadata },
  });

  const intentOf = (id: string): Intent =>
    intents.get(id) ?? refuse('resource_missing', `no such payment_intent: ${id}`);

  const once = <T>(key: string, work: () => T): T => {
    const known = keys.get(key);
    if (known !== undefined && scheduler.now() - known.at < KEYS_KEPT_MS) return known.answer as T;
    const answer = work();
    keys.set(key, { answer, at: scheduler.now() });
    return answer;
  };

  const refuseWhatIsNotThere = (intent: Intent, amount: number): void => {
    const gone = [...refunds.values()]
      .filter((other) => other.intentId === intent.id && other.status !== 'failed')
      .reduce((sum, other) => sum + other.amount, 0);
    if (intent.status !== 'succeeded') refuse('charge_not_captured', 'nothing was captured');
    if (gone + amount > intent.amount) refuse('charge_already_refunded', 'nothing is left of it');
  };

  /** At once, some seconds later, or back from the bank: at most twice in a row. */
  const process = (refund: Refund, intent: Intent): void => {
    const failed = [...refunds.values()].filter((other) => other.intentId === intent.id).length - 1;
    if (failed < MOST_FAILURES && chance.percent(options.failingRefunds)) {
      if (chance.percent(50)) settleRefund(refund, intent);
      later(`the bank sends ${refund.id} back`, () => bounce(refund, intent));
    } else if (chance.percent(60)) settleRefund(refund, intent);
    else later(`refund ${refund.id} settles`, () => settleRefund(refund, intent));
  };

  const createRefund: StripeApi['createRefund'] = async ({ intentId, amount, metadata }, key) =>
    once(key, () => {
      const intent = intentOf(intentId);
      refuseWhatIsNotThere(intent, amount);
      const refund: Refund = {
        id: idOf('re', `${intentId}:${metadata['refund_id']}`),
        ...{ intentId, amount, metadata, status: 'pending', transaction: null },
      };
      refunds.set(refund.id, refund);
      happened('refund.created', { type: 'refund', id: refund.id });
      process(refund, intent);
      return refundAnswer(refund);
    });

  const api: StripeApi = {
    createIntent: async ({ amount, currency, metadata }, key) =>
      once(key, () => {
        const id = idOf('pi', metadata['payment_id'] ?? '');
        const intent: Intent = {
          ...{ id, amount, currency, metadata, created: scheduler.now() },
          ...{ status: 'requires_payment_method', charge: null, declines: 0, confirmed: false },
        };
        intents.set(id, intent);
        ofIntent('payment_intent.created', intent);
        return answerOf(intent);
      }),
    retrieveIntent: async (id) => answerOf(intentOf(id)),
    searchIntents: async (paymentId) => ({
      data: [...intents.values()]
        .filter(({ metadata }) => metadata['payment_id'] === paymentId)
        .filter(({ created }) => scheduler.now() - created > chance.below(SEARCH_LAG_MS))
        .map(answerOf),
    }),
    cancelIntent: async (id, key) => {
      const intent = intentOf(id);
      if (intent.status === 'succeeded' || intent.status === 'processing') {
        refuse('payment_intent_unexpected_state', `it is ${intent.status}`);
      }
      return once(key, () => {
        if (intent.status === 'canceled') refuse('payment_intent_unexpected_state', 'canceled');
        intent.status = 'canceled';
        ofIntent('payment_intent.canceled', intent);
        return answerOf(intent);
      });
    },
    createRefund,
    retrieveRefund: async (id) => {
      const refund = refunds.get(id);
      return refund === undefined
        ? refuse('resource_missing', `no such refund: ${id}`)
        : refundAnswer(refund);
    },
    listRefunds: async (intentId) => ({
      data: [...refunds.values()].filter((one) => one.intentId === intentId).map(refundAnswer),
    }),
    listBalanceTransactions: async ({ limit, createdFrom, createdTo, after }) => {
      const wanted = statement
        .filter(({ created }) => created >= createdFrom && created <= (createdTo ?? created))
        .toReversed();
      const start = after === undefined ? 0 : wanted.findIndex(({ id }) => id === after) + 1;
      return {
        data: wanted.slice(start, start + limit).map((line) => ({
          ...withNet(line),
          ...{ reporting_category: line.type, available_on: line.created + 7 * 86_400 },
        })),
        has_more: wanted.length > start + limit,
      };
    },
  };

  const open = (owner: Owner): StripeApi => {
    const lost = () =>
      new Stripe.errors.StripeConnectionError({ type: 'api_error', message: 'simulated: cut' });
    const over =
      <Given extends unknown[], Answer>(name: string, call: (...given: Given) => Promise<Answer>) =>
      (...given: Given): Promise<Answer> =>
        network.call({ owner, label: `stripe ${name}`, work: () => call(...given), lost });
    return {
      createIntent: over('create intent', api.createIntent),
      retrieveIntent: over('look at intent', api.retrieveIntent),
      searchIntents: over('search intents', api.searchIntents),
      cancelIntent: over('cancel intent', api.cancelIntent),
      createRefund: over('create refund', api.createRefund),
      retrieveRefund: over('look at refund', api.retrieveRefund),
      listRefunds: over('list refunds', api.listRefunds),
      listBalanceTransactions: over('read statement', api.listBalanceTransactions),
    };
  };

  const confirming: Readonly<Record<Card, (intent: Intent) => void>> = {
    pays: charge,
    'is-declined': (intent) => {
      intent.declines += 1;
      ofIntent('payment_intent.payment_failed', intent);
    },
    'asks-the-bank': (intent) => {
      intent.status = 'requires_action';
      ofIntent('payment_intent.requires_action', intent);
    },
    'takes-its-time': (intent) => {
      intent.status = 'processing';
      ofIntent('payment_intent.processing', intent);
    },
  };

  return {
    open,
    confirm: (intentId, card) => {
      const intent = intents.get(intentId);
      if (intent?.status !== 'requires_payment_method') return;
      intent.confirmed = true;
      confirming[card](intent);
    },
    answerOfBank: (intentId, pays) => {
      const intent = intents.get(intentId);
      if (intent?.status !== 'requires_action' && intent?.status !== 'processing') return;
      if (pays) charge(intent);
      else {
        intent.status = 'requires_payment_method';
        confirming['is-declined'](intent);
      }
    },
    intents,
    refunds,
    balance: () => statement.reduce((sum, { amount, fee }) => sum + amount - fee, 0),
  };
}

function withNet(line: Transaction | null) {
  return line === null ? null : { ...line, net: line.amount - line.fee };
}
