import type { RecordedEvent } from '../core/model.ts';
import { LINK_TYPE, TOMBSTONE } from '../core/model.ts';
import { firstVisible, limitsOf, oldestVisible } from '../core/stream-metadata.ts';
import type { LogReader } from '../log/reader.ts';
import type { ResolvedEvent } from '../wire/read-responses.ts';

const LINK = /^(\d{1,19})@(.+)$/s;

export type LinkTarget = { readonly stream: string; readonly revision: bigint };

/** The data of a link event is "revision@stream". */
export const linkTarget = (event: RecordedEvent): LinkTarget | undefined => {
  if (event.type !== LINK_TYPE) return undefined;
  const [, revision, stream] = LINK.exec(event.data.toString('utf8')) ?? [];
  if (revision === undefined || stream === undefined || stream.includes('\0')) return undefined;
  const number = BigInt(revision);
  return number < TOMBSTONE ? { stream, revision: number } : undefined;
};

const plain = (event: RecordedEvent): ResolvedEvent => ({ event, link: undefined });

/** A link whose target cannot be read (any more) comes alone; what is no proper link comes as it is. */
export const resolveLinks = async (
  reader: LogReader,
  events: readonly RecordedEvent[],
  nowTicks: bigint,
): Promise<ResolvedEvent[]> => {
  const targets = events.map(linkTarget);
  const wanted = targets.filter((target) => target !== undefined);
  if (wanted.length === 0) return events.map(plain);
  const found = await reader.linkTargets(wanted);
  let next = 0;
  return events.map((event, index) => {
    if (targets[index] === undefined) return plain(event);
    const target = found[next++];
    if (target?.event === undefined) return { event: undefined, link: event };
    const limits = limitsOf(target.event.stream, target.metadata);
    const visible =
      target.last !== TOMBSTONE &&
      target.event.revision >= firstVisible(limits, target.last) &&
      target.event.created >= oldestVisible(limits, nowTicks);
    return { event: visible ? target.event : undefined, link: event };
  });
};
