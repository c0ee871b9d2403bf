import { afterEach, describe, expect, it } from 'vitest';
import { appendPoint, armCrashPoint, crossing, parseCrashAt } from './index.ts';

describe('crash points', () => {
  afterEach(() => armCrashPoint(undefined));

  /** What happened in two passings of `mail.send`, and of another boundary in between. */
  const walk = async (text: string): Promise<string[]> => {
    const seen: string[] = [];
    armCrashPoint(parseCrashAt(text) ?? undefined, () => seen.push('died'));
    const pass = async (name: 'mail.send' | 'saga.commit') => {
      await crossing(name, async () => {
        seen.push(`${name} goes`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push('answered');
      });
    };
    await pass('mail.send');
    await pass('saga.commit');
    await pass('mail.send');
    return seen;
  };

  const [first, other] = [
    ['mail.send goes', 'answered'],
    ['saga.commit goes', 'answered'],
  ] as const;

  it.each([
    ['mail.send.before:1', ['died', ...first, ...other, ...first]],
    ['mail.send.sent', ['mail.send goes', 'died', 'answered', ...other, ...first]],
    ['mail.send.replied:2', [...first, ...other, ...first, 'died']],
    ['mail.send.before:3', [...first, ...other, ...first]],
    ['saga.end-row.before:1', [...first, ...other, ...first]],
  ])('%s', async (text, expected) => {
    expect(await walk(text)).toEqual(expected);
  });

  it('does not take a refusal for an answer to die after', async () => {
    let died = false;
    armCrashPoint({ point: 'mail.send', moment: 'replied', passing: 1 }, () => {
      died = true;
    });
    await expect(crossing('mail.send', () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(died).toBe(false);
    await crossing('mail.send', () => Promise.resolve());
    expect(died).toBe(true);
  });

  it.each(['mail.send', 'mail.send.during', 'mail.send.sent:0', 'mail.read.sent:1', 'x', ''])(
    '%s is none',
    (text) => expect(parseCrashAt(text)).toBeNull(),
  );

  it('names an append after the first of its events that has a boundary', () => {
    const events = [{ type: 'SeatReleased' }, { type: 'SeatHeld' }, { type: 'SeatConfirmed' }];
    expect(appendPoint(events)).toBeNull();
    armCrashPoint({ point: 'append.SeatHeld', moment: 'before', passing: 9 });
    expect(appendPoint(events)).toBe('append.SeatHeld');
    expect(appendPoint([{ type: 'GiftIssued' }])).toBeNull();
  });
});
