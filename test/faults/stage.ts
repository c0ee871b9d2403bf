import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readOptions } from '../../bin/start/options.ts';
import { platformParts } from '../../bin/start/parts.ts';
import { chooseStartPorts } from '../../bin/start/ports.ts';
import type { NatsServer } from '../../embedded/nats/index.ts';
import { hasSetpriv } from '../../embedded/postgres/guard.ts';
import {
  createSupervisor,
  endsWithParent,
  openSecrets,
  type Part,
  type PartEvent,
} from '../../embedded/supervisor/index.ts';
import type { Reachable } from '../acceptance/driver.ts';
import { anyFreePort } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';

/** The processes of the application: sagas, projections and relay are in the second. */
export type RoleProcess = 'write-api' | 'read-api';
export const isRole = (name: string): name is RoleProcess =>
  name === 'write-api' || name === 'read-api';

type Variables = Readonly<Record<string, string>>;

export type Stage = Reachable & {
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly natsUrl: string | undefined;
  /** The process of now: a restart changes it. */
  pidOf(role: RoleProcess): number;
  /** What the processes said last, but for the line of each request: for the message of a failed test. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
};

export type Staging = {
  /** Of the folder, for whoever finds it left behind. */
  readonly name: string;
  readonly nats: NatsServer | null;
  /** Where the roles find everything, if not where it is. */
  readonly reach?: (variables: Variables) => Variables;
  /** Takes the place of parts, or puts more beside them. */
  readonly arrange: (
    parts: readonly Part<unknown>[],
    variables: () => Variables,
  ) => Part<unknown>[];
  readonly onEvent?: (event: PartEvent) => void;
};

const MOST_LINES = 500;

/**
 * The platform as `npm start` puts it together, on free ports and in a folder of its own, but
 * supervised in this process: so that its parts can be changed before they start.
 */
export async function startStage(staging: Staging): Promise<Stage> {
  const { name, nats, reach, arrange, onEvent } = staging;
  const dataDir = mkdtempSync(join(tmpdir(), `pawprint-${name}-`));
  const options = readOptions(['--json', '--data', dataDir], anyFreePort);
  const { secrets } = await openSecrets(join(dataDir, 'secrets.json'), false);
  const { portOf } = await chooseStartPorts(options.env, dataDir, nats !== null);
  const { parts, addresses, variables } = platformParts({
    ...{ options, portOf, secrets, natsServer: nats, wrap: endsWithParent(hasSetpriv()) },
    ...(reach === undefined ? {} : { reach }),
  });

  const pids = new Map<string, number>();
  const lines: string[] = [];
  const supervisor = createSupervisor({
    parts: arrange(parts, variables),
    // Whoever is killed here is killed again and again: nobody waits longer for it each time.
    backOffMs: [50],
    onEvent: (event) => {
      note(lines, event);
      if (event.type === 'ready' && event.pid !== undefined) pids.set(event.part, event.pid);
      onEvent?.(event);
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
      ...{ writeUrl, readUrl, stripeUrl, mailboxUrl, dataDir, stop, lines },
      ...{ adminEmail: options.env.ADMIN_EMAIL, adminPassword: secrets.ADMIN_PASSWORD },
      ...{ databaseUrl: others.databaseUrl, eventStoreUrl: others.eventStoreUrl },
      natsUrl: others.natsUrl,
      pidOf: (role) => {
        const pid = pids.get(role);
        if (pid === undefined) throw new Error(`${role} does not run:\n${lines.join('\n')}`);
        return pid;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function note(lines: string[], event: PartEvent): void {
  if (event.type === 'log' && !/"level":"?(info|30)/.test(event.line)) {
    lines.push(`${event.part}: ${event.line}`);
  }
  if (event.type === 'failed') lines.push(`${event.part} failed: ${event.reason}`);
  if (event.type === 'exited') lines.push(`${event.part} EXITED: ${JSON.stringify(event.exit)}`);
  if (lines.length > MOST_LINES) lines.shift();
}

/** Long: three other specs may start platforms of their own at this moment. */
const READY_WITHIN_MS = 60_000;

export async function untilReady(url: string): Promise<void> {
  for (const since = performance.now(); ; await delay(50)) {
    const answer = await fetch(`${url}/health/ready`).catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.ok) return;
    if (performance.now() - since > READY_WITHIN_MS) throw new Error(`${url} is not ready`);
  }
}
