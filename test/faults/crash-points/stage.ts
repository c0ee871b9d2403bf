import type { NatsServer } from '../../../embedded/nats/index.ts';
import type { Part, PartEvent } from '../../../embedded/supervisor/index.ts';
import { isRole, type RoleProcess, type Stage, startStage } from '../stage.ts';

/** Who is told where to die: the two processes of the application. */
export type Victim = RoleProcess;

export type CrashStage = Stage & {
  /** Lets a process die (in good order) and start again: it then asks where to die. */
  rearm(victim: Victim): void;
};

/** Each start of a process of the application can be told another place to die. */
export async function startCrashStage(options: {
  nats: NatsServer | null;
  /** Where the process that is about to start has to die; undefined: nowhere. */
  next: (victim: Victim) => string | undefined;
  /** It is gone, by this signal. */
  died: (victim: Victim, signal: string | null) => void;
}): Promise<CrashStage> {
  const { nats, next, died } = options;
  const stage = await startStage({
    ...{ name: 'crash', nats },
    arrange: (parts) =>
      parts.map((part) => (isRole(part.name) ? mortal(part, part.name, next) : part)),
    onEvent: (event) => {
      const signal = endOf(event);
      if (signal !== undefined && isRole(event.part)) died(event.part, signal);
    },
  });
  return { ...stage, rearm: (victim) => void process.kill(stage.pidOf(victim), 'SIGTERM') };
}

/** The signal that ended it; undefined: it goes on. */
function endOf(event: PartEvent): string | null | undefined {
  if (event.type === 'exited') return event.exit.signal;
  return event.type === 'failed' ? signalIn(event.reason) : undefined;
}

/** A child that died before it was ready is told of in words. */
const signalIn = (reason: string): string | null =>
  /ended with (SIG[A-Z]+)/.exec(reason)?.[1] ?? null;

/** The environment is read when the child is spawned, which is before the first `await` of a start. */
function mortal(
  part: Part<unknown>,
  victim: Victim,
  next: (victim: Victim) => string | undefined,
): Part<unknown> {
  return {
    ...part,
    start: (context) => {
      const at = next(victim);
      if (at !== undefined) Object.assign(process.env, { CRASH_AT: at, CRASH_TESTS: 'allowed' });
      try {
        return part.start(context);
      } finally {
        delete process.env['CRASH_AT'];
        delete process.env['CRASH_TESTS'];
      }
    },
  };
}
