import type { AddressInfo } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { createHttpServer } from './http.ts';
import type { Log } from './log.ts';
import { createSmtpServer } from './smtp.ts';
import { openStore } from './store.ts';

export type { Log } from './log.ts';

export type MailboxOptions = {
  /** Where the messages are kept; made if it is missing. */
  directory: string;
  host?: string;
  /** 0 (the default) takes a free port. */
  smtpPort?: number;
  httpPort?: number;
  log?: Log;
};
export type Mailbox = {
  smtpUrl: string;
  httpUrl: string;
  smtpPort: number;
  httpPort: number;
  stop(): Promise<void>;
};

/** Starts the sink: mail goes in by SMTP and comes out by HTTP. Nothing ever leaves it. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const host = options.host ?? '127.0.0.1';
  const log: Log = options.log ?? (() => undefined);
  const store = await openStore(options.directory);
  const smtp = createSmtpServer(store, log);
  const http = createHttpServer(store, log);

  const smtpPort = await listen(smtp, options.smtpPort ?? 0, host);
  try {
    await http.listen({ host, port: options.httpPort ?? 0 });
  } catch (error) {
    await close(smtp);
    throw error;
  }
  const httpPort = (http.server.address() as AddressInfo).port;
  // A wildcard address is for listening, not for calling.
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    smtpUrl: `smtp://${name}:${smtpPort}`,
    httpUrl: `http://${name}:${httpPort}`,
    smtpPort,
    httpPort,
    async stop() {
      await Promise.all([close(smtp), http.close()]);
    },
  };
}

function listen(smtp: SMTPServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    smtp.server.once('error', reject);
    smtp.listen(port, host, () => {
      smtp.server.off('error', reject);
      resolve((smtp.server.address() as AddressInfo).port);
    });
  });
}

const close = (smtp: SMTPServer): Promise<void> => new Promise((resolve) => smtp.close(resolve));
