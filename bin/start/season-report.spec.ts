import { expect, test } from 'vitest';
import type { DemoResult } from '../../embedded/demo/index.ts';
import { seasonReport } from './season-report.ts';

const addresses = {
  ...{ writeUrl: 'http://127.0.0.1:4000', readUrl: 'http://127.0.0.1:4001' },
  ...{ eventStoreUrl: 'esdb://127.0.0.1:2113', databaseUrl: 'postgresql://127.0.0.1/pawprint' },
  ...{ stripeUrl: 'http://127.0.0.1:12111', mailboxUrl: undefined, natsUrl: undefined },
  analystUrl: undefined,
};

const plan = {
  ...{ title: 'Night walk', venue: 'Berlin', timeZone: 'Europe/Berlin', description: '', line: 3 },
  ...{ price: 1850, capacity: 10, waitlist: false, seatsPerMember: 1, species: [] },
  ...{ minAgeMonths: null, startsAt: '2027-03-27T20:00:00Z', endsAt: '2027-03-28T04:00:00Z' },
};
const row = {
  activity: { id: 'act_1', plan },
  ...{ status: 'published', confirmed: 6, admitted: 5 },
  ...{ takings: 12_950, refunds: 1850, fees: 318, difference: 0 },
};
const result: DemoResult = {
  year: 2027,
  settled: [row, { ...row, status: 'cancelled', takings: 5, refunds: 5, fees: 0, admitted: 0 }],
  refused: [
    { file: 'sign-ups.csv', line: 38, what: '佐藤 明, Portraits of cats', why: 'sold-out' },
  ],
  breaks: [],
  difference: 0,
};
const plain = (_colour: string, text: string) => text;
const shown = (played: DemoResult) => seasonReport(played, addresses, plain);

test('each activity has a line in euros, and all of them their sum', () => {
  const lines = shown(result);
  const words = (start: string) =>
    lines
      .find((line) => line.trim().startsWith(start))
      ?.trim()
      .split(/ {2,}/);
  expect(words('Night walk')).toEqual([
    'Night walk',
    '6/10',
    '5',
    '129.50',
    '18.50',
    '3.18',
    '0.00',
  ]);
  expect(words('all')).toEqual(['all', '5', '129.55', '18.55', '3.18', '0.00']);
  expect(lines.some((line) => line.includes('called off'))).toBe(true);
});

test('whoever was turned away is named with file, line and reason', () => {
  const lines = shown(result);
  const at = lines.findIndex((line) => line.includes('sign-ups.csv:38  佐藤 明'));
  expect(lines[at + 1]?.trim()).toBe('sold-out');
});

test('the last line is the difference; a break stands above it with its payment', () => {
  expect(shown(result).at(-1)).toBe('difference 0.00 EUR');
  const broken = {
    ...{ kind: 'payment', status: 'break' as const, causes: ['other-movement'] },
    ...{ difference: { amount: 1, currency: 'EUR' as const }, paymentId: 'pay_1' },
    ...{ balanceTransactionId: null, tillId: null, activityId: 'act_1' },
  };
  expect(shown({ ...result, breaks: [broken], difference: 1 }).slice(-2)).toEqual([
    'break pay_1: other-movement, 0.01 EUR',
    'difference 0.01 EUR',
  ]);
});
