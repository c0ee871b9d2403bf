const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEAD_BYTES = 9;
export const DATA = 0;

export type Frame = { readonly type: number; readonly stream: number; readonly payload: Buffer };

/** Takes the frames (RFC 9113 §4.1) out of one direction of a connection, from its first byte. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length >= PREFACE.length && rest.subarray(0, PREFACE.length).equals(PREFACE)) {
      rest = rest.subarray(PREFACE.length);
    }
    const frames: Frame[] = [];
    // The preface is no frame; what looks like its beginning waits for the rest of it.
    while (rest.length >= HEAD_BYTES && !PREFACE.subarray(0, rest.length).equals(rest)) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < HEAD_BYTES + length) break;
      frames.push({
        type: rest.readUInt8(3),
        stream: rest.readUInt32BE(5) & 0x7fffffff,
        payload: rest.subarray(HEAD_BYTES, HEAD_BYTES + length),
      });
      rest = rest.subarray(HEAD_BYTES + length);
    }
    return frames;
  };
}
