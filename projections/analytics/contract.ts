import { z } from 'zod';
import { type ViewDefinition, viewTypes } from '../_runtime/view.ts';

/** What is promised of each view: its columns in order, each as `type` or `type or null`. */
export const contractSchema = z.record(
  z.string(),
  z.array(z.strictObject({ column: z.string(), type: z.string() })),
);
export type Contract = z.output<typeof contractSchema>;

/** What the definitions would promise. */
export function contractOf(views: readonly ViewDefinition[]): Contract {
  return Object.fromEntries(
    views.map(({ name, columns }) => [
      name,
      Object.entries(columns).map(([column, { type, nullable }]) => ({
        column,
        type: `${viewTypes[type]}${nullable === true ? ' or null' : ''}`,
      })),
    ]),
  );
}

/**
 * What the definitions no longer keep of a promise, a sentence each. Views and, at the end, columns
 * may be added: neither breaks a query that names its columns, nor one that counts on their order.
 */
export function brokenPromises(promised: Contract, offered: Contract): string[] {
  return Object.entries(promised).flatMap(([view, columns]) => {
    const now = offered[view];
    if (now === undefined) return [`${view} is promised and gone`];
    return columns.flatMap(({ column, type }, index) => {
      const found = now.find((one) => one.column === column);
      if (found === undefined) return [`${view}.${column} is promised and gone`];
      if (now[index]?.column !== column)
        return [`${view}.${column} is no longer column ${index + 1}`];
      // A value that is always there now keeps the promise of one that may be missing.
      const kept = found.type === type || `${found.type} or null` === type;
      return kept ? [] : [`${view}.${column} is promised as ${type}, not ${found.type}`];
    });
  });
}

/** A promise to analysts would be broken by writing the contract anew. */
export class ContractBrokenError extends Error {
  override readonly name = 'ContractBrokenError';
}

/**
 * The text of `contract.json`: the promise so far, with what was added. It only grows here: who takes
 * a promise back deletes it from the file by hand, where a reviewer sees it.
 */
export function extendContract(promised: Contract, offered: Contract): string {
  const broken = brokenPromises(promised, offered);
  if (broken.length > 0) {
    throw new ContractBrokenError(
      `projections/analytics/contract.json promises otherwise:\n${broken.map((line) => `  ${line}`).join('\n')}\n` +
        'Keep the column (its SQL may change) and add another one. To break the promise all the same, ' +
        'delete it from that file by hand and say so in CHANGELOG.md.',
    );
  }
  const views = Object.entries(offered).map(([view, columns]) => {
    const lines = columns.map(
      ({ column, type }) =>
        `    { "column": ${JSON.stringify(column)}, "type": ${JSON.stringify(type)} }`,
    );
    return `  ${JSON.stringify(view)}: [\n${lines.join(',\n')}\n  ]`;
  });
  return `{\n${views.join(',\n')}\n}\n`;
}
