import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import type { Log } from './log.ts';
import type { MessageStore } from './store.ts';

const MAX_BYTES = 25 * 1024 * 1024;

/** Takes every message for every address; answers 250 only once it is on the disk. */
export function createSmtpServer(store: MessageStore, log: Log): SMTPServer {
  const server = new SMTPServer({
    // A sink on loopback: no accounts, no certificate.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_BYTES,
    closeTimeout: 500,
    logger: false,
    onData(stream, session, callback) {
      const { mailFrom, rcptTo } = session.envelope;
      const envelope = {
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map((recipient) => recipient.address),
      };
      collect(stream)
        .then((content) => store.save(envelope, content))
        .then(
          (id) => callback(null, `stored as ${id}`),
          (error: unknown) => {
            const cause = error instanceof Error ? error : new Error(String(error));
            log(`message refused: ${cause.message}`);
            callback(cause);
          },
        );
    },
  });
  // A client that hangs up is its own affair.
  server.on('error', (error) => log(`smtp: ${error.message}`));
  return server;
}

async function collect(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    // Past the limit the rest is read (the protocol needs it) but not kept.
    if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
  }
  if (!stream.sizeExceeded) return Buffer.concat(chunks);
  throw Object.assign(new Error('Message too large'), { responseCode: 552 });
}
