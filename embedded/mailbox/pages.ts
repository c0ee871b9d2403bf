import type { FastifyReply } from 'fastify';
import { escapeHtml, sendHtml, sendPage, tableOf, timeOf } from '../html-page.ts';
import type { Message, MessageSummary } from './message.ts';

const STYLE = `
  dt { opacity: .65; } dl { display: grid; grid-template-columns: 7rem 1fr; }
  dd { margin: 0; overflow-wrap: anywhere; }
  iframe { box-sizing: border-box; width: 100%; height: 60vh; border: 1px solid var(--line); background: #fff; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: 1rem; }`;

/** A mail is a stranger's HTML: no script, no loading, no origin, and only our page frames it. */
const MAIL_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

export function sendListPage(reply: FastifyReply, messages: readonly MessageSummary[]) {
  const rows = messages.map((message) => [
    timeOf(message.date),
    escapeHtml(message.to.join(', ')),
    `<a href="/mail/${message.id}">${escapeHtml(message.subject || '(no subject)')}</a>`,
  ]);
  const columns = ['When (UTC)', 'To', 'Subject'].map((name) => ({ name }));
  const content = rows.length === 0 ? '<p class="quiet">No mail yet.</p>' : tableOf(columns, rows);
  return page(reply, 'Mailbox', `<h1>Mailbox</h1>${content}`);
}

export function sendMailPage(reply: FastifyReply, message: Message) {
  const attachments = message.attachments.map((each) => each.filename ?? each.mimeType).join(', ');
  const facts: [string, string][] = [
    ['From', escapeHtml(message.from)],
    ['To', escapeHtml(message.to.join(', '))],
    ['Date (UTC)', timeOf(message.date)],
    ['Message-ID', escapeHtml(message.messageId ?? '')],
    ['Attachments', escapeHtml(attachments)],
  ];
  const list = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`)
    .join('');
  const html =
    message.html === null
      ? ''
      : `<iframe sandbox title="The mail as HTML" src="/messages/${message.id}/html"></iframe>`;
  const text = message.text === null ? '' : `<pre>${escapeHtml(message.text)}</pre>`;
  const content =
    `<p><a href="/">Mailbox</a></p><h1>${escapeHtml(message.subject || '(no subject)')}</h1><dl>${list}</dl>` +
    `${html}${text}<p><a href="/messages/${message.id}.eml">Source</a></p>`;
  return page(reply, message.subject, content);
}

export function sendMailHtml(reply: FastifyReply, html: string) {
  return sendHtml(reply, html, MAIL_POLICY);
}

function page(reply: FastifyReply, title: string, content: string) {
  const allow = "frame-src 'self'; form-action 'none'";
  return sendPage(reply, { title, content, style: STYLE, allow });
}
