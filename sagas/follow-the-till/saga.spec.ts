import { it } from 'vitest';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import type { tillEvents } from '../../domain/till/events.ts';
import { cash, paidOut, payOut, taken } from '../../domain/till/examples.ts';
import type { Heard, SagaInput } from '../_runtime/definition.ts';
import { command, delivered, specSaga } from '../_runtime/spec-kit.ts';
import { followTheTill } from './saga.ts';

type Event = Heard<[typeof tillEvents], 'CashTaken' | 'CashPaidOut'>;
const { tillId } = exampleIds;
const { paymentId, ...due } = cash;
const event = (fact: typeof taken): SagaInput<Event> =>
  ({ kind: 'event', event: delivered(fact) }) as SagaInput<Event>;
const saga = specSaga(followTheTill);

it('records the payment of cash that was taken, and the refund that was paid out', () => {
  saga
    .given()
    .when(event(taken))
    .wants(command('receive-cash', { paymentId }, { tillId, ...due }));
  saga
    .given(event(taken))
    .when(event(paidOut))
    .wants(command('settle-cash-refund', { paymentId }, { refundId: payOut.refundId, tillId }));
});
