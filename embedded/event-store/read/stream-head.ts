import { isMetastream, metastreamOf, originalOf, TOMBSTONE } from '../core/model.ts';
import { limitsOf, type StreamLimits } from '../core/stream-metadata.ts';
import type { LogReader } from '../log/reader.ts';
import type { Writer } from '../write/writer.ts';

export type ReadableStream = {
  readonly last: bigint;
  readonly limits: StreamLimits;
  readonly tombstoned: boolean;
};

type Sources = { readonly reader: LogReader; readonly writer: Pick<Writer, 'peek'> };

const headOf = async (
  { reader, writer }: Sources,
  stream: string,
): Promise<{ last: bigint; metadata: Buffer | undefined }> => {
  const state = writer.peek(stream);
  const meta = writer.peek(metastreamOf(stream));
  return state === undefined || meta === undefined
    ? reader.streamHead(stream)
    : { last: state.last, metadata: meta.metadata };
};

/** What a reader of this stream may see now. */
export const readableStream = async (sources: Sources, stream: string): Promise<ReadableStream> => {
  const { last, metadata } = await headOf(sources, stream);
  const limits = limitsOf(stream, metadata);
  // With a stream its metadata is gone too.
  const tombstoned =
    last === TOMBSTONE ||
    (isMetastream(stream) && (await headOf(sources, originalOf(stream))).last === TOMBSTONE);
  return { last, limits, tombstoned };
};
