import type { FastifyInstance } from 'fastify';
import { publicAccess } from './auth.ts';
import { PROBES } from './rate-limit.ts';

/** One thing that has to work before requests are sent here. Rejecting (or hanging) means it does not. */
export type ReadinessCheck = {
  readonly name: string;
  readonly check: () => Promise<unknown>;
  /** Default: two seconds. */
  readonly timeoutMs?: number;
};

type CheckResult = {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly cause?: 'failed' | 'timed out';
};

/** `live`: the process answers. `ready`: so does all it needs; else 503, and which part does not. */
export function mountHealth(app: FastifyInstance, checks: readonly ReadinessCheck[]): void {
  const config = { access: publicAccess, rateClass: PROBES };
  app.get('/health/live', { config, schema: { hide: true } }, async () => ({ status: 'live' }));

  let running: Promise<CheckResult[]> | null = null;
  app.get('/health/ready', { config, schema: { hide: true } }, async (request, reply) => {
    // Probes that come at once share one round of checks: health is no way to load the database.
    running ??= Promise.all(
      checks.map((check) =>
        run(check, (err) =>
          request.log.warn({ err, check: check.name }, 'a readiness check failed'),
        ),
      ),
    ).finally(() => {
      running = null;
    });
    const results = await running;
    const failed = results.filter((result) => !result.ok).map((result) => result.name);
    if (failed.length === 0) return { status: 'ready', checks: results };
    return reply
      .code(503)
      .header('Retry-After', '1')
      .send({ status: 'not ready', failed, checks: results });
  });
}

async function run(check: ReadinessCheck, report: (error: unknown) => void): Promise<CheckResult> {
  const startedAt = performance.now();
  const { timeoutMs = 2000 } = check;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new CheckTimeoutError(`${timeoutMs} ms`)), timeoutMs);
  const took = () => Math.round(performance.now() - startedAt);
  try {
    await Promise.race([check.check(), late.promise]);
    return { name: check.name, ok: true, ms: took() };
  } catch (error) {
    report(error);
    const cause = error instanceof CheckTimeoutError ? 'timed out' : 'failed';
    return { name: check.name, ok: false, ms: took(), cause };
  } finally {
    clearTimeout(timer);
  }
}

class CheckTimeoutError extends Error {
  override readonly name = 'CheckTimeoutError';
}
