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
  definePart,
  endsWithParent,
  inProcess,
  openSecrets,
  type Part,
} from '../../../embedded/supervisor/index.ts';
import type { Reachable } from '../../acceptance/driver.ts';
import { residentMiB } from '../../hostile/memory.ts';
import { storeAppends } from '../../support/fault-proxy/dialects/event-store.ts';
import { httpPosts } from '../../support/fault-proxy/dialects/http.ts';
import { jetstreamAcknowledgements } from '../../support/fault-proxy/dialects/nats.ts';
import { postgresCommits } from '../../support/fault-proxy/dialects/postgres.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy/index.ts';
import { removeFolder } from '../../support/remove-folder.ts';

/** What the application reaches over the network; each has a proxy of its own. */
const dialects = {
  'event store': storeAppends,
  Postgres: postgresCommits,
  NATS: jetstreamAcknowledgements,
  Stripe: httpPosts,
};
export type Dependency = keyof typeof dialects;

/** The variables by which the roles find each of them. */
const variablesOf: Readonly<Record<Dependency, readonly string[]>> = {
  'event store': ['EVENTSTORE_URL'],
  Postgres: ['DATABASE_URL', 'KEYS_DATABASE_URL'],
  NATS: ['NATS_URL'],
  Stripe: ['STRIPE_API_BASE'],
};

/** The processes of the application: sagas, projections and relay are in the second. */
export type RoleProcess = 'write-api' | 'read-api';
const isRole = (name: string): name is RoleProcess => name === 'write-api' || name === 'read-api';

export type NetworkStage = Reachable & {
  /** Past the proxies: for the oracle. */
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly natsUrl: string | undefined;
  proxyOf(dependency: Dependency): FaultProxy;
  /** Resident memory of each process of the application, in MiB. */
  memory(): Readonly<Record<RoleProcess, number>>;
  /** What the processes said, but for the line of each request. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
};

/**
 * The platform as `npm start` puts it together, but for the way of its processes to the event store,
 * Postgres, NATS and Stripe: it leads through proxies. The event store node and the sandbox have
 * their own way to Postgres: what is gone is gone for the application alone.
 */
export async function startNetworkStage(nats: NatsServer | null): Promise<NetworkStage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pawprint-network-'));
  const ports = ['WRITE_API', 'READ_API', 'POSTGRES', 'EVENTSTORE', 'STRIPE_SANDBOX'];
  const more = ['MAILBOX_SMTP', 'MAILBOX_HTTP', 'NATS'];
  const anyPort = Object.fromEntries([...ports, ...more].map((name) => [`${name}_PORT`, '0']));
  const start = readOptions(['--json', '--data', dataDir], anyPort);
  const { secrets } = await openSecrets(join(dataDir, 'secrets.json'), false);
  const { portOf } = await chooseStartPorts(start.env, dataDir, nats !== null);
  const wrap = endsWithParent(hasSetpriv());
  const { parts, addresses, variables } = platformParts({
    ...{ options: start, portOf, secrets, natsServer: nats, wrap },
    reach: () => network.value().environment,
  });
  const embedded = parts.filter(({ name }) => !isRole(name));
  const network = networkPart(embedded, () => variables(), nats !== null);
  const processes = parts
    .filter(({ name }) => isRole(name))
    .map((part) => ({ ...part, needs: [network] }));

  const pids = new Map<string, number>();
  const said: string[] = [];
  const supervisor = createSupervisor({
    parts: [...embedded, network, ...processes],
    onEvent: (event) => {
      if (event.type === 'log' && !/"level":"?(info|30)/.test(event.line)) {
        said.push(`${event.part}: ${event.line}`);
      }
      if (event.type === 'ready' && event.pid !== undefined) pids.set(event.part, event.pid);
      // Nobody is killed here: a process that ends is a finding.
      if (event.type === 'exited') said.push(`${event.part} EXITED: ${JSON.stringify(event.exit)}`);
      if (said.length > 500) said.shift();
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
      ...{ writeUrl, readUrl, stripeUrl, mailboxUrl, dataDir, stop, lines: said },
      ...{ adminEmail: start.env.ADMIN_EMAIL, adminPassword: secrets.ADMIN_PASSWORD },
      ...{ databaseUrl: others.databaseUrl, eventStoreUrl: others.eventStoreUrl },
      natsUrl: others.natsUrl,
      proxyOf: (dependency) => network.value().proxyOf(dependency),
      memory: () => ({
        'write-api': residentMiB(pids.get('write-api') ?? 0),
        'read-api': residentMiB(pids.get('read-api') ?? 0),
      }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The proxies, and where the roles find everything through them. */
function networkPart(
  needs: readonly Part<unknown>[],
  variables: () => Readonly<Record<string, string>>,
  bus: boolean,
) {
  const wanted = (Object.keys(dialects) as Dependency[]).filter((one) => bus || one !== 'NATS');
  return definePart({
    name: 'network',
    title: 'the network',
    needs,
    async start() {
      const environment = { ...variables() };
      const proxies = new Map<Dependency, FaultProxy>();
      for (const dependency of wanted) {
        const [first = ''] = variablesOf[dependency];
        const { hostname: host, port } = new URL(environment[first] ?? '');
        const target = { host, port: Number(port) };
        const proxy = await startFaultProxy(target, dialects[dependency]);
        proxies.set(dependency, proxy);
        for (const name of variablesOf[dependency]) {
          environment[name] = through(environment[name] ?? '', proxy.port);
        }
      }
      const proxyOf = (dependency: Dependency): FaultProxy => {
        const proxy = proxies.get(dependency);
        if (proxy === undefined) throw new Error(`there is no proxy of ${dependency}`);
        return proxy;
      };
      return inProcess({ environment, proxyOf }, async () => {
        for (const proxy of proxies.values()) await proxy.stop();
      });
    },
  });
}

/** The same address behind another port: `URL` cannot change the port of every scheme. */
function through(url: string, port: number): string {
  const { host } = new URL(url);
  return url.replace(host, `127.0.0.1:${port}`);
}

async function untilReady(url: string): Promise<void> {
  for (const since = performance.now(); ; await delay(50)) {
    const answer = await fetch(`${url}/health/ready`).catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.ok) return;
    if (performance.now() - since > 60_000) throw new Error(`${url} is not ready`);
  }
}
