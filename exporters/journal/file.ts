import { amountOf } from '../_runtime/amounts.ts';
import type { FileKind, Summary } from '../_runtime/sealed-file.ts';

/** Counts and sums per currency; every entry, and so every currency, has to balance. */
function journalSummary(): Summary {
  const sums = new Map<string, { count: number; debit: number; credit: number }>();
  let entry = { id: '', open: 0 };
  let lastOrdinal = 0;
  const unbalanced = (): string | null =>
    entry.open === 0 ? null : `the entry ${entry.id} does not balance`;

  return {
    add: (cells) => {
      const [ordinal, id = '', , , , , , currency = '', ...amounts] = cells;
      const [debitMinor = '', creditMinor = '', debitMajor = '', creditMajor = ''] = amounts;
      const debit = amountOf(debitMinor, debitMajor, currency);
      const credit = amountOf(creditMinor, creditMajor, currency);
      if (debit === null || credit === null) return 'minor and major units do not agree';
      if (id !== entry.id) {
        const problem = unbalanced();
        if (problem !== null) return problem;
        if (Number(ordinal) < lastOrdinal) return 'it is not in the order of ordinals';
        entry = { id, open: 0 };
      }
      lastOrdinal = Number(ordinal);
      entry.open += debit - credit;
      const sum = sums.get(currency) ?? { count: 0, debit: 0, credit: 0 };
      sums.set(currency, {
        count: sum.count + 1,
        debit: sum.debit + debit,
        credit: sum.credit + credit,
      });
      return null;
    },
    problem: unbalanced,
    totals: () =>
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([currency, { count, debit, credit }]) => [
          [currency, 'count', count] as const,
          [currency, 'debit', debit] as const,
          [currency, 'credit', credit] as const,
        ]),
  };
}

export const journalFile: FileKind = {
  kind: 'pawprint-journal',
  version: 1,
  columns: [
    ...['ordinal', 'journal_id', 'line', 'occurred_at', 'recorded_at', 'event_type', 'account'],
    ...['currency', 'debit_minor', 'credit_minor', 'debit', 'credit'],
    ...['activity_id', 'enrollment_id', 'payment_id', 'memo'],
  ],
  summary: journalSummary,
};
