import { createTransport } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import { crossing } from '../crash-points/index.ts';

/** The mail server is away or asks to come back later. The message may have been taken all the same. */
export class MailUnavailableError extends Error {
  override readonly name = 'MailUnavailableError';
  readonly retry = 'later';
}

/** The mail server refuses this message for good (RFC 5321 §4.2.1, a 5yz reply). */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError';
  readonly retry = 'never';
}

export type Mail = {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With angle brackets; the same for every attempt at the same message, so that servers can see a repeat. */
  readonly messageId: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Mailer = {
  /** Resolves when the server has taken the message. Throws `MailUnavailableError`, `MailRefusedError`. */
  send(mail: Mail): Promise<void>;
  /** What message ids of ours end with: the sender's domain. */
  readonly domain: string;
  close(): void;
};

const CONNECT_MS = 5000;
const SILENCE_MS = 10_000;
const TIMEOUTS = {
  connectionTimeout: CONNECT_MS,
  greetingTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  dnsTimeout: CONNECT_MS,
};

/** Sends through one SMTP server, over a few kept connections. */
export function createMailer(options: { smtpUrl: string; from: string }): Mailer {
  const { smtpUrl, from } = options;
  const transport = createTransport(
    {
      url: smtpUrl,
      pool: true,
      maxConnections: 4,
      ...TIMEOUTS,
      // What is in a mail comes from us: nothing in it may name a file or an address to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    domain: /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'localhost',
    send: async ({ headers = {}, ...mail }) => {
      try {
        const raw = await composed({ from, ...mail, headers: { ...headers } });
        const envelope = { from, to: mail.to.address };
        await crossing('mail.send', () => transport.sendMail({ envelope, raw }));
      } catch (error) {
        throw translate(error);
      }
    },
    close: () => transport.close(),
  };
}

/**
 * The message as one piece. A transport that composes it while it sends writes header, boundaries and
 * lines as they come, each a system call: more than everything else of a mail.
 */
function composed(mail: MailComposer.Options): Promise<Buffer> {
  return new MailComposer({ ...mail, disableFileAccess: true, disableUrlAccess: true })
    .compile()
    .build();
}

/** Resolves when the server greets us (and takes our login, if the URL has one); sends nothing. */
export async function checkMailServer(smtpUrl: string): Promise<void> {
  const transport = createTransport({ url: smtpUrl, ...TIMEOUTS });
  try {
    await transport.verify();
  } catch (error) {
    throw translate(error, 'does not take us');
  } finally {
    transport.close();
  }
}

function translate(error: unknown, what = 'did not take the message'): Error {
  const code =
    typeof error === 'object' && error !== null && 'responseCode' in error
      ? Number(error.responseCode)
      : 0;
  // Nodemailer's message quotes the address; the reply code is what one needs.
  if (code >= 500) return new MailRefusedError(`the mail server refused the message (${code})`);
  return new MailUnavailableError(`the mail server ${what} (${code || 'no reply'})`, {
    cause: error,
  });
}
