import { catalogue } from '../../../domain/_catalogue.ts';
import type { Pool } from '../../../platform/postgres/index.ts';
import type { ProjectionDefinition, RowChange } from '../../../projections/_runtime/definition.ts';
import { defineTable } from '../../../projections/_runtime/table.ts';
import type { SagaDefinition } from '../../../sagas/_runtime/definition.ts';

const witnessed = defineTable({
  name: 'witnessed',
  comment: 'Every event, by its ordinal.',
  columns: {
    ordinal: { type: 'bigint', comment: 'Place in the log' },
    event_id: { type: 'text', comment: 'Id of the event' },
  },
  key: ['ordinal'],
});

const heads = defineTable({
  name: 'witnessed_streams',
  comment: 'How far each stream is.',
  columns: {
    stream: { type: 'text', comment: 'Stream' },
    revision: { type: 'integer', comment: 'Number of its last event, from 0' },
  },
  key: ['stream'],
});

/** Refuses an event that it has, and one that is not the next of its stream: both are parked then. */
function witness(event: {
  readonly ordinal: number;
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
}): RowChange[] {
  const { ordinal, id, stream, revision } = event;
  const once: RowChange = {
    ...{ table: witnessed, key: { ordinal } },
    apply: (row) => {
      if (row !== null) throw new Error(`event ${ordinal} comes twice`);
      return { ordinal, event_id: id };
    },
  };
  const next: RowChange = {
    ...{ table: heads, key: { stream } },
    apply: (row) => {
      const before = row === null ? -1 : Number(row['revision']);
      if (revision !== before + 1) throw new Error(`${stream}@${revision} comes after ${before}`);
      return { stream, revision };
    },
  };
  return [once, next];
}

/** Runs in the group of the real ones, and knows by its rows alone what it was given. */
export const witnessProjection: ProjectionDefinition = {
  name: 'witness',
  version: 1,
  question: 'Was every event handled once, and in order?',
  tables: [witnessed, heads],
  categories: catalogue.sets.map((set) => set.category),
  keyOf: ({ stream }) => stream,
  reducers: new Map([...catalogue.types.keys()].map((type) => [type, witness])),
};

type Counted = { readonly next: number };

/** A saga that does nothing but count the events of each stream, one instance a stream. */
export const witnessSaga: SagaDefinition = {
  name: 'witness',
  summary: 'Counts the events of each stream.',
  listens: [...catalogue.types.keys()],
  initial: { next: 0 } satisfies Counted,
  instanceOf: ({ stream }) => stream,
  react: (state, input) => {
    if (input.kind !== 'event') throw new Error('it asked for nothing');
    const { next } = state as Counted;
    const { stream, revision } = input.event;
    if (revision !== next) throw new Error(`${stream}@${revision} comes where ${next} is due`);
    return { state: { next: next + 1 }, effects: [] };
  },
};

/**
 * The database keeps a list of its own of what was written to the witness's table, a line a write: it
 * knows nothing of checkpoints, and a row that is written again is a second line.
 */
export async function keepWritesOf(pool: Pool): Promise<void> {
  await pool.query(`
    create table witness_writes (
      n bigint generated always as identity primary key, ordinal bigint not null, event_id text not null);
    create function note_write() returns trigger language plpgsql as $$
      begin insert into witness_writes (ordinal, event_id) values (new.ordinal, new.event_id); return new; end $$;
    create trigger noted after insert or update on read.witnessed_v1
      for each row execute function note_write();`);
}

/** What was written, in the order in which it was. */
export async function writesIn(
  pool: Pool,
): Promise<readonly { readonly ordinal: number; readonly id: string }[]> {
  const { rows } = await pool.query<{ ordinal: string; id: string }>(
    'select ordinal::text, event_id as id from witness_writes order by n',
  );
  return rows.map(({ ordinal, id }) => ({ ordinal: Number(ordinal), id }));
}

/** How many events of each stream the saga has counted. */
export async function countedBySaga(pool: Pool): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ instance: string; next: number }>(
    `select instance, (state ->> 'next')::int as next from saga.instances where saga = 'witness'`,
  );
  return new Map(rows.map(({ instance, next }) => [instance, next]));
}
