import type { RecordedEvent } from '../core/model.ts';
import type { LogReader } from '../log/reader.ts';
import { linkTarget, resolveLinks } from '../read/links.ts';
import { eventFrame, sharedFrame } from '../wire/read-responses.ts';

export const nowTicks = (): bigint => BigInt(Date.now()) * 10_000n;

type Wishes = { readonly resolveLinks: boolean; readonly structuredIds: boolean };

/** The frames of some events as this reader wants them; with links perhaps of the first ones only. */
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

/** All frames of some events, in parts that are made one after the other. */
export async function* framesInParts(
  events: readonly RecordedEvent[],
  make: (events: readonly RecordedEvent[]) => Promise<readonly Buffer[]>,
): AsyncGenerator<readonly Buffer[]> {
  for (let rest = events; rest.length > 0; ) {
    const frames = await make(rest);
    yield frames;
    rest = rest.slice(frames.length);
  }
}

/** Gives each of the chosen events its frame when it is due; the others have none. */
export const framesInTurn = (
  chosen: readonly RecordedEvent[],
  make: (events: readonly RecordedEvent[]) => Promise<readonly Buffer[]>,
): ((event: RecordedEvent) => Promise<Buffer | undefined>) => {
  let ready: Buffer[] = [];
  let next = 0;
  return async (event) => {
    if (chosen[next] !== event) return undefined;
    if (ready.length === 0) ready = [...(await make(chosen.slice(next)))].reverse();
    next += 1;
    return ready.pop();
  };
};

/** Whether the frames can be made without reading the log. */
export const isPlain = (events: readonly RecordedEvent[], { resolveLinks: resolve }: Wishes) =>
  !resolve || events.every((event) => linkTarget(event) === undefined);
