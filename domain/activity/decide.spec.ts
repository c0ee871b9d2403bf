import { describe, expect, test } from 'vitest';
import { spec } from '../_kernel/spec-kit.ts';
import { cancelActivity, draftActivity, publishActivity } from './decide.ts';
import { cancelled, drafted, now, plan, published } from './examples.ts';
import { type ActivityState, activity } from './state.ts';

const draft = (change: Partial<Parameters<typeof draftActivity>[1]>) => (state: ActivityState) =>
  draftActivity(state, { ...plan, now, ...change });
const publish = (at: string) => (state: ActivityState) => publishActivity(state, { now: at });
const cancel = (state: ActivityState) => cancelActivity(state, { reason: 'The trainer is ill' });

describe('draftActivity', () => {
  test('keeps the whole plan', () => {
    const { then, state } = spec(activity).given().when(draft({}));
    then(drafted);
    expect(state()).toEqual({ ...plan, status: 'draft' });
  });

  test('an activity ends after it starts', () => {
    const { startsAt } = plan;
    spec(activity)
      .given()
      .when(draft({ endsAt: startsAt }))
      .thenRejected('ends-before-start');
    spec(activity)
      .given()
      .when(draft({ endsAt: now }))
      .thenRejected('ends-before-start');
  });

  test('and is planned before it starts', () => {
    spec(activity)
      .given()
      .when(draft({ startsAt: now }))
      .thenRejected('starts-in-past');
    spec(activity)
      .given()
      .when(draft({ now: plan.startsAt }))
      .thenRejected('starts-in-past');
  });

  test('an id is drafted once', () => {
    for (const history of [[drafted], [drafted, published], [drafted, cancelled]]) {
      spec(activity)
        .given(...history)
        .when(draft({}))
        .thenRejected('already-exists');
    }
  });
});

describe('publishActivity', () => {
  test('a draft is published until it starts', () => {
    spec(activity).given(drafted).when(publish(now)).then(published);
    spec(activity).given(drafted).when(publish(plan.startsAt)).thenRejected('already-started');
  });

  test('once, and not after a cancellation', () => {
    spec(activity).given(drafted, published).when(publish(now)).thenRejected('already-published');
    spec(activity).given(drafted, cancelled).when(publish(now)).thenRejected('cancelled');
    spec(activity).given().when(publish(now)).thenRejected('not-found');
  });
});

describe('cancelActivity', () => {
  test('a draft and a published activity can be cancelled, once', () => {
    spec(activity).given(drafted).when(cancel).then(cancelled);
    spec(activity).given(drafted, published).when(cancel).then(cancelled);
    spec(activity).given(drafted, cancelled).when(cancel).thenRejected('already-cancelled');
    spec(activity).given().when(cancel).thenRejected('not-found');
  });

  test('the plan stays readable with the reason', () => {
    const { state } = spec(activity).given(drafted, published).when(cancel);
    expect(state()).toEqual({ ...plan, status: 'cancelled', reason: 'The trainer is ill' });
  });
});
