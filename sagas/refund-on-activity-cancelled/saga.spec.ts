import { expect, it } from 'vitest';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import type { activityEvents } from '../../domain/activity/events.ts';
import type { seatingEvents } from '../../domain/seating/events.ts';
import type { Heard, SagaInput } from '../_runtime/definition.ts';
import { command, delivered, specSaga } from '../_runtime/spec-kit.ts';
import { refundOnActivityCancelled } from './saga.ts';

type Event = Heard<
  [typeof activityEvents, typeof seatingEvents],
  'ActivityCancelled' | 'SeatingClosed' | 'SeatsCleared'
>;
type Fact<E> = E extends { readonly type: infer T; readonly data: infer D }
  ? { readonly type: T; readonly data: D }
  : never;

const { activityId } = exampleIds;
const event = (fact: Fact<Event>): SagaInput<Event> =>
  ({ kind: 'event', event: delivered(fact) }) as SagaInput<Event>;

const cancelled = event({ type: 'ActivityCancelled', data: { activityId, reason: 'Rain' } });
const closed = event({
  type: 'SeatingClosed',
  data: { activityId, cause: 'activity-cancelled' },
});
const portion = (released: number, remaining: number) =>
  event({ type: 'SeatsCleared', data: { activityId, released, remaining } });
const clear = command('clear-seats', { activityId }, {});
const saga = specSaga(refundOnActivityCancelled);

it('closes the seats, should the cancellation have been cut before it did', () => {
  saga
    .given()
    .when(cancelled)
    .wants(command('close-seating', { activityId }, {}));
});

it('empties closed seats, portion by portion, until nobody is left', () => {
  saga.given(cancelled).when(closed).wants(clear);
  saga.given(cancelled, closed).when(portion(250, 1)).wants(clear);
  const { state, effects } = saga.given(cancelled, closed, portion(250, 1)).when(portion(1, 0));
  expect(effects).toEqual([]);
  expect(state).toEqual({ status: 'cleared', released: 251, remaining: 0 });
});
