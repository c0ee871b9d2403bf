import { defineAggregate } from '../_kernel/aggregate.ts';
import type { Money } from '../_kernel/money.ts';
import type { Instant } from '../_kernel/time.ts';
import { type SettingsEvent, settingsEvents } from './events.ts';

/** The one settings stream: `settings-platform`. */
export const SETTINGS_ID = 'platform';

export const DEFAULT_HOLD_MINUTES = 30;
export const DEFAULT_SERVICE_FEE_BASIS_POINTS = 0;

/** A value that holds from a moment on. */
export type Dated = { readonly effectiveFrom: Instant; readonly value: number };

/** There is one status only: settings always exist, the defaults hold until somebody sets them. */
export type SettingsState = {
  readonly status: 'in-force';
  /** By date; of two with the same date the later decision comes last. */
  readonly holdMinutes: readonly Dated[];
  readonly serviceFee: readonly Dated[];
};

/** Settings that decide something are dated facts: what held at the time can be answered. */
export const settings = defineAggregate({ events: settingsEvents, initial, evolve });

function initial(): SettingsState {
  return { status: 'in-force', holdMinutes: [], serviceFee: [] };
}

function evolve(state: SettingsState, event: SettingsEvent): SettingsState {
  switch (event.type) {
    case 'HoldTimeSet': {
      const { minutes: value, effectiveFrom } = event.data;
      return { ...state, holdMinutes: dated(state.holdMinutes, { effectiveFrom, value }) };
    }
    case 'ServiceFeeSet': {
      const { basisPoints: value, effectiveFrom } = event.data;
      return { ...state, serviceFee: dated(state.serviceFee, { effectiveFrom, value }) };
    }
  }
}

/** Minutes a seat is held for an enrollment that is made at this moment. */
export function holdMinutesAt(state: SettingsState, at: Instant): number {
  return valueAt(state.holdMinutes, at) ?? DEFAULT_HOLD_MINUTES;
}

/** The service fee at this moment, in basis points of the price (250 = 2.5 %). */
export function serviceFeeAt(state: SettingsState, at: Instant): number {
  return valueAt(state.serviceFee, at) ?? DEFAULT_SERVICE_FEE_BASIS_POINTS;
}

/** The fee on a price, half a minor unit rounded up. Whole numbers all the way: no cent is lost. */
export function serviceFeeOf({ amount, currency }: Money, basisPoints: number): Money {
  const rounded = amount * basisPoints + 5000;
  return { amount: (rounded - (rounded % 10_000)) / 10_000, currency };
}

/** The value in force: of those whose date has come, the one with the latest date. */
export function valueAt(values: readonly Dated[], at: Instant): number | undefined {
  return values.findLast(({ effectiveFrom }) => effectiveFrom <= at)?.value;
}

function dated(values: readonly Dated[], added: Dated): readonly Dated[] {
  const behind = values.findLastIndex(({ effectiveFrom }) => effectiveFrom <= added.effectiveFrom);
  return values.toSpliced(behind + 1, 0, added);
}
