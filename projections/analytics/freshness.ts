import { defineView } from '../_runtime/view.ts';
import { auditEvents } from '../audit-events/table.ts';

/** The schema that analysts query. */
export const ANALYTICS = 'analytics';

/**
 * How far each view has seen, by the versions it really reads: a view that waits for the last of its
 * projections to be switched still reads those of the release before, and says so.
 */
export const freshness = defineView({
  name: 'freshness',
  comment: 'How far each view of this schema has seen. Look here before trusting a figure.',
  key: ['view_name'],
  columns: {
    view_name: { type: 'text', sql: 'f.view_name', comment: 'Name of the view' },
    events_seen: {
      type: 'bigint',
      sql: 'f.events_seen',
      comment: 'Events of the log it has seen, counted from the first one',
    },
    newest_event_at: {
      type: 'timestamptz',
      nullable: true,
      sql: 'e.recorded_at',
      comment: 'When the newest of these events was recorded; null: none, or not known yet',
    },
    moved_at: {
      type: 'timestamptz',
      sql: 'f.moved_at',
      comment: 'When it last took something in; it stands while nothing happens',
    },
    parked_events: {
      type: 'bigint',
      sql: 'f.parked_events',
      comment: 'Events that are missing because they could not be applied; above 0: ask operations',
    },
    current: {
      type: 'boolean',
      sql: 'f.current',
      comment: 'Whether it reads what is kept up to date; false while a new release takes over',
    },
  },
  from: (table) => `(
    select s.view as view_name, min(c.ordinal) as events_seen, min(c.updated_at) as moved_at,
      sum((select count(*) from projection.parked p
           where p.projection = s.projection and p.version = s.version))::bigint as parked_events,
      bool_and(v.live) as current
    from projection.view_sources s
    join projection.checkpoints c using (projection, version)
    join projection.versions v using (projection, version)
    where s.schema = '${ANALYTICS}'
    group by s.view
  ) f left join ${table(auditEvents)} e on e.ordinal = f.events_seen`,
});
