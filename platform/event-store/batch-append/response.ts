import {
  type Fields,
  input,
  readFields,
  readNested,
  takeBytes,
  takeText,
  takeUint64,
} from './reader.ts';

/** What the store says of one append. */
export type BatchAnswer =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: bigint | null }
  | { readonly kind: 'conflict'; readonly actual: number }
  /** It never can be made. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It may have been made all the same. */
  | { readonly kind: 'unknown'; readonly reason: string };

type Uuid = { text: string; most: bigint; least: bigint };
type Position = { commit: bigint };
type Success = { revision: number; position: bigint | null };
type Failure = { message: string; type: string; detail: Buffer };
type Response = { correlation: Uuid; success: Success | null; failure: Failure | null };

const structured: Fields<Uuid> = {
  1: (from, into) => {
    into.most = takeUint64(from);
  },
  2: (from, into) => {
    into.least = takeUint64(from);
  },
};
const uuid: Fields<Uuid> = {
  1: (from, into) => {
    readNested(from, structured, into);
  },
  2: (from, into) => {
    into.text = takeText(from);
  },
};
const position: Fields<Position> = {
  1: (from, into) => {
    into.commit = takeUint64(from);
  },
};
const success: Fields<Success> = {
  1: (from, into) => {
    into.revision = Number(takeUint64(from));
  },
  3: (from, into) => {
    into.position = readNested(from, position, { commit: 0n }).commit;
  },
};
const detail: Fields<Failure> = {
  1: (from, into) => {
    into.type = takeText(from);
  },
  2: (from, into) => {
    into.detail = takeBytes(from);
  },
};
const failure: Fields<Failure> = {
  2: (from, into) => {
    into.message = takeText(from);
  },
  3: (from, into) => {
    readNested(from, detail, into);
  },
};
const response: Fields<Response> = {
  1: (from, into) => {
    readNested(from, uuid, into.correlation);
  },
  2: (from, into) => {
    into.failure = readNested(from, failure, {
      ...{ message: '', type: '', detail: Buffer.alloc(0) },
    });
  },
  3: (from, into) => {
    into.success = readNested(from, success, { revision: -1, position: null });
  },
};

const actual: Fields<{ revision: number }> = {
  1: (from, into) => {
    into.revision = Number(takeUint64(from));
  },
};

const refused = ({ message }: Failure): BatchAnswer => ({ kind: 'refused', reason: message });

/** What a failure means, by the type of its detail. All others leave open what became of the append. */
const meanings: Readonly<Record<string, (failure: Failure) => BatchAnswer>> = {
  WrongExpectedVersion: (failed) => ({
    kind: 'conflict',
    actual: readFields(input(failed.detail), actual, { revision: -1 }).revision,
  }),
  StreamDeleted: refused,
  AccessDenied: refused,
  MaximumAppendSizeExceeded: refused,
};
/** `type.googleapis.com/event_store.client.StreamDeleted`: the last part is the name. */
const nameOf = (type: string): string => type.slice(type.lastIndexOf('.') + 1);

function answerOf({ success: appended, failure: failed }: Response): BatchAnswer {
  if (appended !== null) return { kind: 'appended', ...appended };
  if (failed === null) return { kind: 'unknown', reason: 'an answer that says nothing' };
  const meaning = meanings[nameOf(failed.type)];
  if (meaning !== undefined) return meaning(failed);
  return { kind: 'unknown', reason: `${nameOf(failed.type)}: ${failed.message}` };
}

function textOf({ text, most, least }: Uuid): string {
  if (text !== '') return text;
  const hex = ((most << 64n) | least).toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A `BatchAppendResp`. Throws `MalformedMessageError`. */
export function readBatchAppendResponse(bytes: Buffer): {
  readonly correlationId: string;
  readonly answer: BatchAnswer;
} {
  const correlation = { text: '', most: 0n, least: 0n };
  const read = readFields(input(bytes), response, { correlation, success: null, failure: null });
  return { correlationId: textOf(correlation), answer: answerOf(read) };
}
