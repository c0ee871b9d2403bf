import { describe, expect, it } from 'vitest';
import { season } from '../_fixtures/season.ts';
import { projections } from '../index.ts';
import { createExplainer } from './explain.ts';
import { foldChanges, writtenBy } from './fold.ts';
import { concerns, locate } from './poison.ts';

const history = season({ enrollments: 30 });
const nameOf = (table: string, key: object) => `${table} ${JSON.stringify(key)}`;

describe.each(projections.map((definition) => [definition.name, definition] as const))(
  'the rows of %s',
  (_name, definition) => {
    const mine = history.filter((event) => concerns(definition, event));
    const keys = [...new Set(mine.map((event) => locate(definition, event).key))];
    const causes = keys.flatMap((key) => {
      const explainer = createExplainer(definition, key);
      return history.flatMap((event) => explainer.add(event) ?? []);
    });

    it('come from the events of their keys, each of them once', () => {
      expect(causes.map(({ event }) => event.ordinal).toSorted((a, b) => a - b)).toEqual(
        mine.map(({ ordinal }) => ordinal),
      );
      expect(causes.filter(({ fault }) => fault !== null)).toEqual([]);
    });

    it('are those that all events together make', () => {
      const whole = foldChanges(
        mine.flatMap((event) => definition.reducers.get(event.type)?.(event) ?? []),
        new Map(),
      );
      const made = new Set<string>();
      for (const touch of causes.flatMap(({ touched }) => touched)) {
        const name = nameOf(touch.table, touch.key);
        expect(made.has(name), name).toBe(touch.what !== 'made');
        if (touch.what === 'removed') made.delete(name);
        else made.add(name);
      }
      const expected = whole.flatMap((writes) =>
        writtenBy(writes).map((row) =>
          nameOf(
            writes.table.name,
            Object.fromEntries(writes.table.key.map((name) => [name, row[name]])),
          ),
        ),
      );
      expect([...made].toSorted()).toEqual(expected.toSorted());
      expect(expected).not.toEqual([]);
    });
  },
);

it('an event says which columns it changed, and nothing when it changed none', () => {
  const definition = projections.find(({ name }) => name === 'enrollments');
  const requested = history.find(({ type }) => type === 'EnrollmentRequested');
  if (definition === undefined || requested === undefined) throw new Error('not in the season');
  const key = locate(definition, requested).key;
  const explainer = createExplainer(definition, key);
  const told = history.flatMap((event) => explainer.add(event) ?? []);
  expect(told[0]).toMatchObject({
    event: { type: 'EnrollmentRequested' },
    touched: [{ table: 'enrollments', key: { enrollment_id: key }, what: 'made' }],
  });
  const paid = told.find(({ event }) => event.type === 'PaymentSucceeded');
  expect(paid?.touched).toMatchObject([{ what: 'changed' }]);
  expect(paid?.touched[0]?.columns).toEqual(expect.arrayContaining(['payments', 'amount_paid']));
});

it('an event that could not be applied is named, and what waits behind it', () => {
  const definition = projections.find(({ name }) => name === 'enrollments');
  const requested = history.find(({ type }) => type === 'EnrollmentRequested');
  if (definition === undefined || requested === undefined) throw new Error('not in the season');
  const explainer = createExplainer(definition, locate(definition, requested).key);
  const told = history.flatMap(
    (event) =>
      explainer.add(event === requested ? { ...event, poison: new RangeError('unfit') } : event) ??
      [],
  );
  expect(told.length).toBeGreaterThan(1);
  expect(told.map(({ fault, touched }) => [fault, touched.length])).toEqual([
    ['RangeError: unfit', 0],
    ...told.slice(1).map(() => ['it waits behind an earlier event', 0]),
  ]);
});
