import { setTimeout as delay } from 'node:timers/promises';
import { type CrashAt, type CrashPoint, crashPoints } from './table.ts';

export * from './table.ts';

type Crossing = <T>(point: CrashPoint | null, work: () => Promise<T>) => Promise<T>;

/** Long enough for the bytes to leave this process, mostly too short for an answer to come back. */
const UNDER_WAY_MS = 2;

const straight: Crossing = (_point, work) => work();
let cross: Crossing = straight;
let armed = false;

/**
 * Where the process crosses an I/O boundary. Nothing but a call, unless this process was told to die
 * here (`CRASH_AT`, for tests): then by SIGKILL, so that nothing is tidied up.
 */
export const crossing: Crossing = (point, work) => cross(point, work);

/** The boundary of an append, by the first of its events that has one; free when nothing is armed. */
export function appendPoint(events: readonly { readonly type: string }[]): CrashPoint | null {
  if (!armed) return null;
  const names = events.map(({ type }) => `append.${type}`);
  return (names.find((name) => Object.hasOwn(crashPoints, name)) as CrashPoint | undefined) ?? null;
}

/** Called once, at the start of the process; what `die` does is for the spec of this alone. */
export function armCrashPoint(at: CrashAt | undefined, die: () => void = killSelf): void {
  armed = at !== undefined;
  cross = at === undefined ? straight : crashing(at, die);
}

function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}

function crashing({ point, moment, passing }: CrashAt, die: () => void): Crossing {
  let passed = 0;
  const isThere = (): boolean => {
    passed += 1;
    return passed === passing;
  };
  return async (here, work) => {
    if (here !== point) return work();
    if (moment === 'replied') {
      // A refusal (another revision, say) left nothing behind that could get lost: not a passing.
      const answer = await work();
      if (isThere()) die();
      return answer;
    }
    if (!isThere()) return work();
    if (moment === 'before') die();
    const under = work();
    if (moment === 'sent') {
      // Answered sooner: nobody here has heard of that, either. What fails was sent all the same.
      await Promise.race([under.catch(() => undefined), delay(UNDER_WAY_MS)]);
      die();
    }
    return under;
  };
}
