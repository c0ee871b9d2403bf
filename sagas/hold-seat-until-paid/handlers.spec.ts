import { describe, expect, it } from 'vitest';
import { CommandRefused } from '../../commands/_runtime/errors.ts';
import type { DomainEvent, StoredEvent } from '../../domain/_kernel/event.ts';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import {
  intentCreated,
  refundFailed,
  refundRequested,
  refundSettled,
  started,
  succeeded,
} from '../../domain/payment/examples.ts';
import { createLogger } from '../../platform/log/index.ts';
import {
  type IntentAtStripe,
  type ObservedRefund,
  StripeRefusedError,
  StripeUnavailableError,
} from '../../platform/stripe/index.ts';
import { delivered } from '../_runtime/spec-kit.ts';
import { paymentEffects } from './handlers.ts';

const { paymentId, enrollmentId, refundId, activityId, memberId } = exampleIds;
const none = { paymentId: null, enrollmentId: null, activityId: null, refundId: null };
const atStripe: IntentAtStripe = {
  ids: none,
  observed: {
    ...{ intentId: 'pi_example', status: 'canceled', amountReceived: 0, currency: 'eur' },
    ...{ chargeId: null, paidAt: null, balanceTransaction: null, decline: null },
    cancellationReason: 'abandoned',
  },
};
const refunded: ObservedRefund = {
  ...{ stripeRefundId: 're_1', status: 'succeeded', code: '', balanceTransactionId: 'txn_1' },
  ...{ intentId: 'pi_example', ids: none },
};

type Gateway = Parameters<typeof paymentEffects>[0]['gateway'];

/** Does one side effect on a payment with a history; gives back what it asked of Stripe and sent. */
async function perform(
  effect: string,
  history: readonly DomainEvent[],
  answers: Partial<Gateway>,
  more: object = {},
  { attempt = 1, refusing }: { attempt?: number; refusing?: { name: string; error: Error } } = {},
) {
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  const never = () => Promise.reject(new Error('nobody asks this here'));
  const noting =
    <Input, Answer>(name: string, answer: (input: Input) => Promise<Answer>) =>
    (input: Input): Promise<Answer> => {
      asked.push([name, input]);
      return answer(input);
    };
  const effects = paymentEffects({
    eventStore: {
      // Of its enrollment nothing is known.
      readStream: async (stream) =>
        (stream.startsWith('payment-') ? history : []).map(
          (event) => delivered(event as { type: string; data: object }) as StoredEvent,
        ),
    },
    gateway: {
      fetchIntent: noting('fetchIntent', answers.fetchIntent ?? never),
      findIntent: noting('findIntent', answers.findIntent ?? never),
      cancelIntent: noting('cancelIntent', answers.cancelIntent ?? never),
      refund: noting('refund', answers.refund ?? never),
    },
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
  await effects[effect]?.({
    key: 'key',
    payload: {
      ...(effect === 'refund-payment' ? { paymentId, refundId } : { paymentId, enrollmentId }),
      ...more,
    },
    attempt,
    signal: new AbortController().signal,
    send: async ({ name }, params, body) => {
      sent.push([name, params, body]);
      if (name === refusing?.name) throw refusing.error;
    },
  });
  return { asked, sent };
}

const open = [started, intentCreated];
const recorded = [
  'record-stripe-state',
  { paymentId },
  { enrollmentId, observed: atStripe.observed },
];

describe('look-up-payment', () => {
  it('asks by the intent that is on record', async () => {
    const { asked, sent } = await perform('look-up-payment', open, {
      fetchIntent: async () => atStripe,
    });
    expect(asked).toEqual([['fetchIntent', 'pi_example']]);
    expect(sent).toEqual([recorded]);
  });

  it('asks by the metadata when none is; there may be nothing', async () => {
    const found = await perform('look-up-payment', [], { findIntent: async () => atStripe });
    expect(found).toEqual({ asked: [['findIntent', paymentId]], sent: [recorded] });
    const nothing = await perform('look-up-payment', [], { findIntent: async () => null });
    expect(nothing.sent).toEqual([]);
  });
});

it('cancel-payment cancels the intent and folds how it stands then', async () => {
  const { asked, sent } = await perform('cancel-payment', open, {
    fetchIntent: async () => atStripe,
    cancelIntent: async () => atStripe,
  });
  expect(asked.at(-1)).toEqual(['cancelIntent', 'pi_example']);
  expect(sent).toEqual([recorded]);
});

describe('cancel-payment when the hold has ended', () => {
  const standing = (status: typeof atStripe.observed.status) => ({
    ...atStripe,
    observed: { ...atStripe.observed, status },
  });

  it.each(['requires_action', 'processing'] as const)(
    'leaves one alone that the bank is asked about (%s)',
    async (status) => {
      const { asked, sent } = await perform(
        'cancel-payment',
        open,
        { fetchIntent: async () => standing(status) },
        { onlyAtRest: true },
      );
      expect(asked).toEqual([['fetchIntent', 'pi_example']]);
      expect(sent).toEqual([]);
    },
  );

  it('cancels one that nobody is paying, and records the money should it have come', async () => {
    const { asked, sent } = await perform(
      'cancel-payment',
      open,
      {
        fetchIntent: async () => standing('requires_payment_method'),
        cancelIntent: async () => atStripe,
      },
      { onlyAtRest: true },
    );
    expect(asked.at(-1)).toEqual(['cancelIntent', 'pi_example']);
    expect(sent).toEqual([recorded]);
  });
});

describe('tell-operators', () => {
  const owed = [...open, succeeded, refundRequested, refundFailed];
  const about = { enrollmentId, about: 'refund', code: 'lost_card', tries: 5, givenUp: true };

  it('is dead, and so on show, while nobody has looked', async () => {
    await expect(perform('tell-operators', owed, {}, about)).rejects.toMatchObject({
      retry: 'never',
      message: expect.stringContaining('lost_card'),
    });
  });

  it('only says it in the log while it is still tried', async () => {
    const told = await perform('tell-operators', owed, {}, { ...about, givenUp: false });
    expect(told).toEqual({ asked: [], sent: [] });
  });

  it('asks for the refund once more when they retry it, under the next id', async () => {
    const { sent } = await perform('tell-operators', owed, {}, about, { attempt: 2 });
    expect(sent).toEqual([
      [
        'request-refund',
        { paymentId },
        {
          refundId: deriveId('ref', paymentId, 5),
          amount: { amount: 2563, currency: 'EUR' },
          cause: 'late-payment',
        },
      ],
    ]);
  });

  describe('about a seat', () => {
    const seat = { ...about, about: 'seat', code: 'not-open', tries: 6 };
    const confirm = ['confirm-seat', { activityId }, { enrollmentId, memberId }];
    const refusing = (code: string) => ({
      name: 'confirm-seat',
      error: new CommandRefused(rejected(code, code)),
    });

    it('asks for it once more when they retry it, and stays dead while it is refused', async () => {
      const paid = [...open, succeeded];
      expect((await perform('tell-operators', paid, {}, seat, { attempt: 2 })).sent).toEqual([
        confirm,
      ]);
      await expect(
        perform('tell-operators', paid, {}, seat, { attempt: 2, refusing: refusing('not-open') }),
      ).rejects.toThrow(CommandRefused);
    });

    it('gives the money back when there is none any more', async () => {
      const { sent } = await perform('tell-operators', [...open, succeeded], {}, seat, {
        attempt: 2,
        refusing: refusing('sold-out'),
      });
      expect(sent).toMatchObject([
        confirm,
        ['request-refund', { paymentId }, { refundId: deriveId('ref', paymentId, 0) }],
      ]);
    });
  });

  it('is over when the money has gone back meanwhile', async () => {
    const settled = [...open, succeeded, refundRequested, refundSettled];
    expect(await perform('tell-operators', settled, {}, about)).toEqual({ asked: [], sent: [] });
  });
});

describe('refund-payment', () => {
  const due = [...open, succeeded, refundRequested];

  it('gives back what was decided, under its id, and records it', async () => {
    const { asked, sent } = await perform('refund-payment', due, { refund: async () => refunded });
    expect(asked).toMatchObject([
      [
        'refund',
        { refundId, paymentId, activityId, intentId: 'pi_example', amount: { amount: 2563 } },
      ],
    ]);
    expect(sent).toEqual([
      [
        'settle-refund',
        { paymentId },
        { refundId, stripeRefundId: 're_1', balanceTransactionId: 'txn_1' },
      ],
    ]);
  });

  it.each([
    ['settled already', [...due, refundSettled]],
    ['never decided', [...open, succeeded]],
    ['of a payment that is not there', []],
  ])('asks Stripe for nothing when it is %s', async (_what, history) => {
    expect(await perform('refund-payment', history, {})).toEqual({ asked: [], sent: [] });
  });

  it('records nothing while Stripe has it pending', async () => {
    const { sent } = await perform('refund-payment', due, {
      refund: async () => ({ ...refunded, status: 'pending' }),
    });
    expect(sent).toEqual([]);
  });

  it('fails by name when Stripe refuses it, and is tried again when Stripe is away', async () => {
    const { sent } = await perform('refund-payment', due, {
      refund: () => Promise.reject(new StripeRefusedError('charge_disputed', 'no')),
    });
    expect(sent).toEqual([
      ['fail-refund', { paymentId }, { refundId, stripeRefundId: null, code: 'charge_disputed' }],
    ]);
    await expect(
      perform('refund-payment', due, {
        refund: () => Promise.reject(new StripeUnavailableError('away')),
      }),
    ).rejects.toThrow(StripeUnavailableError);
  });
});
