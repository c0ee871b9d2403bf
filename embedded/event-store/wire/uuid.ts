import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import { type Output, putHeader, putString, putUint64, used } from './protobuf.ts';

/** A UUID travels as text or as two int64; the answer uses the form of the question. */
export type WireUuid = { readonly text: string; readonly structured: boolean };

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const EMPTY = '00000000-0000-0000-0000-000000000000';

const fromHalves = (most: bigint, least: bigint): string => {
  const hex = ((BigInt.asUintN(64, most) << 64n) | BigInt.asUintN(64, least))
    .toString(16)
    .padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Undefined when there is none or it is not a UUID. */
export const readUuid = (uuid: UUID | undefined): WireUuid | undefined => {
  if (uuid === undefined) return undefined;
  const structured = uuid.getStructured();
  if (structured !== undefined) {
    const most = BigInt(structured.getMostSignificantBits());
    const least = BigInt(structured.getLeastSignificantBits());
    return { text: fromHalves(most, least), structured: true };
  }
  const text = uuid.getString().toLowerCase();
  return PATTERN.test(text) ? { text, structured: false } : undefined;
};

export const isEmptyUuid = (uuid: WireUuid): boolean => uuid.text === EMPTY;

export const putUuid = (out: Output, field: number, uuid: string, structured: boolean): void => {
  const end = used(out);
  if (structured) {
    const value = BigInt(`0x${uuid.replaceAll('-', '')}`);
    const inner = used(out);
    putUint64(out, 2, value & 0xffff_ffff_ffff_ffffn);
    putUint64(out, 1, value >> 64n);
    putHeader(out, 1, inner);
  } else {
    putString(out, 2, uuid);
  }
  putHeader(out, field, end);
};
