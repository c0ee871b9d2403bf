import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readOptions } from '../../../bin/start/options.ts';
import { platformParts } from '../../../bin/start/parts.ts';
import { chooseStartPorts } from '../../../bin/start/ports.ts';
import type { NatsServer } from '../../../embedded/nats/index.ts';
import { hasSetpriv } from '../../../embedded/postgres/guard.ts';
import {
  createSupervisor,
  endsWithParent,
  openSecrets,
  type Part,
  type PartEvent,
} from '../../../embedded/supervisor/index.ts';
import type { Reachable } from '../../acceptance/driver.ts';
import { removeFolder } from '../../support/remove-folder.ts';

/** The two processes of the application: sagas, projections and relay are in the second. */
export type Victim = 'write-api' | 'read-api';
const isVictim = (name: string): name is Victim => name === 'write-api' || name === 'read-api';

export type CrashStage = Reachable & {
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly natsUrl: string | undefined;
  /** Lets a process die (in good order) and start again: it then asks where to die. */
  rearm(victim: Victim): void;
  /** The last it said, for the message of a failed test. */
  lines: readonly string[];
  stop(): Promise<void>;
};

/**
 * The platform as `npm start` puts it together, supervised in this process, so that each start of a
 * process of the application can be told another place to die.
 */
export async function startCrashStage(options: {
  nats: NatsServer | null;
  /** Where the process that is about to start has to die; undefined: nowhere. */
  next: (victim: Victim) => string | undefined;
  /** It is gone, by this signal. */
  died: (victim: Victim, signal: string | null) => void;
}): Promise<CrashStage> {
  const { nats, next, died } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'pawprint-crash-'));
  const anyPort = Object.fromEntries(
    [
      ...['WRITE_API', 'READ_API', 'POSTGRES', 'EVENTSTORE', 'STRIPE_SANDBOX'],
      ...['MAILBOX_SMTP', 'MAILBOX_HTTP', 'NATS'],
    ].map((name) => [`${name}_PORT`, '0']),
  );
  const start = readOptions(['--json', '--data', dataDir], anyPort);
  const { secrets } = await openSecrets(join(dataDir, 'secrets.json'), false);
  const { portOf } = await chooseStartPorts(start.env, dataDir, nats !== null);
  const { parts, addresses } = platformParts({
    ...{ options: start, portOf, secrets, natsServer: nats },
    wrap: endsWithParent(hasSetpriv()),
  });

  const pids = new Map<string, number>();
  const said: string[] = [];
  const supervisor = createSupervisor({
    parts: parts.map((part) => (isVictim(part.name) ? mortal(part, part.name, next) : part)),
    // A crash every few seconds is what happens here: nobody waits longer for it each time.
    backOffMs: [50],
    onEvent: (event) => {
      note(said, event);
      if (event.type === 'ready' && event.pid !== undefined) pids.set(event.part, event.pid);
      const signal = endOf(event);
      if (signal !== undefined && isVictim(event.part)) died(event.part, signal);
    },
  });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    removeFolder(dataDir);
  };
  try {
    await supervisor.start();
    const { writeUrl, readUrl, stripeUrl, mailboxUrl, ...others } = addresses();
    if (stripeUrl === undefined || mailboxUrl === undefined) throw new Error('no Stripe, no mail');
    for (const url of [writeUrl, readUrl]) await untilReady(url);
    return {
      ...{ writeUrl, readUrl, stripeUrl, mailboxUrl, dataDir, stop },
      ...{ adminEmail: start.env.ADMIN_EMAIL, adminPassword: secrets.ADMIN_PASSWORD },
      ...{ databaseUrl: others.databaseUrl, eventStoreUrl: others.eventStoreUrl },
      ...{ natsUrl: others.natsUrl, lines: said },
      rearm: (victim) => {
        const pid = pids.get(victim);
        if (pid === undefined) throw new Error(`${victim} does not run:\n${said.join('\n')}`);
        process.kill(pid, 'SIGTERM');
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Keeps what was said, but not the line of each request. */
function note(said: string[], event: PartEvent): void {
  if (event.type === 'log' && !/"level":"?(info|30)/.test(event.line)) {
    said.push(`${event.part}: ${event.line}`);
  }
  if (event.type === 'failed') said.push(`${event.part} failed: ${event.reason}`);
  if (said.length > 300) said.shift();
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
    critical: true,
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

async function untilReady(url: string): Promise<void> {
  for (const since = performance.now(); ; await delay(50)) {
    const answer = await fetch(`${url}/health/ready`).catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.ok) return;
    if (performance.now() - since > 30_000) throw new Error(`${url} is not ready`);
  }
}
