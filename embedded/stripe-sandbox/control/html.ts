import type { FastifyReply } from 'fastify';
import { sendPage } from '../../html-page.ts';

export { escapeHtml, type PageColumn, tableOf, timeOf } from '../../html-page.ts';

const STYLE = `
  h2 { font-size: 1.1rem; margin-top: 2rem; } th { font-weight: 600; }
  code { font: 13px ui-monospace, monospace; } .big { font-size: 2rem; }
  form { display: inline-block; margin-right: .5rem; }
  button { font: inherit; padding: .5rem 1rem; } .go { font-weight: 600; }`;

/** A page without script and without anything from elsewhere. */
export function htmlPage(reply: FastifyReply, title: string, content: string): FastifyReply {
  // Forms redirect to the shop's return URL, so `form-action` cannot be narrower.
  return sendPage(reply, { title, content, style: STYLE, allow: 'form-action *' });
}
