import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { SettingsEvent } from './events.ts';
import { type Dated, type SettingsState, valueAt } from './state.ts';

type Decided = Decision<SettingsEvent>;

export type SetHoldTime = {
  readonly minutes: number;
  readonly effectiveFrom: Instant;
  readonly now: Instant;
};

/** Holds that run keep their deadline: it was promised. */
export function setHoldTime(state: SettingsState, input: SetHoldTime): Decided {
  const { minutes, effectiveFrom, now } = input;
  if (effectiveFrom < now) return effectiveInPast(effectiveFrom, now);
  return isSet(state.holdMinutes, { effectiveFrom, value: minutes })
    ? []
    : [{ type: 'HoldTimeSet', data: { minutes, effectiveFrom } }];
}

export type SetServiceFee = {
  readonly basisPoints: number;
  readonly effectiveFrom: Instant;
  readonly now: Instant;
};

export function setServiceFee(state: SettingsState, input: SetServiceFee): Decided {
  const { basisPoints, effectiveFrom, now } = input;
  if (effectiveFrom < now) return effectiveInPast(effectiveFrom, now);
  return isSet(state.serviceFee, { effectiveFrom, value: basisPoints })
    ? []
    : [{ type: 'ServiceFeeSet', data: { basisPoints, effectiveFrom } }];
}

/** The same value was set for the same moment already, and not set otherwise since. */
function isSet(values: readonly Dated[], { effectiveFrom, value }: Dated): boolean {
  return (
    values.some((each) => each.effectiveFrom === effectiveFrom) &&
    valueAt(values, effectiveFrom) === value
  );
}

function effectiveInPast(effectiveFrom: Instant, now: Instant): Rejection {
  return rejected('effective-in-past', 'What held in the past cannot be changed any more.', {
    effectiveFrom,
    now,
  });
}
