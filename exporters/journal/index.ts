import type { z } from 'zod';
import { encodeCursor } from '../../projections/_runtime/paging.ts';
import type { ReadDatabase } from '../../projections/_runtime/query.ts';
import { listJournal } from '../../projections/finance-journal/query.ts';
import { majorCell } from '../_runtime/amounts.ts';
import type { Cell } from '../_runtime/csv.ts';
import {
  allOf,
  exportContext,
  handledOrdinal,
  NotReadyError,
  PAGE,
} from '../_runtime/read-models.ts';
import { renderFile } from '../_runtime/sealed-file.ts';
import { journalFile } from './file.ts';

/** A line of the double-entry journal, as the read API feeds it. */
export type JournalLine = z.output<typeof listJournal.reply>['items'][number];

/** Ordinals of the log, both included. */
export type OrdinalRange = { readonly from: number; readonly to: number };

/** The journal as a file: pure, and the same lines give the same bytes. */
export function renderJournal(
  lines: AsyncIterable<JournalLine> | Iterable<JournalLine>,
  { from, to }: OrdinalRange,
): AsyncIterable<string> {
  return renderFile(journalFile, { from_ordinal: from, to_ordinal: to }, rowsOf(lines));
}

async function* rowsOf(
  lines: AsyncIterable<JournalLine> | Iterable<JournalLine>,
): AsyncIterable<readonly Cell[]> {
  for await (const line of lines) {
    const { debit, credit, currency } = line;
    yield [
      ...[line.ordinal, line.journalId, line.line, line.occurredAt, line.recordedAt],
      ...[line.eventType, line.account, currency, debit, credit],
      ...[majorCell(debit, currency), majorCell(credit, currency)],
      ...[line.activityId, line.enrollmentId, line.paymentId, line.memo],
    ];
  }
}

/**
 * Exports the journal of a range of ordinals (to where the read model is, unless said otherwise).
 * Lines never change, so the same range is the same file for ever. Throws `NotReadyError` when the
 * read model has not got there, or holds back an event that it could not book.
 */
export async function exportJournal(options: {
  db: ReadDatabase;
  from?: number;
  to?: number;
}): Promise<AsyncIterable<string>> {
  const range = await readyRange(options.db, options);
  return renderJournal(journalLines(options.db, range), range);
}

/** The range, once it is certain that no line of it will come later. */
export async function readyRange(
  db: ReadDatabase,
  wanted: { from?: number; to?: number },
): Promise<OrdinalRange> {
  const handled = await handledOrdinal(db, 'finance-journal');
  const { from = 1, to = handled } = wanted;
  if (to > handled)
    throw new NotReadyError(`the journal is at ordinal ${handled}, not at ${to} yet`);
  const { heldBackFrom } = await listJournal.run(exportContext(db, ''), {
    params: {},
    query: { limit: 1, cursor: encodeCursor(to) },
  });
  if (heldBackFrom !== null && heldBackFrom <= to) {
    throw new NotReadyError(`the event at ordinal ${heldBackFrom} could not be booked: see to it`);
  }
  return { from, to };
}

/** Lines of a range, of one activity or of all, in pages. */
export async function* journalLines(
  db: ReadDatabase,
  { from, to }: OrdinalRange,
  activityId?: `act_${string}`,
): AsyncIterable<JournalLine> {
  const context = exportContext(db, '');
  const start = encodeCursor(from - 1);
  const lines = allOf((cursor = start) =>
    listJournal.run(context, {
      params: {},
      query: { limit: PAGE, cursor, ...(activityId === undefined ? {} : { activityId }) },
    }),
  );
  for await (const line of lines) {
    if (line.ordinal > to) return;
    yield line;
  }
}
