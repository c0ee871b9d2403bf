import { receiveCash } from '../../commands/payment/receive-cash.ts';
import { settleCashRefund } from '../../commands/payment/settle-cash-refund.ts';
import { tillEvents } from '../../domain/till/events.ts';
import { defineSaga, send } from '../_runtime/definition.ts';

/**
 * A payment follows what its till did. As a rule the command that moved the cash has written both;
 * cut in between, this makes up for it, and else it is a repeat that changes nothing.
 */
export const followTheTill = defineSaga({
  name: 'follow-the-till',
  summary: 'Records the payment of cash that a till took, and the refund that it paid out.',
  events: [tillEvents],
  listens: ['CashTaken', 'CashPaidOut'],
  instanceOf: (event) => event.data.paymentId,
  initial: null,
  react: (state, input) => {
    // What a payment refuses (another till has paid the refund out) is for the count to find.
    if (input.kind !== 'event') return { state, effects: [] };
    const { type, data } = input.event;
    switch (type) {
      case 'CashTaken': {
        const { paymentId, ...taken } = data;
        return { state, effects: [send(receiveCash, { paymentId }, taken)] };
      }
      case 'CashPaidOut': {
        const { paymentId, refundId, tillId } = data;
        return { state, effects: [send(settleCashRefund, { paymentId }, { refundId, tillId })] };
      }
    }
  },
});
