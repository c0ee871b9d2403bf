/** What an HTTP/2 client says first (RFC 9113 §3.4), and after it a SETTINGS frame. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FRAME_HEADER = 9;
const TYPE_AT = 3;
const SETTINGS = 4;
/** A frame is no longer, unless it was agreed upon. */
const MOST_FRAME = 16_384;

export type Hello = 'http1' | 'http2' | 'unfinished';

/**
 * Which protocol the first bytes of a connection are, once they are complete. What begins like HTTP/2
 * and is none is handed on as such: its implementation knows best how to say no.
 */
export const helloIn = (head: Buffer): Hello => {
  const known = Math.min(head.length, PREFACE.length);
  const matches = head.subarray(0, known).equals(PREFACE.subarray(0, known));
  if (!matches) return head.toString('latin1', 0, 3) === 'PRI' ? 'http2' : 'http1';
  const settings = head.subarray(PREFACE.length);
  if (settings.length < FRAME_HEADER) return 'unfinished';
  const length = settings.readUIntBE(0, 3);
  if (settings[TYPE_AT] !== SETTINGS || length > MOST_FRAME) return 'http2';
  return settings.length < FRAME_HEADER + length ? 'unfinished' : 'http2';
};
