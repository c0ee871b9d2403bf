import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveId } from '../domain/_kernel/ids.ts';
import { createSecrets } from './secrets.ts';

const keys = {
  blindIndexKey: randomBytes(32),
  giftCodeSecret: randomBytes(32),
  ticketSigningKey: randomBytes(32),
};
const secrets = createSecrets(keys);
const ids = {
  ticketId: deriveId('tkt', 'a'),
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
};

describe('gift codes', () => {
  it('are derived: the same command gives the same codes, each index and each secret another', () => {
    expect(secrets.giftCode('command', 0)).toBe(createSecrets(keys).giftCode('command', 0));
    const others = [
      secrets.giftCode('command', 1),
      secrets.giftCode('another', 0),
      createSecrets({ ...keys, giftCodeSecret: randomBytes(32) }).giftCode('command', 0),
    ];
    expect(new Set([secrets.giftCode('command', 0), ...others]).size).toBe(4);
  });

  it('carry 130 bits and none of the letters that are mistaken for digits', () => {
    const code = secrets.giftCode('command', 7);
    expect(code).toMatch(/^GIFT(-[0-9A-HJKMNP-TV-Z]{5}){5}-[0-9A-HJKMNP-TV-Z]$/);
  });

  it('hash alike however they are typed', () => {
    const code = secrets.giftCode('command', 3);
    const typed = [
      code.toLowerCase(),
      code.replaceAll('-', ''),
      code.replaceAll('-', ' ').slice(5),
      ` ${code.replaceAll('1', 'l').replaceAll('0', 'o')} `,
    ];
    for (const text of typed) expect(secrets.giftCodeHash(text)).toBe(secrets.giftCodeHash(code));
    expect(secrets.giftCodeHash(`${code}X`)).not.toBe(secrets.giftCodeHash(code));
  });
});

describe('tickets', () => {
  it('are the same text for the same ids, and verify', () => {
    const ticket = secrets.signTicket(ids);
    expect(secrets.signTicket(ids)).toBe(ticket);
    expect(secrets.verifyTicket(ticket)).toEqual(ids);
  });

  it('are refused when a character was changed, or when another key signed them', () => {
    const ticket = secrets.signTicket(ids);
    for (let index = 0; index < ticket.length; index += 7) {
      const bent =
        ticket.slice(0, index) + (ticket[index] === 'A' ? 'B' : 'A') + ticket.slice(index + 1);
      expect(secrets.verifyTicket(bent)).toBeNull();
    }
    const other = createSecrets({ ...keys, ticketSigningKey: randomBytes(32) });
    expect(other.verifyTicket(ticket)).toBeNull();
    expect(secrets.verifyTicket('PAW1..')).toBeNull();
  });
});

it('names reservation streams by kind and value, under a key', () => {
  expect(secrets.blindIndex('email', 'a@example.com')).toMatch(/^[0-9a-f]{64}$/);
  const indexes = [
    secrets.blindIndex('email', 'a@example.com'),
    secrets.blindIndex('slug', 'a@example.com'),
    createSecrets({ ...keys, blindIndexKey: randomBytes(32) }).blindIndex('email', 'a@example.com'),
  ];
  expect(new Set(indexes).size).toBe(3);
});
