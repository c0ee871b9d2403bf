import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from '@grpc/grpc-js';
import { createAccess } from './access/index.ts';
import type { Account } from './access/users.ts';
import { startFollowers, switchAllOn } from './follow/index.ts';
import { createOpenCalls } from './grpc/calls.ts';
import { type Certificate, checkCertificate } from './grpc/certificate.ts';
import { gatherWrites } from './grpc/gather-writes.ts';
import { createIncomplete } from './grpc/incomplete.ts';
import { oneStatus } from './grpc/one-status.ts';
import { listen } from './grpc/port.ts';
import { addServices } from './grpc/services.ts';
import { createHub, type HubLimits } from './live/hub.ts';
import { messageOf } from './log/connection.ts';
import { writeFirstEvents } from './log/first-events.ts';
import { type LogStore, postgresStore } from './log/store.ts';
import type { Node } from './node.ts';
import type { Log } from './options.ts';
import { type Caches, startWriter } from './write/writer.ts';

export { LogInUseError } from './log/lock.ts';
export type { Log, LogLevel } from './options.ts';

export type EventStoreNodeOptions = NodeOptions & {
  /** The node's own database, or one where the schema `event_store` is its own. */
  readonly databaseUrl: string;
};

/** All but where the log is. */
export type NodeOptions = {
  readonly host?: string;
  /** 0 takes a free one */
  readonly port?: number;
  /** What clients are told to connect to: the host that is listened on, unless said; with TLS its name. */
  readonly advertisedHost?: string;
  /**
   * TLS with this certificate, users who sign in, and access lists. Without it the port is open:
   * whoever reaches it may read and write everything.
   */
  readonly secure?: Certificate & { readonly users: readonly Account[] };
  readonly log?: Log;
  readonly caches?: Partial<Caches>;
  /** How much of the newest log stays in memory for live readers. */
  readonly live?: Partial<HubLimits>;
  /** How long a new connection may take to say which protocol it speaks; 10 s. */
  readonly helloMs?: number;
  /** After how long a connection is pinged, and ended if it does not answer in as long again; 10 s. */
  readonly keepaliveMs?: number;
  /** How long to wait for a former node's lock before this one is refused. */
  readonly lockWaitMs?: number;
  /**
   * Switches on all standard projections (`$by_category`, …) that are off. Each stays on in this log until
   * a client disables it.
   */
  readonly startStandardProjections?: boolean;
};

export type EventStoreNode = {
  /** esdb://host:port?tls=false, or tls=true */
  readonly url: string;
  readonly port: number;
  readonly host: string;
  /** What is open now, for whoever wants to know that nothing is left. */
  open(): { readonly connections: number; readonly calls: number; readonly followers: number };
  stop(): Promise<void>;
};

/** With long names and ids full about 20 MB; a miss costs one look-up for all of a commit. */
const DEFAULT_CACHES: Caches = { streams: 4_096, ids: 8_192 };
/** What the real server takes in one message. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const KEEPALIVE_MS = 10_000;
/** Calls of one connection at once; its client lets the others wait. */
const MAX_CALLS_A_CONNECTION = 1_000;
const FLOW_CONTROL_BYTES = 1024 * 1024;
const COMMIT_GRACE_MS = 1_500;
const CALL_GRACE_MS = 500;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** A host that listens everywhere is reached by a name that means this machine. */
const reachable = (host: string): string =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;

/** Under TLS a name: a client of gRPC on Node cannot check a certificate against an address. */
const named = (host: string): string => (LOOPBACK.test(reachable(host)) ? 'localhost' : host);

const warnOfOpenPort = (log: Log, host: string): void => {
  if (LOOPBACK.test(host)) return;
  log('warn', 'without TLS whoever reaches this port may read and write everything', { host });
};

/** What an operator would want to know before the clients find out. */
const warnOfCertificate = (log: Log, host: string, validTo: Date): void => {
  if (validTo.getTime() < Date.now()) {
    log('warn', 'the certificate has expired, clients refuse it', { on: validTo.toISOString() });
  }
  if (isIP(host) !== 0) {
    log('warn', 'clients on Node need a host name with TLS, not an address', { host });
  }
};

/**
 * Throws a `LogInUseError` when another node has the log, a `CertificateError` when clients could not
 * use the certificate, and what the port or Postgres say.
 */
export const startEventStoreNode = ({
  databaseUrl,
  ...options
}: EventStoreNodeOptions): Promise<EventStoreNode> =>
  startNodeOver(postgresStore(databaseUrl), options);

/** A node whose log is in `store`; `startEventStoreNode` is this over Postgres. */
export const startNodeOver = async (
  store: LogStore,
  options: NodeOptions,
): Promise<EventStoreNode> => {
  const { host = '127.0.0.1', port: wished = 0, log = () => undefined } = options;
  const { helloMs, keepaliveMs = KEEPALIVE_MS } = options;
  const { secure, advertisedHost = secure === undefined ? reachable(host) : named(host) } = options;
  if (secure === undefined) warnOfOpenPort(log, host);
  else warnOfCertificate(log, advertisedHost, checkCertificate(secure, advertisedHost));
  const instanceId = randomUUID();
  const session = await store.openSession(options.lockWaitMs ?? 2_000);
  if ((await session.lastPosition()) === 0n) await writeFirstEvents(session, instanceId);

  const caches = { ...DEFAULT_CACHES, ...options.caches };
  const hub = createHub(await session.lastPosition(), options.live);
  const reader = store.openReader((error) =>
    log('warn', 'an idle session to Postgres broke', { reason: messageOf(error) }),
  );
  const access =
    secure &&
    (await createAccess({ accounts: secure.users, reader, hub, capacity: caches.streams }));
  const writer = await startWriter({
    connect: (former) => store.openSession(0, former),
    first: session,
    hub,
    caches,
    log,
  });
  const followers = startFollowers({ writer, reader, hub, log });
  const calls = createOpenCalls();
  const grpc = new Server({
    // The first works on the call of grpc-js itself.
    interceptors: [oneStatus, gatherWrites],
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveMs,
    'grpc.max_concurrent_streams': MAX_CALLS_A_CONNECTION,
    'grpc-node.flow_control_window': FLOW_CONTROL_BYTES,
  });
  let stopping = false;
  let address = { host: advertisedHost, port: wished };
  const incomplete = createIncomplete();
  const node: Node = {
    ...{ writer, reader, hub, followers, calls, incomplete, log, access, instanceId },
    address: () => address,
  };
  addServices(grpc, node);

  const stopWriting = async (): Promise<void> => {
    followers.stop();
    await writer.stop(COMMIT_GRACE_MS);
  };
  const stopReading = async (): Promise<void> => {
    await followers.stopped;
    await reader.close();
  };
  const port = await (async () => {
    if (options.startStandardProjections) await switchAllOn(followers);
    return await listen({
      ...{ grpc, host, port: wished, certificate: secure, helloMs },
      alive: () => !stopping,
    });
  })().catch(async (error: unknown) => {
    await stopWriting();
    await stopReading();
    throw error;
  });
  address = { host: advertisedHost, port: port.port };
  log('info', 'the event store node is ready', {
    ...{ host, port: port.port, tls: secure !== undefined },
  });

  const stopOnce = async (): Promise<void> => {
    stopping = true;
    port.refuse();
    // Commits on their way are answered first; then every call hears why it ends.
    await stopWriting();
    calls.endStreams();
    calls.endSingles();
    // Says goodbye to the connections; each goes when the statuses of its calls are out. Its callback
    // is no help: under Node 26 it comes at once (http2's server.close() marks sessions closed).
    grpc.tryShutdown(() => undefined);
    await Promise.race([port.drained(), delay(CALL_GRACE_MS, undefined, { ref: false })]);
    grpc.forceShutdown();
    await port.close();
    await stopReading();
    log('info', 'the event store node has stopped');
  };
  let stopped: Promise<void> | undefined;

  return {
    url: `esdb://${address.host}:${address.port}?tls=${secure !== undefined}`,
    port: address.port,
    host: address.host,
    open: () => ({ connections: port.open, calls: calls.count, followers: hub.followers }),
    stop() {
      stopped ??= stopOnce();
      return stopped;
    },
  };
};
