import { deriveId, eventIdOf, PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import type { EventToAppend } from '../../platform/event-store/codec.ts';
import { season } from './season.ts';

/** An event with the stream and the revision that it is to have there. */
export type LaneEvent = { readonly stream: string; readonly revision: number } & EventToAppend;

const ENROLLMENTS = 60;
/** Ids of ours, of Stripe and of articles: whatever two seasons must not have in common. */
const ID = /\b([a-z]{3})_([0-9a-hjkmnp-tv-z]{26})\b|\b(txn|pi|ch)_(\w+)\b|\bpuppy-tips-\d+\b/g;

/**
 * Seasons one after the other, as many as one takes, each with activities and people of its own: what
 * one lane writes has nothing to do with what the others do. The same name gives the same events.
 */
export function* lane(name: string): Generator<LaneEvent> {
  for (let year = 0; ; year += 1) yield* seasonOf(`${name} ${year}`, year);
}

function* seasonOf(name: string, seed: number): Generator<LaneEvent> {
  const known = new Map<string, string>();
  const own = (id: string, type: string | undefined): string => {
    const other = known.get(id) ?? renamed(name, id, type);
    known.set(id, other);
    return other;
  };
  for (const event of season({ seed, enrollments: ENROLLMENTS })) {
    const { type, revision, metadata } = event;
    const rename = (text: string) => text.replace(ID, (id, prefix?: string) => own(id, prefix));
    const stream = rename(event.stream);
    const commandId = uuidv5(PAWPRINT_NAMESPACE, `${name} ${event.ordinal}`);
    yield {
      ...{ stream, revision, type, id: eventIdOf(commandId, stream, 0) },
      data: JSON.parse(rename(JSON.stringify(event.data))),
      metadata: { ...metadata, commandId, $correlationId: commandId, $causationId: commandId },
    };
  }
}

function renamed(name: string, id: string, type: string | undefined): string {
  if (type !== undefined) return deriveId(type as 'act', `${name} ${id}`);
  const short = uuidv5(PAWPRINT_NAMESPACE, `${name} ${id}`).slice(0, 13);
  return id.startsWith('puppy') ? `${id}-${short}` : `${id}_${short.replace('-', '')}`;
}
