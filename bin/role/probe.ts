import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { mountHealth } from '../../platform/http/health.ts';
import { renderMetrics } from '../../platform/telemetry/index.ts';
import type { RoleContext } from './context.ts';

/**
 * `/health/live`, `/health/ready` and `/metrics` of a process that has no API of its own, as
 * `projections` and `sagas` alone: whoever runs it asks there. It takes no other request and no
 * token, so it belongs on a network that clients do not reach.
 */
export async function startProbe(
  { closers, log, readiness }: Pick<RoleContext, 'closers' | 'log' | 'readiness'>,
  address: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number }> {
  const logger: FastifyBaseLogger = log;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
  });
  mountHealth(app, readiness);
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await renderMetrics();
    return reply.type(contentType).send(text);
  });
  closers.add('probe', () => app.close());
  await app.listen(address);
  return { port: (app.server.address() as AddressInfo).port };
}
