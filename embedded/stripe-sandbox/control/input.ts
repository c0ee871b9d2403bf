import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiError } from '../http/errors.ts';
import { parseForm } from '../http/form.ts';

/** Query, form or JSON: whatever is at hand in a test or a shell. */
export function readInput<T>(schema: z.ZodType<T>, request: FastifyRequest): T {
  const { text = '' } = request.query as { text?: string };
  const body = typeof request.body === 'string' ? request.body : '';
  const json = request.headers['content-type']?.startsWith('application/json') === true;
  const given = {
    ...parseForm(text),
    ...(json && body !== '' ? parseJson(body) : parseForm(body)),
  };
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw badInput(`${where === '' ? '' : `${where}: `}${issue?.message ?? 'Invalid input'}`);
}

function parseJson(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw badInput(`The body is not JSON: ${cause instanceof Error ? cause.message : ''}`);
  }
  throw badInput('The body is not a JSON object.');
}

const badInput = (message: string) => new ApiError(400, { type: 'invalid_request_error', message });
