import type { FastifyReply } from 'fastify';
import type { Message, MessageSummary } from './message.ts';

const STYLE = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; } dt { opacity: .65; } dl { display: grid; grid-template-columns: 7rem 1fr; }
  dd { margin: 0; overflow-wrap: anywhere; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
  iframe { width: 100%; height: 60vh; border: 1px solid var(--line); background: #fff; }
  pre { white-space: pre-wrap; border: 1px solid var(--line); padding: 1rem; } .quiet { opacity: .65; }`;

const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** A mail is a stranger's HTML: no script, no loading, no origin, and only our page frames it. */
const MAIL_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

export function sendListPage(reply: FastifyReply, messages: readonly MessageSummary[]) {
  const rows = messages.map(
    (message) =>
      `<tr><td><time>${escapeHtml(message.date)}</time></td><td>${escapeHtml(message.to.join(', '))}</td>` +
      `<td><a href="/mail/${message.id}">${escapeHtml(message.subject || '(no subject)')}</a></td></tr>`,
  );
  const content =
    rows.length === 0
      ? '<p class="quiet">No mail yet.</p>'
      : `<table><thead><tr><th>When</th><th>To</th><th>Subject</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return sendPage(reply, 'Mailbox', `<h1>Mailbox</h1>${content}`);
}

export function sendMailPage(reply: FastifyReply, message: Message) {
  const facts: [string, string][] = [
    ['From', message.from],
    ['To', message.to.join(', ')],
    ['Date', message.date],
    ['Message-ID', message.messageId ?? ''],
    ['Attachments', message.attachments.map((each) => each.filename ?? each.mimeType).join(', ')],
  ];
  const list = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('');
  const html =
    message.html === null
      ? ''
      : `<iframe sandbox title="The mail as HTML" src="/messages/${message.id}/html"></iframe>`;
  const text = message.text === null ? '' : `<pre>${escapeHtml(message.text)}</pre>`;
  const content =
    `<p><a href="/">Mailbox</a></p><h1>${escapeHtml(message.subject || '(no subject)')}</h1><dl>${list}</dl>` +
    `${html}${text}<p><a href="/messages/${message.id}.eml">Source</a></p>`;
  return sendPage(reply, message.subject, content);
}

export function sendMailHtml(reply: FastifyReply, html: string) {
  return reply
    .type('text/html; charset=utf-8')
    .headers({ ...HEADERS, 'content-security-policy': MAIL_POLICY })
    .send(html);
}

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function sendPage(reply: FastifyReply, title: string, content: string) {
  return reply
    .type('text/html; charset=utf-8')
    .headers({ ...HEADERS, 'content-security-policy': PAGE_POLICY })
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
        '<meta name="viewport" content="width=device-width, initial-scale=1">' +
        `<style>${STYLE}</style></head><body>${content}</body></html>\n`,
    );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
