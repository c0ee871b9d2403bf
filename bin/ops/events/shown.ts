import { catalogue } from '../../../domain/_catalogue.ts';
import { metadataSchema, type StoredEvent } from '../../../domain/_kernel/event.ts';
import type { RawEvent } from '../../../platform/event-store/index.ts';
import { withoutPersonal } from '../../../projections/audit-events/reduce.ts';
import type { Output } from '../_cli/output.ts';
import { plain } from '../_cli/output.ts';

/** An event as it is printed. Personal values read `[personal]`, as in the audit trail. */
export type ShownEvent = {
  /** 64 bits wide, so as text. */
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly id: string;
  /** Null, with what follows, for an event that cannot be read. */
  readonly recordedAt: string | null;
  readonly actor: { readonly kind: string; readonly id: string } | null;
  readonly commandId: string | null;
  readonly correlationId: string | null;
  /** In its newest version. */
  readonly data: unknown;
  /** Why it cannot be read by this release; null: it can. */
  readonly trouble: string | null;
};

/** What the one decode path made of an event. What it could not read is not printed: nobody has checked it. */
export function shownEvent(raw: RawEvent, decoded: StoredEvent | Error): ShownEvent {
  const { stream, revision, type, id } = raw;
  const place = { position: raw.position.toString(), stream, revision, type, id };
  const metadata = metadataSchema.safeParse(raw.metadata).data;
  const about = {
    recordedAt: metadata?.recordedAt ?? null,
    actor: metadata?.actor ?? null,
    commandId: metadata?.commandId ?? null,
    correlationId: metadata?.$correlationId ?? null,
  };
  if (decoded instanceof Error) return { ...place, ...about, data: null, trouble: decoded.message };
  const fields = catalogue.types.get(type)?.personal ?? [];
  const data = withoutPersonal(decoded.data as Readonly<Record<string, unknown>>, fields);
  return { ...place, ...about, data, trouble: null };
}

/** An event for a person: what and when in one line, what it says in the next. */
export function eventLines(event: ShownEvent, out: Output): readonly string[] {
  const { stream, revision, type, recordedAt, actor, data, trouble } = event;
  const who = actor === null ? '' : `  by ${actor.kind} ${actor.id}`;
  const head = `${out.paint('dim', recordedAt ?? '-')}  ${out.paint('bold', plain(type))}  ${plain(`${stream}@${revision}${who}`)}`;
  const said = trouble === null ? plain(JSON.stringify(data)) : out.paint('red', plain(trouble));
  return [head, `    ${said}`];
}
