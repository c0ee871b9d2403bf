import { z } from 'zod';
import { MAX_INT64 } from '../core/model.ts';
import { MoveRefusedError } from './errors.ts';
import { payloadBytes, payloadMember } from './payload.ts';

/** Where an event stands in a log. Every newer server writes two equal numbers. */
export type Position = { readonly commit: bigint; readonly prepare: bigint };

/** An event as it moves: bytes as they are. */
export type MovedEvent = {
  readonly stream: string;
  readonly revision: bigint;
  /** UUID in lower case */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
  /** 100-nanosecond ticks since the Unix epoch */
  readonly created: bigint;
  readonly position: Position;
};

/** First line of a file. */
export type Header = {
  /** Id of the first event that the source has: two logs are the same when it is the same. */
  readonly log: string;
};

/** Last line of a file that is whole. */
export type End = {
  readonly events: number;
  /** Of all lines above it, as hexadecimal digits. */
  readonly sha256: string;
};

export type Line =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'event'; readonly event: MovedEvent }
  | { readonly kind: 'end'; readonly end: End };

const FORMAT = 'event-log';
const VERSION = 1;
export const JSON_CONTENT = 'application/json';

const TICKS_PER_MS = 10_000n;

/** `2026-05-01T08:00:00.1234567Z`: all seven digits that a server keeps. */
export const textOfTicks = (ticks: bigint): string => {
  const ms = ticks / TICKS_PER_MS;
  const rest = String(ticks % TICKS_PER_MS).padStart(4, '0');
  return new Date(Number(ms)).toISOString().replace('Z', `${rest}Z`);
};

export const textOfPosition = ({ commit, prepare }: Position): string =>
  commit === prepare ? `${commit}` : `${commit}/${prepare}`;

const positionOf = (text: string): Position => {
  const [commit = '', prepare = commit] = text.split('/');
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
};

export const headerLine = ({ log }: Header): string =>
  JSON.stringify({ format: FORMAT, version: VERSION, log, from: 'start' });

export const eventLine = (event: MovedEvent): string => {
  const { stream, revision, id, type, contentType, data, metadata, created, position } = event;
  const head = JSON.stringify({ stream, revision: String(revision), id, type, contentType });
  const tail = `"created":"${textOfTicks(created)}","position":"${textOfPosition(position)}"}`;
  const members =
    payloadMember('data', data, contentType === JSON_CONTENT) +
    payloadMember('metadata', metadata, true);
  return `${head.slice(0, -1)}${members},${tail}`;
};

export const endLine = ({ events, sha256 }: End): string =>
  JSON.stringify({ end: true, events, sha256 });

const headerSchema = z.strictObject({
  format: z.literal(FORMAT, { error: `expected "${FORMAT}": this is no exported log` }),
  version: z.literal(VERSION, { error: `expected ${VERSION}: use the program that wrote it` }),
  log: z.string().min(1),
  from: z.literal('start'),
});

const endSchema = z.strictObject({
  end: z.literal(true),
  events: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' }),
});

const whole = z.string().regex(/^\d{1,19}$/, { error: 'expected a whole number, as a text' });
const tick = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{4})Z$/;

const eventSchema = z.strictObject({
  stream: z.string().min(1),
  revision: whole.transform(BigInt).refine((revision) => revision <= MAX_INT64, {
    error: 'expected a revision below 2^63',
  }),
  id: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
    error: 'expected a UUID in lower case',
  }),
  type: z.string().min(1),
  contentType: z.string().min(1),
  data: z.unknown().optional(),
  dataBase64: z.base64().optional(),
  metadata: z.unknown().optional(),
  metadataBase64: z.base64().optional(),
  created: z.string().regex(tick, { error: 'expected a time with seven decimals' }),
  position: z.string().regex(/^\d{1,20}(\/\d{1,20})?$/, { error: 'expected a position' }),
});

const ticksOf = (text: string): bigint => {
  const [, instant = '', rest = ''] = tick.exec(text) ?? [];
  return BigInt(Date.parse(`${instant}Z`)) * TICKS_PER_MS + BigInt(rest);
};

const jsonIn = (value: object, name: 'data' | 'metadata'): { value: unknown } | undefined =>
  name in value ? { value: Reflect.get(value, name) } : undefined;

const parsed = <S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new MoveRefusedError(`${where}: ${path === '' ? '' : `${path}: `}${issue?.message}`);
};

const eventOf = (value: object, where: string): MovedEvent => {
  const { dataBase64, metadataBase64, created, position, ...rest } = parsed(
    eventSchema,
    value,
    where,
  );
  const { stream, revision, id, type, contentType } = rest;
  return {
    ...{ stream, revision, id, type, contentType },
    data: payloadBytes({ json: jsonIn(value, 'data'), base64: dataBase64 }),
    metadata: payloadBytes({ json: jsonIn(value, 'metadata'), base64: metadataBase64 }),
    created: ticksOf(created),
    position: positionOf(position),
  };
};

/** Reads a line; throws a `MoveRefusedError` that begins with `where` and says what would be right. */
export const parseLine = (bytes: Buffer, where: string): Line => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new MoveRefusedError(`${where}: expected a line of JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MoveRefusedError(`${where}: expected an object`);
  }
  if ('format' in value) {
    const { log } = parsed(headerSchema, value, where);
    return { kind: 'header', header: { log } };
  }
  if ('end' in value) {
    const { events, sha256 } = parsed(endSchema, value, where);
    return { kind: 'end', end: { events, sha256 } };
  }
  return { kind: 'event', event: eventOf(value, where) };
};
