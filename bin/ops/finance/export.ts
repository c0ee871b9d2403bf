import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { idSchema } from '../../../domain/_kernel/ids.ts';
import { isMissing, syncFolder } from '../../../embedded/durable-file.ts';
import type { ReadDatabase } from '../../../projections/_runtime/query.ts';
import { UsageError } from '../../start/options.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { notThere } from './not-there.ts';

const ordinal = z.coerce
  .number({ error: 'expected an ordinal of the log (a whole number from 1)' })
  .int({ error: 'expected an ordinal of the log (a whole number from 1)' })
  .min(1, { error: 'expected an ordinal of the log (a whole number from 1)' })
  .optional();

const files = ['settlement', 'journal', 'participation'] as const;

const input = z.strictObject({
  file: z
    .enum(files, { error: `expected one of ${files.join(', ')}` })
    .meta({ description: `which file: ${files.join(', ')}` }),
  activity: idSchema('act')
    .optional()
    .meta({ description: 'of this activity (settlement needs it)', value: 'ACTIVITY' }),
  from: ordinal.meta({ description: 'journal: from this ordinal on (1)', value: 'ORDINAL' }),
  to: ordinal.meta({
    description: 'settlement, journal: up to this ordinal (where the journal is)',
    value: 'ORDINAL',
  }),
  out: z
    .string()
    .min(1, { error: 'expected a file' })
    .optional()
    .meta({ description: 'write this file, whole or not at all (standard output)', value: 'FILE' }),
});
type Wish = z.output<typeof input>;
type Option = 'activity' | 'from' | 'to';

const kinds: Readonly<
  Record<
    (typeof files)[number],
    {
      readonly takes: readonly Option[];
      readonly needs?: Option;
      rows(db: ReadDatabase, wish: Wish): Promise<AsyncIterable<string>>;
    }
  >
> = {
  settlement: {
    takes: ['activity', 'to'],
    needs: 'activity',
    rows: async (db, { activity, to }) => {
      const { exportSettlement } = await import('../../../exporters/activity-settlement/index.ts');
      if (activity === undefined) throw new UsageError('--activity is missing');
      return exportSettlement({ db, activityId: activity, ...(to === undefined ? {} : { to }) });
    },
  },
  journal: {
    takes: ['from', 'to'],
    rows: async (db, { from, to }) => {
      const { exportJournal } = await import('../../../exporters/journal/index.ts');
      return exportJournal({
        db,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
    },
  },
  participation: {
    takes: ['activity'],
    rows: async (db, { activity }) => {
      const { exportParticipation } = await import(
        '../../../exporters/participation-summary/index.ts'
      );
      const asOf = new Date().toISOString();
      return exportParticipation({
        ...{ db, asOf },
        ...(activity === undefined ? {} : { activityId: activity }),
      });
    },
  },
};

export const financeExport = defineVerb({
  name: 'export',
  summary: 'Write a sealed CSV file: settlement, journal or participation',
  description: `The file ends with its totals, a checksum and an end mark, so that \`finance verify\` tells a
truncated or changed one. The same range of the journal is the same file for ever.`,
  input,
  positional: ['file'],
  finding: 'there is no such activity, or an event of the range is not booked yet',
  examples: [
    {
      line: 'npm run ops -- finance export settlement --activity act_0000000000000000000000000a --out settlement.csv',
      does: 'what was taken and paid back for an activity',
    },
    {
      line: 'npm run -s ops -- finance export journal --from 1 --to 500 > journal.csv',
      does: 'the double-entry journal of a range of the log',
    },
    {
      line: 'npm run ops -- finance export participation --out participation.csv --json',
      does: '{ file, kind, bytes, sha256 }',
    },
  ],
  run: async ({ input: wish, platform, out }) => {
    refuseWrongOptions(wish);
    if (out.json && wish.out === undefined) {
      throw new UsageError('--json tells about a file: name it with --out FILE');
    }
    const db = await platform.readModels();
    return notThere(out, async () => {
      const rows = await kinds[wish.file].rows(db, wish);
      if (wish.out === undefined) {
        for await (const row of rows) await out.raw(row);
        return exits.well;
      }
      const path = resolve(wish.out);
      const written = await writeWhole(path, rows);
      out.show({ file: path, kind: wish.file, ...written }, () => [
        `${path}: ${written.bytes} bytes, SHA-256 ${written.sha256}`,
      ]);
      return exits.well;
    });
  },
});

function refuseWrongOptions(wish: Wish): void {
  const { takes, needs } = kinds[wish.file];
  for (const option of ['activity', 'from', 'to'] as const) {
    if (wish[option] === undefined || takes.includes(option)) continue;
    const right = takes.map((one) => `--${one}`).join(', ');
    throw new UsageError(`--${option} says nothing to ${wish.file}: it takes ${right}`);
  }
  if (needs !== undefined && wish[needs] === undefined) {
    throw new UsageError(`--${needs} is missing: ${wish.file} is of one ${needs}`);
  }
}

/** Whoever opens the file meets the old one or the new one, whole; an export that fails leaves none. */
async function writeWhole(
  path: string,
  rows: AsyncIterable<string>,
): Promise<{ bytes: number; sha256: string }> {
  const partial = `${path}.${process.pid}.part`;
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(partial, 'wx').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new UsageError(`--out: there is no folder ${dirname(path)}`, { cause: error });
  });
  try {
    try {
      for await (const row of rows) {
        hash.update(row);
        bytes += Buffer.byteLength(row);
        await file.write(row);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return { bytes, sha256: hash.digest('hex') };
}
