import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  brokenPromises,
  type Contract,
  ContractBrokenError,
  contractOf,
  contractSchema,
  extendContract,
} from './contract.ts';
import { analyticsViews } from './index.ts';

const offered = contractOf(analyticsViews.views);

test('what is promised in contract.json is what the views offer', async () => {
  const text = await readFile(join(import.meta.dirname, 'contract.json'), 'utf8');
  const promised = contractSchema.parse(JSON.parse(text));
  expect(brokenPromises(promised, offered)).toEqual([]);
  expect(extendContract(promised, offered)).toBe(text);
});

const column = (name: string, type = 'text') => ({ column: name, type });
const promised: Contract = { visits: [column('id'), column('at', 'date or null')] };

test.each<[what: string, offered: Contract, broken: string[]]>([
  ['nothing changed', promised, []],
  ['a view and a column at the end', { ...promised, more: [column('id')] }, []],
  [
    'a column at the end',
    { visits: [column('id'), column('at', 'date or null'), column('n', 'integer')] },
    [],
  ],
  ['a value that is never missing now', { visits: [column('id'), column('at', 'date')] }, []],
  ['a view that is gone', {}, ['visits is promised and gone']],
  [
    'a column with another name',
    { visits: [column('id'), column('day', 'date or null')] },
    ['visits.at is promised and gone'],
  ],
  [
    'a column of another type',
    { visits: [column('id'), column('at', 'text')] },
    ['visits.at is promised as date or null, not text'],
  ],
  [
    'a value that can be missing now',
    { visits: [column('id', 'text or null'), column('at', 'date or null')] },
    ['visits.id is promised as text, not text or null'],
  ],
  [
    'another order',
    { visits: [column('at', 'date or null'), column('id')] },
    ['visits.id is no longer column 1', 'visits.at is no longer column 2'],
  ],
])('%s', (_what, next, broken) => {
  expect(brokenPromises(promised, next)).toEqual(broken);
  if (broken.length > 0) {
    expect(() => extendContract(promised, next)).toThrow(ContractBrokenError);
  } else {
    expect(contractSchema.parse(JSON.parse(extendContract(promised, next)))).toEqual(next);
  }
});
