import type { Supervisor } from './supervisor.ts';

type RunHooks = {
  /** Every critical part is up. `done`: there is nothing more to run for, so it stops. */
  onUp(): Promise<'done' | undefined>;
  /** Said before the parts are stopped: why. */
  onStopping(reason: string): void;
  /** The first start failed, or our own process has a bug. */
  onError(error: unknown): void;
};

/** npm passes the terminal's Ctrl-C on as a second signal: within this time it is the same one. */
const sameSignalMs = 700;

/** What a request to end means, by when it comes: the first stops, later ones hurry. */
export function endRequests(): (atMs: number) => 'stop' | 'ignore' | 'hurry' {
  let firstAtMs: number | undefined;
  return (atMs) => {
    if (firstAtMs === undefined) {
      firstAtMs = atMs;
      return 'stop';
    }
    return atMs - firstAtMs > sameSignalMs ? 'hurry' : 'ignore';
  };
}

/** npm that is killed with -9 cannot pass anything on; it is looked after this often. */
const npmCheckMs = 500;

/**
 * Calls back when the npm that runs us as a script is gone. Not for other parents: a shell may well
 * end before what it started.
 */
function onNpmGone(callBack: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const npm = process.ppid;
  const check = () => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    callBack();
  };
  const timer = setInterval(check, npmCheckMs).unref();
}

/**
 * Runs the parts until a signal (or the end of our own IPC channel, when somebody started us with
 * one) asks for the end. The exit code, once everything is stopped.
 */
export async function runUntilAsked(supervisor: Supervisor, hooks: RunHooks): Promise<number> {
  const end = Promise.withResolvers<number>();
  const whatNext = endRequests();
  let asked = false;
  let failed = false;

  const stop = async (reason: string) => {
    asked = true;
    hooks.onStopping(reason);
    await supervisor.stop();
    end.resolve(failed ? 1 : 0);
  };
  const ask = (reason: string): void => {
    const next = whatNext(performance.now());
    if (next === 'stop') void stop(reason);
    if (next === 'hurry') supervisor.hurry();
  };
  const fail = (error: unknown): void => {
    failed = true;
    hooks.onError(error);
    if (!asked) ask('error');
  };

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  if (process.connected) process.on('disconnect', () => ask('disconnect'));
  onNpmGone(() => ask('npm is gone'));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // A reader that went away (`npm start | head`) is no reason to stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  supervisor
    .start()
    .then(async (outcome) => {
      if (outcome === 'up' && (await hooks.onUp()) === 'done' && !asked) ask('done');
    })
    .catch(fail);
  return end.promise;
}
