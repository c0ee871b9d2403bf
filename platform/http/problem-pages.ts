import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { publicAccess } from './auth.ts';
import { HttpProblem, type ProblemTable } from './problem.ts';

/** `GET /problems` and `/problems/<code>`: what `type` of a problem document points at. */
export function mountProblemPages(app: FastifyInstance, table: ProblemTable): void {
  const config = { access: publicAccess };
  const entry = (code: string) => {
    const kind = Object.hasOwn(table, code) ? table[code] : undefined;
    return kind === undefined ? null : { code, ...kind };
  };
  const list = Object.keys(table).toSorted().map(entry);

  app.get('/problems', { config, schema: { hide: true } }, async () => ({ problems: list }));
  app.get(
    '/problems/:code',
    { config, schema: { hide: true, params: z.strictObject({ code: z.string() }) } },
    async (request, reply) => {
      const { code } = request.params as { code: string };
      const found = entry(code);
      if (found === null)
        throw new HttpProblem('not-found', { detail: 'There is no such problem code.' });
      if (!(request.headers.accept ?? '').includes('text/html')) return found;
      return reply
        .type('text/html; charset=utf-8')
        .send(
          `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(found.title)}</title>` +
            `<h1>${escapeHtml(found.title)}</h1><p><code>${escapeHtml(code)}</code> · HTTP ${found.status}</p>` +
            `<p>${withCode(escapeHtml(found.description))}</p><p><a href="/docs">API reference</a></p></html>`,
        );
    },
  );
}

/** The table's texts mark code with backticks, as the reference does. */
const withCode = (html: string): string => html.replaceAll(/`([^`]+)`/g, '<code>$1</code>');

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
