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

type Found = Awaited<ReturnType<LogReader['linkTargets']>>[number];

const resolved = (link: RecordedEvent, found: Found, nowTicks: bigint): ResolvedEvent => {
  const { event, last, metadata } = found;
  if (event === undefined) return { event: undefined, link };
  const limits = limitsOf(event.stream, metadata);
  const visible =
    last !== TOMBSTONE &&
    event.revision >= firstVisible(limits, last) &&
    event.created >= oldestVisible(limits, nowTicks);
  return { event: visible ? event : undefined, link };
};

/**
 * A link whose target cannot be read (any more) comes alone; what is no proper link comes as it is.
 * Of many events, whose targets may be large, only the first ones are resolved: at least one.
 */
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
  const answers: ResolvedEvent[] = [];
  for (const [index, event] of events.entries()) {
    if (targets[index] === undefined) {
      answers.push(plain(event));
      continue;
    }
    const target = found[next++];
    if (target === undefined) break;
    answers.push(resolved(event, target, nowTicks));
  }
  return answers;
};
