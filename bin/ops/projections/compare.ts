import { z } from 'zod';
import type { Cause, RowName } from '../../../projections/_runtime/explain.ts';
import type { Findings, ProjectionDefinition } from '../../../projections/_runtime/index.ts';
import { type Cell, type Output, plain } from '../_cli/output.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { explained, linesOf, type Reading, readLog, shownCause } from '../explain.ts';
import { underWay } from './rebuild.ts';
import { readProjections } from './status.ts';
import { unknownProjection } from './unknown.ts';
import { watch } from './watch.ts';

export const projectionsCompare = defineVerb({
  name: 'compare',
  summary: 'Compare a read model with what the log says, while everything runs',
  description: `The process that runs the projection folds the log once more beside the tables that queries read, and
compares both when they have handled the same events. Nothing is changed: \`projections rebuild\` puts
right what differs. Of the first row that differs in a table you see the columns and the events that
made it; values are not printed, they may be personal.`,
  input: z.strictObject({
    projection: z
      .string()
      .min(1)
      .meta({ description: 'which one, as `projections status` names it' }),
  }),
  positional: ['projection'],
  finding: 'rows differ, or the comparison was not finished',
  examples: [
    {
      line: 'npm run ops -- projections compare enrollments',
      does: 'shows how far it is, then a report',
    },
    {
      line: 'npm run -s ops -- projections compare enrollments --json',
      does: '{ projection, version, ordinal, rows, tables: [{ table, rows, onlyLive, onlyLog, different, first }] }',
    },
  ],
  run: async ({ input: { projection }, platform, out, signal }) => {
    const [all, { projections }, { requestRebuild }] = await Promise.all([
      readProjections(platform),
      import('../../../projections/index.ts'),
      import('../../../projections/_runtime/index.ts'),
    ]);
    const definition = projections.find(({ name }) => name === projection);
    if (definition === undefined) throw unknownProjection(projection, projections);
    const { version } = definition;
    const now = all.find((one) => one.projection === projection && one.version === version);
    if (now === undefined || now.doing === 'nobody') {
      const why = now?.state === 'paused' ? 'it is paused' : 'start the role projections first';
      throw new UnavailableError(
        `No process runs ${projection} v${version}, and who runs it compares it: ${why}.`,
      );
    }
    const pool = await platform.pool();
    const { id, kind } = await requestRebuild(pool, definition, 'compare');
    if (kind === 'rebuild') throw new UnavailableError(underWay(projection, kind));
    const ended = await watch({ id, projection, pool, out, signal });
    if (ended === null) return exits.finding;
    const { findings, trouble } = ended;
    if (findings === null) {
      out.note(`${projection} was not compared: ${trouble ?? 'it was given up'}`);
      return exits.finding;
    }
    const eventStore = await platform.eventStore();
    const behind = await eventsBehind(definition, findings, { eventStore, out, signal });
    out.show({ projection, version, ...withEvents(findings, behind) }, () =>
      report(projection, findings, behind, out),
    );
    return findings.rows === 0 ? exits.well : exits.finding;
  },
});

type Behind = ReadonlyMap<string, readonly Cause[]>;

/** By table: the events that made the first row that differs there. */
async function eventsBehind(
  definition: ProjectionDefinition,
  { tables }: Findings,
  reading: Reading,
): Promise<Behind> {
  const { createExplainer, keyOfRow, touchesRow } = await import(
    '../../../projections/_runtime/explain.ts'
  );
  const behind = new Map<string, readonly Cause[]>();
  for (const { table, first } of tables) {
    if (first === null) continue;
    const row: RowName = { table, key: first.key };
    let key: string | null = null;
    await readLog(reading, (event) => {
      key = keyOfRow(definition, row, event);
      return key === null ? undefined : 'enough';
    });
    const causes = key === null ? [] : await explained(createExplainer(definition, key), reading);
    behind.set(
      table,
      causes.filter((cause) => touchesRow(cause, row)),
    );
  }
  return behind;
}

const withEvents = ({ tables, ...rest }: Findings, behind: Behind) => ({
  ...rest,
  tables: tables.map(({ first, ...table }) => ({
    ...table,
    first:
      first === null ? null : { ...first, events: (behind.get(table.table) ?? []).map(shownCause) },
  })),
});

function report(
  projection: string,
  { rows, tables, ordinal }: Findings,
  behind: Behind,
  out: Output,
): readonly string[] {
  const red = (n: number): Cell => (n === 0 ? 0 : { text: String(n), colour: 'red' });
  const end =
    rows === 0
      ? out.paint('green', `equal to the log up to event ${ordinal}`)
      : out.paint('red', `${rows} rows differ from the log up to event ${ordinal}`);
  return [
    ...out.table(
      ['table', 'rows', 'by the log', 'only live', 'only in the log', 'different'],
      tables.map((one): Cell[] => [
        ...[one.table, one.rows.live, one.rows.log],
        ...[red(one.onlyLive), red(one.onlyLog), red(one.different)],
      ]),
    ),
    ...tables.flatMap(({ table, first }) => {
      if (first === null) return [];
      const row = plain(Object.values(first.key).join(', '));
      const which = first.columns.length === 0 ? '' : `: ${first.columns.join(', ')}`;
      const events = behind.get(table) ?? [];
      return [
        out.paint('red', `${table} (${row}) ${first.what}${which}`),
        ...(events.length === 0
          ? ['  no event of the log made it']
          : events.flatMap((cause) => linesOf(cause, out)).map((line) => `  ${line}`)),
      ];
    }),
    `${projection}: ${end}`,
  ];
}
