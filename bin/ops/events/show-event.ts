import { sql } from 'kysely';
import { z } from 'zod';
import { catalogue } from '../../../domain/_catalogue.ts';
import { from, rowOf, rowsOf } from '../../../projections/_runtime/read.ts';
import type { RowOf } from '../../../projections/_runtime/table.ts';
import { auditEvents } from '../../../projections/audit-events/table.ts';
import { type Output, plain } from '../_cli/output.ts';
import type { Platform } from '../_cli/platform.ts';
import { type ExitCode, exits, type OpsContext } from '../_cli/verb.ts';
import { type Chain, chainOf, type Effect, type Link } from './chain.ts';
import type { EventPlace } from './place.ts';
import { eventLines, shownEvent } from './shown.ts';

/** Events of one correlation that are looked at: a cancelled activity leads to thousands. */
const MOST = 2000;

/** Shows the event of a place with its chain of causes. The exit code. */
export async function showEvent(
  { platform, out }: OpsContext,
  place: EventPlace,
): Promise<ExitCode> {
  const db = await platform.readModels();
  const row = await rowOf(auditEvents, whereIs(from(db, auditEvents), place));
  const at = row ?? (place.kind === 'revision' ? place : undefined);
  const raw = at === undefined ? undefined : await readOne(platform, at);
  if (raw === undefined) {
    const newest = await rowOf(
      auditEvents,
      from(db, auditEvents).orderBy('t.ordinal', 'desc').limit(1),
    );
    out.note(`There is no such event; the audit trail is at ordinal ${newest?.ordinal ?? 0}.`);
    return exits.finding;
  }
  const [decoded = new RangeError('it was not decoded')] = await (
    await platform.eventStore()
  ).decode([raw]);
  const shown = shownEvent(raw, decoded);
  const correlated =
    row === undefined
      ? []
      : await rowsOf(
          auditEvents,
          from(db, auditEvents)
            .where('t.correlation_id', '=', row.correlation_id)
            .orderBy('t.ordinal')
            .limit(MOST + 1),
        );
  const more = correlated.length > MOST;
  const chain =
    row === undefined ? null : chainOf(linkOf(row), correlated.slice(0, MOST).map(linkOf));
  const began = chain === null ? null : await beginningOf(platform, chain.began);
  const personal = personalOf(raw.type, raw.data);
  const ordinal = row?.ordinal ?? null;
  out.show(
    {
      ...{ ordinal, ...shown, personal, metadata: raw.metadata },
      ...{ causes: chain?.causes ?? [], began, effects: chain?.effects ?? [], more },
    },
    () => [
      ...eventLines(shown, out),
      '',
      ...out.table(
        ['metadata', 'value'],
        [
          ['ordinal', ordinal === null ? 'not in the audit trail yet' : String(ordinal)],
          ['id', raw.id],
          ...Object.entries(raw.metadata as object).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        ],
      ),
      ...personal.map(
        ({ path, subject, purpose }) =>
          `${path}: encrypted, opens with the key of ${plain(subject)} for ${purpose}`,
      ),
      '',
      ...(chain === null ? [] : chainLines(chain, began ?? chain.began, out)),
      ...(more ? [`There is more: only ${MOST} events of this correlation were looked at.`] : []),
    ],
  );
  return shown.trouble === null ? exits.well : exits.finding;
}

type Query = ReturnType<typeof from>;

function whereIs(query: Query, place: EventPlace): Query {
  if (place.kind === 'id') return query.where('t.event_id', '=', place.id).limit(1);
  if (place.kind === 'ordinal') return query.where('t.ordinal', '=', place.ordinal).limit(1);
  const { stream, revision } = place;
  // The column takes 32 bits, and what somebody types may have more.
  const same = sql<boolean>`t.revision = ${revision}::bigint`;
  return query.where('t.stream', '=', stream).where(same).limit(1);
}

async function readOne(
  platform: Platform,
  { stream, revision }: { readonly stream: string; readonly revision: number },
) {
  const eventStore = await platform.eventStore();
  const [raw] = await eventStore.readStreamRaw(stream, { from: revision, max: 1 });
  return raw?.revision === revision ? raw : undefined;
}

const linkOf = (row: RowOf<typeof auditEvents>): Link => ({
  ordinal: row.ordinal,
  id: row.event_id,
  ...{ type: row.type, stream: row.stream, revision: row.revision },
  causationId: row.causation_id,
});

/** What stands at the beginning: of a saga's timer or refused command its row tells, for 30 days. */
async function beginningOf(platform: Platform, id: string): Promise<string> {
  const { rows } = await (await platform.pool()).query<{ what: string }>(
    `select 'timer ' || name || ' of ' || saga || ' ' || instance as what from saga.timers where id::text = $1
     union all
     select kind || ' ' || name || ' of ' || saga || ' ' || instance from saga.outbox where id::text = $1`,
    [id],
  );
  return rows[0]?.what ?? `command ${id}`;
}

/** The personal values that an event may have, and whose key opens them. */
function personalOf(type: string, data: unknown) {
  const values = z.record(z.string(), z.unknown()).safeParse(data).data ?? {};
  return (catalogue.types.get(type)?.personal ?? []).map(({ path, mark }) => ({
    path: path.join('.'),
    subject: String(values[mark.subject] ?? 'nobody'),
    purpose: mark.purpose,
  }));
}

function chainLines({ causes, effects }: Chain, began: string, out: Output): readonly string[] {
  const line = (link: Link, indent: number) =>
    `${'  '.repeat(indent)}${out.paint('dim', `#${link.ordinal}`)}  ${out.paint('bold', plain(link.type))}  ${plain(`${link.stream}@${link.revision}`)}`;
  return [
    'Caused by:',
    ...causes.map((link) => line(link, 1)),
    `  ${plain(began)}`,
    effects.length === 0 ? 'It caused nothing (yet).' : 'It caused:',
    ...effects.map((link: Effect) => line(link, link.depth)),
  ];
}
