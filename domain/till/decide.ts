import type {
  ActivityId,
  EnrollmentId,
  MemberId,
  PaymentId,
  RefundId,
  TillId,
} from '../_kernel/ids.ts';
import { type Money, money } from '../_kernel/money.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { TillEvent } from './events.ts';
import type { Till, TillState } from './state.ts';

type Decided = Decision<TillEvent>;

export type OpenTill = {
  readonly tillId: TillId;
  readonly activityId: ActivityId;
  /** In the currency of the activity's price, and so is everything that goes in and out. */
  readonly float: Money;
};

export function openTill(state: TillState, input: OpenTill): Decided {
  switch (state.status) {
    case 'none': {
      const { tillId, activityId, float } = input;
      return [{ type: 'TillOpened', data: { tillId, activityId, float } }];
    }
    case 'open':
    case 'closed':
      return rejected('already-exists', 'There is a till under this id already.');
  }
}

export type TakeCash = {
  readonly activityId: ActivityId;
  readonly paymentId: PaymentId;
  readonly enrollmentId: EnrollmentId;
  readonly memberId: MemberId;
  readonly amount: Money;
};

/** The cash is in the drawer: that is a fact, whatever becomes of the seat. */
export function takeCash(state: TillState, input: TakeCash): Decided {
  return atOpenTill(state, input, (open) => {
    const { paymentId, enrollmentId, memberId, amount } = input;
    const before = open.payments.get(enrollmentId);
    if (before === paymentId) return [];
    if (before !== undefined) {
      return rejected('already-paid', 'The cash for this enrollment is in the till already.', {
        paymentId: before,
      });
    }
    const data = { ...idsOf(open), paymentId, enrollmentId, memberId, amount };
    return [{ type: 'CashTaken', data }];
  });
}

export type PayOutCash = TakeCash & { readonly refundId: RefundId };

export function payOutCash(state: TillState, input: PayOutCash): Decided {
  return atOpenTill(state, input, (open) => {
    const { paymentId, enrollmentId, memberId, amount, refundId } = input;
    if (open.refunds.has(refundId)) return [];
    if (expectedIn(open) < amount.amount) {
      return rejected('not-enough-cash', 'There cannot be as much in the till.', { amount });
    }
    const data = { ...idsOf(open), paymentId, enrollmentId, memberId, amount, refundId };
    return [{ type: 'CashPaidOut', data }];
  });
}

export type CloseTill = { readonly counted: Money };

/** Counted blind: what should be in the till is told once somebody has said what is. */
export function closeTill(state: TillState, { counted }: CloseTill): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'closed':
      return closed();
    case 'open': {
      const { currency } = state.float;
      if (counted.currency !== currency) return currencyDiffers(currency);
      const expected = expectedIn(state);
      const of = (amount: number) => money(amount, currency);
      return [
        {
          type: 'TillClosed',
          data: {
            ...idsOf(state),
            float: state.float,
            taken: of(state.taken),
            paidOut: of(state.paidOut),
            expected: of(expected),
            counted,
            over: of(Math.max(0, counted.amount - expected)),
            short: of(Math.max(0, expected - counted.amount)),
          },
        },
      ];
    }
  }
}

/** What goes in and out is of the till's own activity, while it is open. */
function atOpenTill(
  state: TillState,
  { activityId, amount }: { readonly activityId: ActivityId; readonly amount: Money },
  decide: (open: Till) => Decided,
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'closed':
      return closed();
    case 'open':
      if (state.activityId !== activityId) {
        return rejected('wrong-till', 'The till is that of another activity.', {
          activityId: state.activityId,
        });
      }
      if (state.float.currency !== amount.currency) return currencyDiffers(state.float.currency);
      return decide(state);
  }
}

function expectedIn({ float, taken, paidOut }: Till): number {
  return float.amount + taken - paidOut;
}

function idsOf({ tillId, activityId }: Till): Pick<Till, 'tillId' | 'activityId'> {
  return { tillId, activityId };
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such till.');
}

function closed(): Rejection {
  return rejected('till-closed', 'The till was counted and closed. Open another.');
}

function currencyDiffers(currency: string): Rejection {
  return rejected('currency-differs', `The till is kept in ${currency}.`, { currency });
}
