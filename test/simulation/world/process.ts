import type { Host } from '../../../platform/host/index.ts';
import type { Chance } from './chance.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** The wall clock of a machine: true time and an offset that can be moved. */
export type WallClock = { offset: number };

/** The host of one life of a process: its timers die with it, its clock is that of its machine. */
export function hostOf(options: {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly owner: Owner;
  readonly clock: WallClock;
}): Host {
  const { scheduler, chance, owner, clock } = options;
  const task = (label: string, run: () => void) => ({ owner, label, run });
  const after: Host['after'] = (ms, work) =>
    scheduler.at(scheduler.now() + Math.max(0, Math.round(ms)), task('timer', work));
  return {
    now: () => scheduler.now() + clock.offset,
    elapsed: () => scheduler.now(),
    after,
    every: (ms, work) => {
      let callOff: () => void = () => undefined;
      const arm = (): void => {
        callOff = after(ms, () => {
          arm();
          work();
        });
      };
      arm();
      return () => callOff();
    },
    soon: (work) => scheduler.ready(task('turn', work)),
    uuid: chance.uuid,
    random: chance.random,
  };
}
