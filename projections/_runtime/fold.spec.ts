import { describe, expect, it } from 'vitest';
import {
  change,
  derive,
  insert,
  MissingRowError,
  put,
  type RowChange,
  remove,
  rowRef,
} from './definition.ts';
import { foldChanges, type Rows, rowsToLoad } from './fold.ts';
import { keyText, normaliseRow, RowShapeError } from './rows.ts';
import { type AnyRow, type AnyTable, defineTable } from './table.ts';

const things = defineTable({
  name: 'things',
  comment: 'Things.',
  columns: {
    id: { type: 'text', comment: 'Id' },
    at: { type: 'timestamptz', nullable: true, comment: 'When' },
    count: { type: 'integer', comment: 'How many' },
    more: { type: 'jsonb', nullable: true, comment: 'More' },
  },
  key: ['id'],
});
const thing = (id: string, count: number) => ({ id, at: null, count, more: null });
const stored = (...rows: AnyRow[]): Rows =>
  new Map<AnyTable, Map<string, AnyRow>>([
    [things, new Map(rows.map((row) => [keyText(things, row), row]))],
  ]);
const more = (id: string): RowChange =>
  change(things, { id }, ({ count }) => ({ count: count + 1 }));

describe('a row', () => {
  it('is spelled the same whether it was loaded or made', () => {
    const loaded = { id: 'a', at: '2026-05-01T10:00:00.5+02:00', count: 1, more: { b: 1 } };
    expect(normaliseRow(things, loaded)).toEqual({
      ...loaded,
      at: '2026-05-01T08:00:00.500Z',
    });
  });

  it('that is all right is given back itself, and one that lacks what may be null is filled up', () => {
    const right = { id: 'a', at: '2026-01-31T08:00:00.500Z', count: 1, more: { b: 1 } };
    expect(normaliseRow(things, right)).toBe(right);
    expect(normaliseRow(things, { id: 'a', count: 1 })).toEqual(thing('a', 1));
    expect(normaliseRow(things, { ...right, at: '2026-02-30T08:00:00.500Z' })).not.toBe(right);
  });

  it.each<[string, AnyRow]>([
    ['a column too many', { ...thing('a', 1), colour: 'tan' }],
    ['a missing value', { id: 'a', at: null, more: null }],
    ['a fraction', thing('a', 1.5)],
    ['a number beyond the column', thing('a', 2 ** 31)],
    ['no moment', { ...thing('a', 1), at: 'yesterday' }],
    ['a zero byte', thing('a\0', 1)],
    ['half a character', thing('\ud83d', 1)],
    ['a zero byte deep inside', { ...thing('a', 1), more: { deep: ['\0'] } }],
  ])('with %s is refused', (_what, row) => {
    expect(() => normaliseRow(things, row)).toThrow(RowShapeError);
  });
});

describe('changes', () => {
  it('are folded in order, and each row is written once', () => {
    const writes = foldChanges(
      [more('a'), more('a'), put(things, thing('b', 7)), more('b')],
      stored(thing('a', 1)),
    );
    expect(writes).toEqual([
      { table: things, inserts: [], upserts: [thing('a', 3), thing('b', 8)], deletes: [] },
    ]);
  });

  it('that come to nothing are not written', () => {
    const back = change(things, { id: 'a' }, ({ count }) => ({ count: count - 1 }));
    expect(foldChanges([more('a'), back], stored(thing('a', 1)))).toEqual([]);
  });

  it('delete what is there, also when it was made in the same batch', () => {
    const writes = foldChanges([put(things, thing('a', 1)), remove(things, { id: 'a' })], stored());
    expect(writes).toEqual([{ table: things, inserts: [], upserts: [], deletes: [{ id: 'a' }] }]);
  });

  it('of a row that is not there are an error', () => {
    expect(() => foldChanges([more('a')], stored())).toThrow(MissingRowError);
  });

  it('that make another key than they said are an error', () => {
    const other = change(things, { id: 'a' }, () => ({ id: 'b' }));
    expect(() => foldChanges([other], stored(thing('a', 1)))).toThrow(RowShapeError);
  });

  it('see other rows as changed so far, if they said that they read them', () => {
    const a = rowRef(things, { id: 'a' });
    const copy = (reads: (typeof a)[]) =>
      derive(things, { id: 'c' }, (read) => thing('c', a.in(read)?.count ?? 0), reads);
    const [writes] = foldChanges([more('a'), copy([a]), more('a')], stored(thing('a', 1)));
    expect(writes?.upserts).toEqual([thing('a', 3)]);
    expect(writes?.inserts).toEqual([thing('c', 2)]);
    expect(() => foldChanges([copy([])], stored(thing('a', 1)))).toThrow(/reads things unsaid/);
  });

  it('say which rows were not there, as far as they know', () => {
    const made = change(things, { id: 'd' }, () => ({ count: 4 }), { absent: () => thing('d', 0) });
    const changes = [insert(things, thing('b', 1)), more('b'), put(things, thing('c', 3)), made];
    const [writes] = foldChanges(changes, stored());
    expect(writes?.inserts).toEqual([thing('b', 2), thing('d', 4)]);
    expect(writes?.upserts).toEqual([thing('c', 3)]);
  });

  it('that leave a value as it was still refuse what is too long together', () => {
    const pair = defineTable({
      ...{ name: 'pairs', comment: 'Pairs.', key: ['id'], indexes: [['one', 'other']] },
      columns: {
        id: { type: 'text', comment: 'Id' },
        one: { type: 'text', comment: 'One' },
        other: { type: 'text', comment: 'Other' },
      },
    });
    const before = { id: 'a', one: 'x'.repeat(2500), other: 'y' };
    const grown = change(pair, { id: 'a' }, () => ({ other: 'y'.repeat(150) }));
    const loaded: Rows = new Map<AnyTable, Map<string, AnyRow>>([[pair, new Map([['a', before]])]]);
    expect(() => foldChanges([grown], loaded)).toThrow(/indexed by one, other/);
  });

  it('load only what they look at', () => {
    const a = rowRef(things, { id: 'a' });
    const made = derive(things, { id: 'c' }, () => null, [a]);
    const changes = [put(things, thing('b', 1)), more('b'), made, more('d'), more('d')];
    expect([...rowsToLoad(changes)]).toEqual([[things, [{ id: 'a' }, { id: 'd' }]]]);
  });
});
