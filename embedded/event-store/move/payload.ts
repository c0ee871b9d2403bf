import { isUtf8 } from 'node:buffer';

/**
 * Bytes in a line of the file. JSON stands there as JSON, so that people can read it and `jq` can
 * look into it, but only where the very same bytes come out again: proofs are made over them. Spaces
 * between tokens, `1.0`, `1e3`, numbers beyond a double, repeated keys and keys that look like array
 * indices do not survive, so such data stands there as base64.
 */
const textThatSurvives = (bytes: Buffer): string | undefined => {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    return JSON.stringify(JSON.parse(text)) === text ? text : undefined;
  } catch {
    // Not JSON, or nested deeper than the parser goes: then it travels as the bytes it is.
    return undefined;
  }
};

/** The member of a line's object that holds these bytes, with its comma; empty bytes have none. */
export const payloadMember = (name: string, bytes: Buffer, json: boolean): string => {
  if (bytes.length === 0) return '';
  const text = json ? textThatSurvives(bytes) : undefined;
  return text === undefined
    ? `,"${name}Base64":"${bytes.toString('base64')}"`
    : `,"${name}":${text}`;
};

/** The same bytes again. `value` is absent, not undefined, where there was no JSON. */
export const payloadBytes = (member: {
  readonly json: { readonly value: unknown } | undefined;
  readonly base64: string | undefined;
}): Buffer => {
  if (member.json !== undefined) return Buffer.from(JSON.stringify(member.json.value), 'utf8');
  return Buffer.from(member.base64 ?? '', 'base64');
};
