import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailer, MailRefusedError, MailUnavailableError } from './index.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const mail = {
  to: { name: 'Zoë "Z" <x>', address: 'zoe@example.com' },
  subject: 'Your ticket: Hündchen',
  text: 'Hello Zoë\n\nPAW1.payload.signature',
  html: '<p>Hello Zoë</p>',
  messageId: '<confirmation.enr_1@pawprint.example>',
  headers: { 'Auto-Submitted': 'auto-generated' },
};

/** A mail server that keeps what it takes, or refuses recipients with a reply code. */
async function mailServer(refuseWith?: number): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo: (_address, _session, callback) => {
      if (refuseWith === undefined) return callback();
      return callback(Object.assign(new Error('no'), { responseCode: refuseWith }));
    },
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push(Buffer.concat(chunks).toString());
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, received };
}

const mailerTo = (smtpUrl: string) => {
  const mailer = createMailer({ smtpUrl, from: 'Pawprint <hello@pawprint.example>' });
  closers.push(mailer.close);
  return mailer;
};

describe('the mailer', () => {
  it('hands a message over with sender, Message-ID and both bodies', async () => {
    const { url, received } = await mailServer();
    const mailer = mailerTo(url);
    await mailer.send(mail);
    const [message = ''] = received;
    expect(message).toContain('From: Pawprint <hello@pawprint.example>');
    expect(message).toContain('Message-ID: <confirmation.enr_1@pawprint.example>');
    expect(message).toContain('Auto-Submitted: auto-generated');
    expect(message).toMatch(/Content-Type: text\/plain/);
    expect(message).toMatch(/Content-Type: text\/html/);
    expect(mailer.domain).toBe('pawprint.example');
  });

  it('tells a refusal for good from one for now, and names nobody in it', async () => {
    const never = mailerTo((await mailServer(550)).url);
    const later = mailerTo((await mailServer(451)).url);
    await expect(never.send(mail)).rejects.toThrow(MailRefusedError);
    await expect(never.send(mail)).rejects.toThrow(/^the mail server refused the message \(550\)$/);
    await expect(later.send(mail)).rejects.toThrow(MailUnavailableError);
  });

  it('says when there is no server, or one that hangs up', async () => {
    const hangUp: Server = createServer((socket: Socket) => socket.destroy());
    await new Promise<void>((resolve) => hangUp.listen(0, '127.0.0.1', resolve));
    const { port } = hangUp.address() as AddressInfo;
    const mailer = mailerTo(`smtp://127.0.0.1:${port}`);
    await expect(mailer.send(mail)).rejects.toThrow(MailUnavailableError);
    await new Promise((resolve) => hangUp.close(resolve));
    await expect(mailer.send(mail)).rejects.toThrow(MailUnavailableError);
  });
});
