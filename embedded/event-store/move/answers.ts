import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { readUuid } from '../wire/uuid.ts';
import type { MovedEvent, Position } from './format.ts';

/** What became of an append. */
export type Appended =
  | {
      readonly kind: 'there';
      readonly revision: bigint;
      /** Absent where a repeat no longer knows it. */
      readonly position: Position | undefined;
    }
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'deleted' }
  /** The same append may succeed later. */
  | { readonly kind: 'again'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** The same bytes, not a copy. */
const bytes = (view: Uint8Array): Buffer =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength);

const text = (view: Uint8Array | undefined): string =>
  view === undefined ? '' : bytes(view).toString('utf8');

const idOf = (id: UUID | undefined): string => {
  const read = readUuid(id);
  if (read === undefined) throw new Error('the server sent an id that is no UUID');
  return read.text;
};

export const eventIn = (answer: ReadResp): MovedEvent | undefined => {
  const read = answer.getEvent();
  // Links are not resolved, but a server may still send one as such.
  const event = read?.getLink() ?? read?.getEvent();
  if (event === undefined) return undefined;
  const properties = event.getMetadataMap();
  return {
    stream: text(event.getStreamIdentifier()?.getStreamName_asU8()),
    revision: BigInt(event.getStreamRevision()),
    id: idOf(event.getId()),
    type: properties.get('type') ?? '',
    contentType: properties.get('content-type') ?? '',
    data: bytes(event.getData_asU8()),
    metadata: bytes(event.getCustomMetadata_asU8()),
    created: BigInt(properties.get('created') ?? '0'),
    position: {
      commit: BigInt(event.getCommitPosition()),
      prepare: BigInt(event.getPreparePosition()),
    },
  };
};

export const correlationOf = (answer: BatchAppendResp): string => idOf(answer.getCorrelationId());

const failures: Readonly<Record<string, Appended['kind']>> = {
  WrongExpectedVersion: 'wrong-version',
  StreamDeleted: 'deleted',
  Timeout: 'again',
};

export const appendedIn = (answer: BatchAppendResp): Appended => {
  const success = answer.getSuccess();
  if (success !== undefined) {
    const position = success.getPosition();
    return {
      kind: 'there',
      revision: success.hasNoStream() ? -1n : BigInt(success.getCurrentRevision()),
      position: position && {
        commit: BigInt(position.getCommitPosition()),
        prepare: BigInt(position.getPreparePosition()),
      },
    };
  }
  const error = answer.getError();
  const name = error?.getDetails()?.getTypeUrl().split('.').at(-1) ?? '';
  const message = error?.getMessage() || name || 'no reason given';
  const kind = failures[name] ?? 'refused';
  if (kind === 'wrong-version' || kind === 'deleted') return { kind };
  return kind === 'again' ? { kind, message } : { kind: 'refused', message };
};
