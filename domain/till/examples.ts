import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import { closeTill, openTill, payOutCash, takeCash } from './decide.ts';
import type { TillEvent } from './events.ts';
import { till } from './state.ts';

const { tillId, activityId, paymentId, enrollmentId, memberId, refundId } = exampleIds;
export const ids = { tillId, activityId };
export const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;
export const cash = { activityId, paymentId, enrollmentId, memberId, amount: eur(2500) };
export const payOut = { ...cash, refundId };

export const opened: TillEvent = { type: 'TillOpened', data: { ...ids, float: eur(10_000) } };
export const taken: TillEvent = { type: 'CashTaken', data: { tillId, ...cash } };
export const paidOut: TillEvent = { type: 'CashPaidOut', data: { tillId, ...payOut } };
export const closed: TillEvent = {
  type: 'TillClosed',
  data: {
    ...ids,
    ...{ float: eur(10_000), taken: eur(2500), paidOut: eur(0), expected: eur(12_500) },
    ...{ counted: eur(12_500), over: eur(0), short: eur(0) },
  },
};

export const examples = defineExamples(till, {
  statuses: { none: [], open: [opened], closed: [opened, taken, closed] },
  situations: {
    'cash taken': [opened, taken],
    'cash paid out': [opened, taken, paidOut],
  },
  commands: {
    openTill: (state) => openTill(state, { ...ids, float: eur(10_000) }),
    takeCash: (state) => takeCash(state, cash),
    'takeCash (a second time)': (state) =>
      takeCash(state, { ...cash, paymentId: deriveId('pay', 'example', 1) }),
    'takeCash (another activity)': (state) =>
      takeCash(state, { ...cash, activityId: deriveId('act', 'other') }),
    payOutCash: (state) => payOutCash(state, payOut),
    closeTill: (state) => closeTill(state, { counted: eur(12_500) }),
  },
});
