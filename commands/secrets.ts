import { createHmac } from 'node:crypto';
import { signTicketToken, verifyTicketToken } from '../domain/ticket/token.ts';
import { ed25519Signer } from '../platform/keys/signing.ts';
import type { Secrets } from './_runtime/index.ts';

/** Crockford's base32 has no I, L, O and U: what people mistype is read as what was meant. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 26 characters carry 130 bits: ASVS 11.5.1 asks for 128 that cannot be guessed. */
const CODE_CHARACTERS = 26;

function codeText(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let index = 0; index < CODE_CHARACTERS; index += 1) {
    text += ALPHABET.charAt(Number(value & 31n));
    value >>= 5n;
  }
  return `GIFT-${text.match(/.{1,5}/g)?.join('-') ?? text}`;
}

/** What a person typed, as it was printed: case, dashes and spaces do not matter. */
function normaliseCode(code: string): string {
  const plain = code.toUpperCase().replaceAll(/[\s-]/g, '');
  const body = plain.startsWith('GIFT') ? plain.slice(4) : plain;
  return body.replaceAll(/[IL]/g, '1').replaceAll('O', '0');
}

/** Keys and hashes that commands need; everything is derived, nothing is kept. */
export function createSecrets(keys: {
  readonly blindIndexKey: Buffer;
  readonly giftCodeSecret: Buffer;
  readonly ticketSigningKey: Buffer;
}): Secrets {
  const hmac = (key: Buffer, ...parts: readonly string[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest();
  const signer = ed25519Signer(keys.ticketSigningKey);
  return {
    blindIndex: (kind, value) => hmac(keys.blindIndexKey, kind, value).toString('hex'),
    giftCode: (commandId, index) =>
      codeText(hmac(keys.giftCodeSecret, 'code', commandId, String(index))),
    giftCodeHash: (code) => hmac(keys.giftCodeSecret, 'hash', normaliseCode(code)).toString('hex'),
    signTicket: (ids) => signTicketToken(ids, signer.sign),
    verifyTicket: (text) => verifyTicketToken(text, signer.verify),
  };
}
