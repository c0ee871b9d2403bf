import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { addMinutes } from '../_kernel/time.ts';
import { setHoldTime, setServiceFee } from './decide.ts';
import type { SettingsEvent } from './events.ts';
import { now } from './examples.ts';
import { holdMinutesAt, serviceFeeAt, serviceFeeOf, settings } from './state.ts';

const hold = (minutes: number, effectiveFrom: string): SettingsEvent => ({
  type: 'HoldTimeSet',
  data: { minutes, effectiveFrom },
});
const fee = (basisPoints: number, effectiveFrom: string): SettingsEvent => ({
  type: 'ServiceFeeSet',
  data: { basisPoints, effectiveFrom },
});
const may = '2026-05-01T08:00:00.000Z';
const june = '2026-06-01T00:00:00.000Z';
const july = '2026-07-01T00:00:00.000Z';
const justBefore = (instant: string) => addMinutes(instant, -1);

describe('deciding', () => {
  test('a setting may start now or later, not before', () => {
    for (const effectiveFrom of [now, june]) {
      spec(settings)
        .given()
        .when((state) => setHoldTime(state, { minutes: 15, effectiveFrom, now }))
        .then(hold(15, effectiveFrom));
      spec(settings)
        .given()
        .when((state) => setServiceFee(state, { basisPoints: 250, effectiveFrom, now }))
        .then(fee(250, effectiveFrom));
    }
    const effectiveFrom = '2026-05-01T07:59:59.999Z';
    spec(settings)
      .given()
      .when((state) => setHoldTime(state, { minutes: 15, effectiveFrom, now }))
      .thenRejected('effective-in-past');
    spec(settings)
      .given()
      .when((state) => setServiceFee(state, { basisPoints: 250, effectiveFrom, now }))
      .thenRejected('effective-in-past');
  });

  test('the same again is nothing to do, unless it was set otherwise in between', () => {
    const again = (...history: SettingsEvent[]) =>
      spec(settings)
        .given(...history)
        .when((state) => setHoldTime(state, { minutes: 15, effectiveFrom: june, now }));
    again(hold(15, june)).then();
    again(hold(15, june), hold(20, june)).then(hold(15, june));
    // The value that holds by default or since earlier is still a decision when it is set for June.
    again(hold(15, may)).then(hold(15, june));
  });
});

describe('what held at the time', () => {
  test('the defaults, before anybody set anything', () => {
    expect(holdMinutesAt(settings.initial(), may)).toBe(30);
    expect(serviceFeeAt(settings.initial(), may)).toBe(0);
  });

  test('a setting holds from its date on, to the next', () => {
    const state = fold(settings, [hold(15, june), hold(45, july), fee(250, june)]);
    expect(holdMinutesAt(state, justBefore(june))).toBe(30);
    expect(holdMinutesAt(state, june)).toBe(15);
    expect(holdMinutesAt(state, justBefore(july))).toBe(15);
    expect(holdMinutesAt(state, july)).toBe(45);
    expect(serviceFeeAt(state, justBefore(june))).toBe(0);
    expect(serviceFeeAt(state, july)).toBe(250);
  });

  test('it is the date that counts, not the order of the decisions; of one date, the last', () => {
    const state = fold(settings, [hold(45, july), hold(15, june), hold(20, june)]);
    expect(holdMinutesAt(state, june)).toBe(20);
    expect(holdMinutesAt(state, july)).toBe(45);
  });
});

describe('serviceFeeOf', () => {
  const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;

  test('rounds half a cent up', () => {
    expect(serviceFeeOf(eur(2500), 250)).toEqual(eur(63)); // 62.5
    expect(serviceFeeOf(eur(2500), 249)).toEqual(eur(62)); // 62.25
    expect(serviceFeeOf(eur(2500), 0)).toEqual(eur(0));
    expect(serviceFeeOf(eur(0), 5000)).toEqual(eur(0));
    expect(serviceFeeOf(eur(1), 5000)).toEqual(eur(1));
  });

  test('is exact for every price and fee that can be stored', () => {
    fc.assert(
      fc.property(fc.nat(99_999_999_999), fc.nat(5000), (amount, basisPoints) => {
        const exact = (BigInt(amount) * BigInt(basisPoints) + 5000n) / 10_000n;
        expect(serviceFeeOf(eur(amount), basisPoints).amount).toBe(Number(exact));
      }),
    );
  });
});
