import { expect, test } from 'vitest';
import { aggregates } from './_aggregates.ts';
import { catalogue } from './_catalogue.ts';

test('every set of events has the aggregate that folds it', () => {
  expect([...aggregates.keys()]).toEqual(catalogue.sets.map(({ category }) => category));
  for (const set of catalogue.sets) expect(aggregates.get(set.category)?.events).toBe(set);
});
