/** Reads that make sense, to look at what the others left. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { openCall, wordFor } from '../call.ts';
import { paths, readRequest } from '../messages.ts';
import { framed } from '../protobuf.ts';
import { Fault, type Range } from '../shot.ts';

/** The events of a stream, which has to be readable. */
export const readBack = async (
  range: Range,
  stream: string | Uint8Array,
): Promise<readonly streams.ReadResp[]> => {
  const call = openCall(range.session(), paths.read);
  call.stream.end(framed(readRequest({ stream, count: 100_000n })));
  const ending = await range.within('a read of what was written', call.ended);
  if (ending.kind === 'connection') return await readBack(range, stream);
  if (ending.kind !== 'status' || ending.code !== 0) {
    throw new Fault(`what was written cannot be read: ${wordFor(ending)}`);
  }
  return call.messages
    .map((body) => streams.ReadResp.deserializeBinary(body))
    .filter((answer) => answer.hasEvent());
};

export const eventsOf = async (range: Range, stream: string): Promise<number> =>
  (await readBack(range, stream)).length;
