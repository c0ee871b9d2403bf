import { expect, it } from 'vitest';
import { eventPlaceSchema } from './place.ts';

it.each([
  [
    '0B9D4A5E-7F43-5C55-9D3C-0A4C6D9C1A77',
    { kind: 'id', id: '0b9d4a5e-7f43-5c55-9d3c-0a4c6d9c1a77' },
  ],
  ['12', { kind: 'ordinal', ordinal: 12 }],
  ['enrollment-enr_a@0', { kind: 'revision', stream: 'enrollment-enr_a', revision: 0 }],
  ['odd@stream@3', { kind: 'revision', stream: 'odd@stream', revision: 3 }],
])('%s is a place', (text, place) => {
  expect(eventPlaceSchema.parse(text)).toEqual(place);
});

it.each(['', '0', '-1', '1e3', '@3', 'enrollment-enr_a', 'enrollment-enr_a@', 'a@-1', 'a@1.5'])(
  '"%s" is none, and what would be is said',
  (text) => {
    expect(eventPlaceSchema.safeParse(text).error?.issues[0]?.message).toContain('STREAM@REVISION');
  },
);
