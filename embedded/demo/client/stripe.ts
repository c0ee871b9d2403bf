import { z } from 'zod';
import { type Answer, type Http, UnexpectedAnswer } from './http.ts';
import { balance, balanceTransaction, intent, stripeError, stripeList } from './shapes.ts';

export type Intent = z.output<typeof intent>;
export type BalanceTransaction = z.output<typeof balanceTransaction>;

/** The two sides that somebody other than the platform sees of Stripe. */
export type StripeSide = {
  /** What a client app has: it confirms with a client secret, and can do nothing else. */
  readonly publishableKey: string;
  /** What the client app does with the secret that `pay` answered: with the publishable key alone. */
  confirmCard(clientSecret: string, card?: string): Promise<Answer>;
  /** Confirms, and insists that the money moved. */
  payByCard(clientSecret: string, card?: string): Promise<Intent>;
  /** The bank's 3-D Secure page says yes or no. */
  answerChallenge(intent: Intent, verdict: 'pass' | 'fail'): Promise<void>;
  intent(id: string): Promise<Intent>;
  /** Every PaymentIntent, by the enrollment it is for. */
  intentsByEnrollment(): Promise<Map<string, Intent[]>>;
  balanceTransactions(): Promise<BalanceTransaction[]>;
  /** Available and pending together, in cents. */
  balanceInEur(): Promise<number>;
  /** Plants a movement of the balance, in cents; with a charge it is that charge's. */
  adjust(input: { amount: number; charge?: string; description: string }): Promise<void>;
  /** Delivers events again, in any order. */
  redeliver(input: { times: number; events?: readonly string[] }): Promise<number>;
  pendingDeliveries(): Promise<number>;
  eventsOf(intentId: string): Promise<string[]>;
};

/** As they stand in the secrets of the data folder. */
export const stripeKeys = z.object({
  STRIPE_SECRET_KEY: z.string(),
  STRIPE_PUBLISHABLE_KEY: z.string(),
});

export function stripeSide(
  http: Http,
  stripeUrl: string,
  keys: z.output<typeof stripeKeys>,
): StripeSide {
  const ask = async (path: string): Promise<Answer> => {
    const headers = { authorization: `Bearer ${keys.STRIPE_SECRET_KEY}` };
    const answer = await http.send({ url: `${stripeUrl}${path}`, headers });
    if (answer.status !== 200) throw new UnexpectedAnswer(`GET ${path}`, answer);
    return answer;
  };
  const lever = async (path: string, body?: unknown): Promise<Answer> => {
    const url = `${stripeUrl}/_sandbox/${path}`;
    const answer = await http.send({ method: 'POST', url, body });
    if (answer.status !== 200) throw new UnexpectedAnswer(`POST ${path}`, answer);
    return answer;
  };
  const all = async <T extends { id: string }>(path: string, item: z.ZodType<T>): Promise<T[]> => {
    const rows: T[] = [];
    for (;;) {
      const after = rows.at(-1)?.id;
      const cursor = after === undefined ? '' : `&starting_after=${after}`;
      const answer = await ask(`${path}${path.includes('?') ? '&' : '?'}limit=100${cursor}`);
      const page = stripeList(item).parse(JSON.parse(answer.text));
      rows.push(...page.data);
      if (!page.has_more) return rows;
    }
  };
  const confirmCard = (clientSecret: string, card = 'pm_card_visa') => {
    const id = clientSecret.split('_secret_')[0];
    return http.send({
      method: 'POST',
      url: `${stripeUrl}/v1/payment_intents/${id}/confirm`,
      headers: {
        authorization: `Bearer ${keys.STRIPE_PUBLISHABLE_KEY}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        client_secret: clientSecret,
        payment_method: card,
        return_url: 'https://app.pawprint.example/paid',
      }).toString(),
    });
  };

  return {
    publishableKey: keys.STRIPE_PUBLISHABLE_KEY,
    confirmCard,
    payByCard: async (clientSecret, card) => {
      const answer = await confirmCard(clientSecret, card);
      const paid = answer.status === 200 ? intent.parse(JSON.parse(answer.text)) : undefined;
      if (paid?.status !== 'succeeded') throw new UnexpectedAnswer('confirm at Stripe', answer);
      return paid;
    },
    answerChallenge: async ({ next_action }, verdict) => {
      const page = next_action?.redirect_to_url?.url ?? next_action?.use_stripe_sdk?.stripe_js;
      if (page === undefined) throw new Error('the intent asks for no authentication');
      const answer = await http.send({ method: 'POST', url: `${page}/${verdict}` });
      if (answer.status !== 200) throw new UnexpectedAnswer('3-D Secure', answer);
    },
    intent: async (id) => intent.parse(JSON.parse((await ask(`/v1/payment_intents/${id}`)).text)),
    intentsByEnrollment: async () => {
      const intents = await all('/v1/payment_intents', intent);
      return Map.groupBy(intents, ({ metadata }) => enrollmentIn(metadata ?? {}));
    },
    balanceTransactions: () => all('/v1/balance_transactions', balanceTransaction),
    balanceInEur: async () => {
      const { available, pending } = balance.parse(JSON.parse((await ask('/v1/balance')).text));
      return [...available, ...pending]
        .filter(({ currency }) => currency === 'eur')
        .reduce((sum, { amount }) => sum + amount, 0);
    },
    adjust: async (input) => {
      await lever('balance/adjust', { ...input, currency: 'eur' });
    },
    redeliver: async ({ times, events }) => {
      const answer = await lever('redeliver', { times, events, shuffle: true });
      return z.object({ queued: z.int() }).parse(JSON.parse(answer.text)).queued;
    },
    pendingDeliveries: async () => {
      const url = `${stripeUrl}/_sandbox/deliveries?status=pending&limit=1000`;
      const answer = await http.send({ url });
      return z.object({ deliveries: z.array(z.unknown()) }).parse(JSON.parse(answer.text))
        .deliveries.length;
    },
    eventsOf: async (intentId) => {
      const event = z.object({
        id: z.string(),
        data: z.object({
          object: z.object({ id: z.string(), payment_intent: z.string().nullish() }),
        }),
      });
      const events = await all('/v1/events', event);
      return events
        .filter(({ data: { object } }) => [object.id, object.payment_intent].includes(intentId))
        .map(({ id }) => id);
    },
  };
}

/** The enrollment in an intent's metadata, whatever the key is spelled like. */
function enrollmentIn(metadata: Readonly<Record<string, string>>): string {
  return Object.values(metadata).find((value) => value.startsWith('enr_')) ?? 'none';
}

export function declineCodeOf(answer: Answer): string | undefined {
  return stripeError.parse(JSON.parse(answer.text)).error.decline_code;
}
