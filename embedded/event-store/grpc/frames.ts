import type { RecordedEvent } from '../core/model.ts';
import type { LogReader } from '../log/reader.ts';
import { linkTarget, resolveLinks } from '../read/links.ts';
import { eventFrame, sharedFrame } from '../wire/read-responses.ts';

export const nowTicks = (): bigint => BigInt(Date.now()) * 10_000n;

type Wishes = { readonly resolveLinks: boolean; readonly structuredIds: boolean };

/** The frames of some events as this reader wants them. */
export const framesOf = async (
  reader: LogReader,
  events: readonly RecordedEvent[],
  wishes: Wishes,
): Promise<Buffer[]> => {
  const structured = wishes.structuredIds;
  const links = wishes.resolveLinks && events.some((event) => linkTarget(event) !== undefined);
  if (links) {
    const resolved = await resolveLinks(reader, events, nowTicks());
    return resolved.map((one) => eventFrame(one, structured));
  }
  return structured
    ? events.map((event) => eventFrame({ event, link: undefined }, true))
    : events.map(sharedFrame);
};

/** Whether the frames can be made without reading the log. */
export const isPlain = (events: readonly RecordedEvent[], { resolveLinks: resolve }: Wishes) =>
  !resolve || events.every((event) => linkTarget(event) === undefined);
