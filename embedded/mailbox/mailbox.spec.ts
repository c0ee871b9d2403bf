import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { type Mailbox, startMailbox } from './index.ts';
import type { Message, MessageSummary } from './message.ts';

let directory: string;
let mailbox: Mailbox;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mailbox-spec-'));
  mailbox = await startMailbox({ directory });
});
afterAll(async () => {
  await mailbox.stop();
  removeFolder(directory);
});
afterEach(async () => {
  for (const name of await readdir(directory)) await rm(join(directory, name));
});

const ticket = {
  from: 'Pawprint <tickets@example.org>',
  to: 'Ada <ada@example.org>',
  bcc: 'archive@example.org',
  subject: 'Dein Ticket für „Welpentag“ 🐾',
  text: 'See you there.',
  html: '<p>See you <b>there</b>.</p><script>alert(1)</script>',
  messageId: '<ticket-1@example.org>',
  attachments: [{ filename: 'ticket.txt', content: 'tkt_1' }],
};

async function send(mail: Parameters<ReturnType<typeof createTransport>['sendMail']>[0] = ticket) {
  const transport = createTransport(mailbox.smtpUrl);
  await transport.sendMail(mail);
  transport.close();
}

async function list(query = ''): Promise<MessageSummary[]> {
  const response = await fetch(`${mailbox.httpUrl}/messages${query}`);
  const { messages } = (await response.json()) as { messages: MessageSummary[] };
  return messages;
}

describe('the mailbox', () => {
  it('keeps what SMTP acknowledged and shows it as JSON', async () => {
    await send();
    const [summary] = await list();
    expect(summary).toMatchObject({
      from: 'tickets@example.org',
      subject: ticket.subject,
      messageId: ticket.messageId,
    });
    expect(summary?.to).toEqual(['ada@example.org', 'archive@example.org']);

    const response = await fetch(`${mailbox.httpUrl}/messages/${summary?.id}`);
    const message = (await response.json()) as Message;
    expect(message.text?.trim()).toBe(ticket.text);
    expect(message.html).toContain('<b>there</b>');
    expect(message.attachments).toEqual([
      { filename: 'ticket.txt', mimeType: 'text/plain', size: 5 },
    ]);
  });

  it('answers the source with the envelope on top', async () => {
    await send();
    const [summary] = await list();
    const source = await (await fetch(`${mailbox.httpUrl}/messages/${summary?.id}.eml`)).text();
    expect(source).toMatch(/^Return-Path: <tickets@example.org>\r\n/);
    expect(source).toContain('Message-ID: <ticket-1@example.org>');
  });

  it('filters by recipient, without regard to case', async () => {
    await send();
    await send({ ...ticket, to: 'bob@example.org', bcc: undefined });
    expect(await list('?to=BOB@example.org')).toHaveLength(1);
    expect(await list('?to=archive@example.org')).toHaveLength(1);
    expect(await list('?to=nobody@example.org')).toEqual([]);
  });

  it('keeps both of two messages with one Message-ID', async () => {
    await Promise.all([send(), send()]);
    const ids = (await list()).map((message) => message.messageId);
    expect(ids).toEqual([ticket.messageId, ticket.messageId]);
  });

  it('has everything after a restart, and drops what was never acknowledged', async () => {
    await send();
    const before = await list();
    await writeFile(join(directory, 'half-written.tmp'), 'Subject: ');
    await mailbox.stop();
    mailbox = await startMailbox({ directory });
    expect(await list()).toEqual(before);
    expect(await readdir(directory)).toEqual([`${before[0]?.id}.eml`]);
  });

  it('shows a mail to people without letting it run or load anything', async () => {
    await send({ ...ticket, subject: '<img src=x onerror=alert(1)>' });
    const [summary] = await list();
    const overview = await (await fetch(mailbox.httpUrl)).text();
    expect(overview).toContain('&lt;img src=x');
    expect(overview).not.toContain('<img');

    const page = await fetch(`${mailbox.httpUrl}/mail/${summary?.id}`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toMatch(/<iframe sandbox title/);
    const html = await fetch(`${mailbox.httpUrl}/messages/${summary?.id}/html`);
    expect(html.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
  });

  it('finds nothing outside its folder', async () => {
    for (const path of ['/messages/..%2F..%2Fetc%2Fpasswd', '/messages/nope', '/mail/nope']) {
      expect((await fetch(`${mailbox.httpUrl}${path}`)).status).toBe(404);
    }
  });
});
