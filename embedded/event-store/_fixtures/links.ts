import type { AllStreamResolvedEvent } from '@eventstore/db-client';

/** Links by the stream they stand in, in its order. */
export type Links = Map<string, string[]>;

const add = (links: Links, stream: string, target: string): void => {
  const those = links.get(stream);
  if (those === undefined) links.set(stream, [target]);
  else those.push(target);
};

const written = /^\$(ce-|et-|bc-|streams$)/;
const textOf = (data: unknown): string => Buffer.from(data as Uint8Array).toString();

/** What the followers have written, as `$all` shows it. */
export const linksByStream = (all: readonly AllStreamResolvedEvent[]): Links => {
  const links: Links = new Map();
  for (const { event } of all) {
    if (event !== undefined && written.test(event.streamId)) {
      add(links, event.streamId, textOf(event.data));
    }
  }
  return links;
};

/** What they have to come to, told from the events alone and in words of its own. Without deletions. */
export const linksOfAFreshPass = (all: readonly AllStreamResolvedEvent[]): Links => {
  const links: Links = new Map();
  for (const { event } of all) {
    if (event === undefined) continue;
    const { streamId, revision, type, metadata } = event;
    const target = `${revision}@${streamId}`;
    const category = /^([^$-][^-]*)-/.exec(streamId)?.[1];
    if (revision === 0n) add(links, '$streams', target);
    if (category !== undefined) {
      add(links, `$ce-${category}`, type === '$>' ? textOf(event.data) : target);
    }
    if (type === '$>') continue;
    add(links, `$et-${type}`, target);
    const { $correlationId: flow } = (metadata ?? {}) as { $correlationId?: string };
    if (flow !== undefined) add(links, `$bc-${flow}`, target);
  }
  return links;
};
