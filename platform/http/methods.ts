import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.ts';

/**
 * Tells an unknown path (404) from an unknown method (405 with `Allow`, RFC 9110 §15.5.6). The
 * router only knows routes by method, so the paths are kept here as they are added.
 */
export function trackMethods(
  app: FastifyInstance,
): (request: FastifyRequest, reply: FastifyReply) => never {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:[^/]+/g, '[^/]+')}$`);
    for (const each of [method].flat()) routes.push({ pattern, method: each });
  });
  return (request) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const allowed = routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    if (allowed.length === 0) {
      throw new HttpProblem('not-found', { detail: 'There is no such resource.' });
    }
    const allow = [...new Set([...allowed, 'OPTIONS'])].toSorted().join(', ');
    throw new HttpProblem('method-not-allowed', {
      detail: `This resource knows ${allow}.`,
      headers: { Allow: allow },
    });
  };
}
