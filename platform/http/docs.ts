import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { publicAccess } from './auth.ts';

/** What the reference page needs to know of its surroundings. */
export type DocsSettings = {
  readonly title: string;
  /** Where tokens are made: the write API. */
  readonly loginUrl: string;
  /** The other API's reference. */
  readonly peer?: { readonly title: string; readonly url: string };
};

const files = {
  '/docs': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/docs/icon.svg': { file: 'icon.svg', type: 'image/svg+xml' },
  '/docs/reference.css': { file: 'reference.css', type: 'text/css; charset=utf-8' },
  '/docs/reference.js': { file: 'reference.js', type: 'text/javascript; charset=utf-8' },
  '/docs/render.js': { file: 'render.js', type: 'text/javascript; charset=utf-8' },
  '/docs/try-it.js': { file: 'try-it.js', type: 'text/javascript; charset=utf-8' },
} as const;

/**
 * `/docs`: the reference, rendered by the page itself out of `/openapi.json`. A few small files of
 * ours instead of a bundle from elsewhere: it works offline and under a policy without exceptions.
 */
export function mountDocs(app: FastifyInstance, settings: DocsSettings): void {
  const config = { access: publicAccess };
  const connectTo = ["'self'", new URL(settings.loginUrl).origin];
  const helmet = {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        connectSrc: connectTo,
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
      },
    },
  };
  for (const [path, { file, type }] of Object.entries(files)) {
    const content = readFileSync(join(import.meta.dirname, 'docs', file));
    app.get(path, { config, helmet, schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('Cache-Control', 'no-cache').send(content),
    );
  }
  app.get('/docs/settings.json', { config, schema: { hide: true } }, async () => settings);
}
