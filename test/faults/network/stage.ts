import type { NatsServer } from '../../../embedded/nats/index.ts';
import { definePart, inProcess, type Part } from '../../../embedded/supervisor/index.ts';
import { residentMiB } from '../../hostile/memory.ts';
import { storeAppends } from '../../support/fault-proxy/dialects/event-store.ts';
import { httpPosts } from '../../support/fault-proxy/dialects/http.ts';
import { jetstreamAcknowledgements } from '../../support/fault-proxy/dialects/nats.ts';
import { postgresCommits } from '../../support/fault-proxy/dialects/postgres.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy/index.ts';
import { isRole, type RoleProcess, type Stage, startStage } from '../stage.ts';

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

export type NetworkStage = Stage & {
  proxyOf(dependency: Dependency): FaultProxy;
  /** Where the roles find everything, through the proxies: for a process beside them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resident memory of each process of the application, in MiB. */
  memory(): Readonly<Record<RoleProcess, number>>;
};

/**
 * The way of the platform's processes to the event store, Postgres, NATS and Stripe leads through
 * proxies. The event store node and the sandbox have their own way to Postgres: what is gone is gone
 * for the application alone.
 */
export async function startNetworkStage(nats: NatsServer | null): Promise<NetworkStage> {
  let network: ReturnType<typeof networkPart> | undefined;
  const proxies = () => {
    if (network === undefined) throw new Error('there is no network yet');
    return network.value();
  };
  const stage = await startStage({
    ...{ name: 'network', nats },
    reach: () => proxies().environment,
    arrange: (parts, variables) => {
      const embedded = parts.filter(({ name }) => !isRole(name));
      const between = networkPart(embedded, variables, nats !== null);
      network = between;
      const roles = parts.filter(({ name }) => isRole(name));
      return [...embedded, between, ...roles.map((part) => ({ ...part, needs: [between] }))];
    },
  });
  const { environment, proxyOf } = proxies();
  return {
    ...{ ...stage, environment, proxyOf },
    memory: () => ({
      'write-api': residentMiB(stage.pidOf('write-api')),
      'read-api': residentMiB(stage.pidOf('read-api')),
    }),
  };
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
