/** Starts a long sleep that only the pipe guard watches over, says its pid, and stays. */
import { spawn } from 'node:child_process';
import { watchThroughPipe } from '../guard.ts';

const sleep = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
if (sleep.pid !== undefined) {
  watchThroughPipe(sleep.pid);
  process.stdout.write(`pid ${sleep.pid}\n`);
}
