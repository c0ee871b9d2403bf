import type { Host } from '../../platform/host/index.ts';
import { CommandRefused, IdempotencyConflict, Overloaded, RevisionMismatch } from './errors.ts';

/**
 * Commands that are let in whatever the figures say: they are how it is noticed that a store answers
 * again.
 */
const ALWAYS = 256;
/** Commands in the process, whatever the figures say: each holds its request, some 10 kB. */
const MOST = 20_000;
/** The rate is that of so many full slots and the one that has begun; less says nothing yet. */
const SLOT_MS = 250;
const SLOTS = 4;

export type Admission = {
  /**
   * Does the work of one command. Throws `Overloaded` instead when those before it will take longer
   * than it can wait: better told now than after its deadline, when its work would be for nobody.
   */
  admit<T>(msLeft: number, work: () => Promise<T>): Promise<T>;
  readonly inFlight: number;
};

/** A no is an answer, too; a store that is away gives none. */
const answers = [CommandRefused, RevisionMismatch, IdempotencyConflict];

/**
 * Little's law at the door: with so many inside and so many answered a second, the next one is
 * answered in `inFlight / rate`. A queue that would outlast the deadlines of those in it is not begun,
 * so what a process holds is bounded by what it gets done.
 */
export function createAdmission({ elapsed }: Pick<Host, 'elapsed'>): Admission {
  let inFlight = 0;
  /** Answers by slot; the last one is not full yet. */
  let slots = [0];
  let slotFrom = elapsed();

  /** Brings the slots up to now. Somebody who was idle starts anew: old figures say nothing of now. */
  const roll = (): void => {
    const passed = Math.floor((elapsed() - slotFrom) / SLOT_MS);
    if (passed === 0) return;
    slotFrom += passed * SLOT_MS;
    slots = [...slots, ...Array<number>(Math.min(passed, SLOTS + 1)).fill(0)].slice(-SLOTS - 1);
  };
  /** Milliseconds until somebody who comes now is answered; 0: too early to say. */
  const wait = (): number => {
    if (slots.length <= SLOTS) return 0;
    const answered = slots.reduce((sum, each) => sum + each, 0);
    return (inFlight * (SLOTS * SLOT_MS + elapsed() - slotFrom)) / answered;
  };

  const enter = (msLeft: number): void => {
    if (inFlight === 0) {
      slots = [0];
      slotFrom = elapsed();
    } else {
      roll();
    }
    if (inFlight >= MOST) throw new Overloaded(`${MOST} commands are in this process`);
    if (inFlight >= ALWAYS && wait() > msLeft) {
      throw new Overloaded(`${inFlight} commands before it will take longer than it can wait`);
    }
    inFlight += 1;
  };
  const leave = (answered: boolean): void => {
    roll();
    inFlight -= 1;
    if (answered) slots.push((slots.pop() ?? 0) + 1);
  };

  return {
    get inFlight() {
      return inFlight;
    },
    async admit(msLeft, work) {
      enter(msLeft);
      let answered = false;
      try {
        const result = await work();
        answered = true;
        return result;
      } catch (error) {
        answered = answers.some((each) => error instanceof each);
        throw error;
      } finally {
        leave(answered);
      }
    },
  };
}
