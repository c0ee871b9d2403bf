import { type ConnectionOptions, connect, type NatsConnection } from 'nats';
import type { Logger } from '../log/index.ts';
import { timeLimits } from '../time-limits.ts';

/** There is no connection to NATS right now; one is being made. */
export class NatsUnavailableError extends Error {
  override readonly name = 'NatsUnavailableError';
}

/** A connection that is up, and the word that it no longer is. */
export type NatsSession = {
  readonly connection: NatsConnection;
  /** Rejects when the connection is cut (the client may mend it by itself later); never resolves. */
  readonly lost: Promise<never>;
};

export type NatsLink = {
  /**
   * The connection. Throws `NatsUnavailableError` at once while it is cut: what is published then
   * would pile up in memory and leave in an order nobody chose.
   */
  session(): Promise<NatsSession>;
  /** Sends what was published, and ends the connection. */
  close(): Promise<void>;
};

const DRAIN_MS = 1000;

/**
 * One connection to NATS, made when it is first asked for. Cut, it is mended for as long as it takes;
 * a server that is gone without a word is noticed after two missed pings.
 */
export function openNats(options: { url: string; name: string; log: Logger }): NatsLink {
  const { url, name, log } = options;
  let opening: Promise<Opened> | undefined;

  const open = async (): Promise<Opened> => {
    const connection = await connect({
      ...connectionOptions(url),
      name: `pawprint ${name}`,
      timeout: timeLimits.nats.connectMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      // A token is changed on the server first: until ours is changed too, go on asking.
      ignoreAuthErrorAbort: true,
      pingInterval: timeLimits.nats.pingMs,
      maxPingOut: 2,
    });
    return watch(connection, log);
  };

  return {
    session: async () => {
      if (opening !== undefined) {
        const before = await opening;
        if (!before.connection.isClosed()) return before.session();
      }
      opening = open();
      try {
        return (await opening).session();
      } catch (cause) {
        opening = undefined;
        throw new NatsUnavailableError('NATS does not answer', { cause });
      }
    },
    close: async () => {
      const connection = await opening?.then((opened) => opened.connection).catch(() => undefined);
      if (connection === undefined || connection.isClosed()) return;
      // A server that is not there never lets us finish.
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DRAIN_MS);
      });
      await Promise.race([connection.drain(), late]).finally(() => clearTimeout(timer));
      if (!connection.isClosed()) await connection.close();
    },
  };
}

type Opened = { readonly connection: NatsConnection; session(): NatsSession };

/** Follows the state of a connection. */
function watch(connection: NatsConnection, log: Logger): Opened {
  let cut: PromiseWithResolvers<never> | undefined = newCut();
  const lose = (reason: string): void => {
    cut?.reject(new NatsUnavailableError(reason));
    cut = undefined;
  };
  const follow = async (): Promise<void> => {
    for await (const { type, data } of connection.status()) {
      if (type === 'disconnect') {
        log.warn({ server: data }, 'the connection to NATS was cut');
        lose('the connection to NATS was cut');
      } else if (type === 'reconnect') {
        log.info({ server: data }, 'connected to NATS again');
        cut ??= newCut();
      } else if (type === 'error') {
        log.warn({ reason: data }, 'NATS says there is something wrong');
      }
    }
    lose('the connection to NATS was closed');
  };
  follow().catch((error: unknown) => lose(String(error)));
  return {
    connection,
    session: () => {
      if (cut === undefined) {
        throw new NatsUnavailableError('the connection to NATS is cut and is being mended');
      }
      return { connection, lost: cut.promise };
    },
  };
}

function newCut(): PromiseWithResolvers<never> {
  const cut = Promise.withResolvers<never>();
  cut.promise.catch(() => {
    // Whoever uses the session watches it; it may be cut while nobody does.
  });
  return cut;
}

/**
 * Servers and credentials of a URL: `nats://user:password@host:4222`, `nats://token@host:4222`,
 * `tls://…`, several separated by commas (the credentials of the first count for all).
 */
export function connectionOptions(
  url: string,
): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'tls'> {
  const urls = url.split(',').map((text) => new URL(text.trim()));
  const [first] = urls;
  if (first === undefined) throw new TypeError('there is no server in the NATS URL');
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port === '' ? '4222' : port}`);
  const user = decodeURIComponent(first.username);
  const pass = decodeURIComponent(first.password);
  const tls = first.protocol === 'tls:' ? { tls: {} } : {};
  if (user === '') return { servers, ...tls };
  return pass === '' ? { servers, token: user, ...tls } : { servers, user, pass, ...tls };
}
