import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';
import { OutcomeUnknown, Overloaded } from './errors.ts';

/** A door, its clock, and the commands that are inside. */
function at() {
  let now = 0;
  const door = createAdmission({ elapsed: () => now });
  const inside: { answer(): void; fail(): void }[] = [];
  const told: Promise<unknown>[] = [];

  const refusedBy = async (msLeft: number): Promise<boolean> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const before = door.inFlight;
    const done = door.admit(msLeft, () => promise);
    if (door.inFlight === before) {
      await expect(done).rejects.toBeInstanceOf(Overloaded);
      return true;
    }
    inside.push({ answer: resolve, fail: () => reject(new OutcomeUnknown('cut')) });
    told.push(done.catch((error: unknown) => expect(error).toBeInstanceOf(OutcomeUnknown)));
    return false;
  };
  return {
    door,
    pass: (ms: number): void => {
      now += ms;
    },
    /** So many come; how many of them are turned away. */
    enter: async (count: number, msLeft = 5000): Promise<number> => {
      let refused = 0;
      for (let each = 0; each < count; each += 1) refused += Number(await refusedBy(msLeft));
      return refused;
    },
    leave: async (count: number, how: 'answer' | 'fail' = 'answer'): Promise<void> => {
      for (const one of inside.splice(0, count)) one[how]();
      await Promise.all(told.splice(0, count));
    },
  };
}

test('ten thousand at once are all let in: nothing says yet that they would be too many', async () => {
  expect(await at().enter(10_000)).toBe(0);
});

test('never more than 20,000 are inside', async () => {
  const { enter, door } = at();
  expect(await enter(20_050)).toBe(50);
  expect(door.inFlight).toBe(20_000);
});

test('whoever would be answered after its deadline is told at once', async () => {
  const { enter, leave, pass, door } = at();
  await enter(4000);
  for (let tenth = 0; tenth < 20; tenth += 1) {
    pass(100);
    await leave(100);
    await enter(100);
  }
  // 1,000 answers a second: those 4,000 take 4 s.
  expect(door.inFlight).toBe(4000);
  expect(await enter(1, 3500)).toBe(1);
  expect(await enter(1, 4500)).toBe(0);
});

test('where no answer comes at all, few are kept waiting to notice when one does', async () => {
  const { enter, leave, pass } = at();
  await enter(600);
  pass(1300);
  expect(await enter(10)).toBe(10);
  // Those 500 were told nothing: 256 may be inside, as before.
  await leave(500, 'fail');
  expect(await enter(300)).toBe(144);
});

test('a door that was stuck opens with the first answers', async () => {
  const { enter, leave, pass } = at();
  await enter(1000);
  pass(30_000);
  expect(await enter(1)).toBe(1);
  pass(300);
  await leave(300);
  expect(await enter(1)).toBe(0);
});

test('what is inside is what came in and did not leave', async () => {
  const step = fc.constantFrom('in', 'answer', 'fail', 'wait');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const { door, enter, leave, pass } = at();
      let inside = 0;
      for (const what of steps) {
        if (what === 'wait') pass(100);
        else if (what === 'in') inside += 1 - (await enter(1));
        else {
          await leave(1, what);
          inside = Math.max(0, inside - 1);
        }
        expect(door.inFlight).toBe(inside);
      }
    }),
  );
});
