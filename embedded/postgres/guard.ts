import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/**
 * Postgres has to end with us, also when we are killed. The kernel does that for us through
 * `setpriv --pdeathsig`; where that program is missing, a shell that waits for our end of a pipe to
 * close sends the signal instead.
 */
export type Guard = {
  wrap: readonly string[];
  watch(pid: number): { release(): void };
  notice?: string;
};

/** Whether the kernel can be asked to end a child with its parent. */
export function hasSetpriv(): boolean {
  const probe = spawnSync('setpriv', ['--pdeathsig', 'INT', 'true'], { timeout: 10_000 });
  return !probe.error && probe.status === 0;
}

export function chooseGuard(): Guard {
  if (hasSetpriv()) {
    return { wrap: ['setpriv', '--pdeathsig', 'INT'], watch: () => ({ release: () => undefined }) };
  }
  return {
    wrap: [],
    watch: watchThroughPipe,
    notice: 'setpriv (util-linux) is missing: a shell watches over Postgres instead',
  };
}

export function watchThroughPipe(pid: number): { release(): void } {
  const script = 'read -r word; [ "$word" = released ] || kill -INT "$1"';
  const shell: ChildProcess = spawn('sh', ['-c', script, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.stdin?.on('error', () => {
    // The shell is gone already: there is nothing left to tell it.
  });
  return { release: () => void shell.stdin?.end('released\n') };
}
