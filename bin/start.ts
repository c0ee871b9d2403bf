/**
 * `npm start`: the whole platform on one machine. This file says in which order the data folder is
 * opened and who hears what; `start/parts.ts` says what runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasSetpriv } from '../embedded/postgres/guard.ts';
import { stopLeftovers } from '../embedded/postgres/leftovers.ts';
import {
  createSupervisor,
  endsWithParent,
  lockDataFolder,
  openLogFiles,
  openSecrets,
  type PartEvent,
  runUntilAsked,
} from '../embedded/supervisor/index.ts';
import { announce } from './start/addresses-file.ts';
import { searchNats } from './start/nats.ts';
import { readOptions, type StartOptions, usage } from './start/options.ts';
import { platformParts } from './start/parts.ts';
import { chooseStartPorts } from './start/ports.ts';
import { jsonReporter, messageOf, type Reporter } from './start/reporter.ts';
import { terminalReporter } from './start/terminal.ts';

/** Called by `start.mjs`. Ends the process. */
export async function main(): Promise<void> {
  let reporter: Reporter | undefined;
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (options.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    reporter = options.json
      ? jsonReporter((text) => process.stdout.write(text))
      : terminalReporter(options);
    process.exit(await start(options, reporter));
  } catch (error) {
    if (reporter) reporter.error(error);
    else process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}

async function start(options: StartOptions, reporter: Reporter): Promise<number> {
  const { dataDir } = options;
  // First of all: everything below takes the folder for its own.
  const lock = await lockDataFolder(dataDir);
  const logs = openLogFiles(join(dataDir, 'logs'), {
    onTrouble: (error) => reporter.notice(`log files are not written: ${messageOf(error)}`),
  });
  const cluster = join(dataDir, 'postgres', 'cluster');
  const secretsFile = join(dataDir, 'secrets.json');
  const opened = await openSecrets(secretsFile, existsSync(cluster));
  // A killed start may have left Postgres on its port for a moment longer.
  await stopLeftovers(cluster, (line) => logs.write('postgres', line));
  const nats = await searchNats(options, {
    notice: (line) => reporter.notice(line),
    log: (line) => logs.write('nats', line),
  });
  const natsHere = nats.server !== null;
  const { portOf, notices } = await chooseStartPorts(options.env, dataDir, natsHere);
  for (const line of notices) reporter.notice(line);

  const canWatch = hasSetpriv();
  if (!canWatch) {
    reporter.notice('setpriv (util-linux) is missing: parts end with us in most ways, not in all');
  }
  const { parts, addresses, variables } = platformParts({
    options,
    portOf,
    secrets: { ...opened.secrets, ...givenSecrets(opened.secrets) },
    wrap: endsWithParent(canWatch),
    natsServer: nats.server,
  });

  const announced = announce(dataDir);
  const pids: Record<string, number> = { supervisor: process.pid };
  const onEvent = (event: PartEvent) => {
    if (event.type === 'log') logs.write(event.part, event.line);
    if (event.type === 'ready') pids[event.part] = event.pid ?? process.pid;
    reporter.part(event);
  };
  let demoFailed = false;
  let stopping = false;
  const exitCode = await runUntilAsked(createSupervisor({ parts, onEvent }), {
    async onUp() {
      const { writeUrl, readUrl } = addresses();
      await Promise.all([untilHealthy(writeUrl, reporter), untilHealthy(readUrl, reporter)]);
      await announced.up(variables());
      const isNew = opened.adminPasswordIsNew && process.env['ADMIN_PASSWORD'] === undefined;
      reporter.up({
        addresses: addresses(),
        dataDir,
        secretsFile,
        adminEmail: options.env.ADMIN_EMAIL,
        newAdminPassword: isNew ? opened.secrets.ADMIN_PASSWORD : undefined,
        pids,
        ms: performance.now(),
      });
      if (isNew && !options.json) await opened.markShown();
      nats.fetchForNextStart();
      if (!options.demo) return undefined;
      const secrets = { ...opened.secrets, ...givenSecrets(opened.secrets) };
      try {
        // Only who plays it loads it.
        const { playDemo } = await import('./start/demo.ts');
        const agrees = await playDemo({ options, secrets, addresses: addresses(), reporter });
        demoFailed = !agrees;
        return options.once ? 'done' : undefined;
      } catch (error) {
        // Stopped in the middle of it, its requests find nobody.
        if (!stopping) throw error;
        return undefined;
      }
    },
    onStopping(reason) {
      stopping = true;
      reporter.stopping(reason);
    },
    onError: (error) => reporter.error(error),
  });
  await nats.stop();
  await announced.down();
  logs.close();
  await lock.release();
  reporter.stopped();
  return demoFailed ? 1 : exitCode;
}

/** Secrets that the environment sets come before those of the folder. */
function givenSecrets(known: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.keys(known).flatMap((name) => {
      const given = process.env[name];
      return given ? [[name, given]] : [];
    }),
  );
}

/** A role is up before it has caught up; the addresses are worth showing when it answers. */
async function untilHealthy(url: string, reporter: Reporter): Promise<void> {
  const sayAfterMs = 10_000;
  let said = false;
  for (const since = performance.now(); ; await delay(50)) {
    const answer = await health(url);
    if (answer === 'ready') return;
    if (!said && performance.now() - since > sayAfterMs) {
      said = true;
      reporter.notice(`${url}/health/ready is not ready yet: ${answer}`);
    }
  }
}

async function health(url: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(5_000);
    const response = await fetch(`${url}/health/ready`, { signal });
    const body = await response.text();
    return response.ok ? 'ready' : `${response.status} ${body}`;
  } catch (error) {
    return messageOf(error);
  }
}
