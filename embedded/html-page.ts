import type { FastifyReply } from 'fastify';

const STYLE = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; } table { border-collapse: collapse; width: 100%; } .quiet { opacity: .65; }
  th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
  th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
  time, .number { white-space: nowrap; }
  @media (max-width: 45rem) {
    thead { display: none; } tr, td { display: grid; }
    tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
    td { grid-template-columns: 7rem minmax(0, 1fr); padding: .1rem 0; border: 0; overflow-wrap: anywhere; }
    td::before { content: attr(data-name); opacity: .65; white-space: nowrap; }
    td.number { text-align: left; }
  }`;

/** For a page with inline style and nothing else: no script, nothing from elsewhere, in no frame. */
const BASE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Sends HTML that is never stored and tells nobody where it was. */
export function sendHtml(reply: FastifyReply, html: string, policy: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .headers({ ...HEADERS, 'content-security-policy': policy })
    .send(html);
}

/**
 * A page for people who look into an embedded part. `content` is HTML: escape what is not ours.
 * `allow` are directives of the content security policy beside those that every page has.
 */
export function sendPage(
  reply: FastifyReply,
  {
    title,
    content,
    style,
    allow,
  }: { title: string; content: string; style: string; allow: string },
): FastifyReply {
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<style>${STYLE}${style}</style></head><body>${content}</body></html>\n`;
  return sendHtml(reply, html, `${BASE_POLICY}; ${allow}`);
}

export type PageColumn = { readonly name: string; readonly number?: true };

/**
 * Rows of cells (HTML, one element or plain text each) under their columns. On a phone each row is a
 * block of its own with a name before every value: five columns side by side would be cut off.
 */
export function tableOf(
  columns: readonly PageColumn[],
  rows: readonly (readonly string[])[],
): string {
  const kind = (column?: PageColumn) => (column?.number === true ? ' class="number"' : '');
  const head = columns.map((column) => `<th${kind(column)}>${escapeHtml(column.name)}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, index) => {
      const column = columns[index];
      return `<td${kind(column)} data-name="${escapeHtml(column?.name ?? '')}">${cell}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** An instant as people read it, to the second and in UTC: the column says that. */
export function timeOf(instant: string): string {
  const iso = new Date(instant).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
