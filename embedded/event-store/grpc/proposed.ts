import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { Expected, Failure, NewEvent } from '../core/model.ts';
import { isEmptyUuid, readUuid } from '../wire/uuid.ts';
import { BadRequestError } from './read-request.ts';

type Proposed = AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage;

/** The same bytes, not a copy. */
const bytes = (view: Uint8Array): Buffer =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength);

const badRequest = (message: string): Failure => ({ kind: 'bad-request', message });

export const readProposed = (message: Proposed): NewEvent | Failure => {
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  const missing = [
    ...(type === undefined ? ['type'] : []),
    ...(contentType === undefined ? ['content-type'] : []),
  ];
  if (type === undefined || contentType === undefined) {
    return { kind: 'missing-metadata', properties: missing };
  }
  const id = readUuid(message.getId());
  if (id === undefined || isEmptyUuid(id)) return badRequest('an event needs an id, a UUID');
  if (type === '') return badRequest('an event needs a type');
  if (type.includes('\0')) return badRequest('an event type cannot contain a NUL');
  return {
    id: id.text,
    // Half a surrogate pair would be another text in the log.
    type: type.toWellFormed(),
    json: contentType === 'application/json',
    data: bytes(message.getData_asU8()),
    metadata: bytes(message.getCustomMetadata_asU8()),
  };
};

export const isFailure = (value: NewEvent | Failure): value is Failure => 'kind' in value;

export type ExpectedOptions = {
  hasRevision?(): boolean;
  hasStreamPosition?(): boolean;
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
};

export const readExpected = (options: ExpectedOptions, exact: () => string): Expected => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  if (options.hasRevision?.() || options.hasStreamPosition?.()) return BigInt(exact());
  throw new BadRequestError('an expected revision is required');
};
