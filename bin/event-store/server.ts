import { z } from 'zod';
import { MoveRefusedError, ServerAwayError } from '../../embedded/event-store/move/errors.ts';
import type { Output } from '../ops/_cli/output.ts';
import { UnavailableError } from '../ops/_cli/unavailable.ts';
import { type ExitCode, exits } from '../ops/_cli/verb.ts';
import { UsageError } from '../start/options.ts';

const pattern = /^(esdb|esdb\+discover):\/\//;
const fault = { error: 'is a URL: esdb://user:password@host:port?tls=true' };

/** A server, as an option of a verb. */
export const serverOption = (what: string) =>
  z
    .string()
    .regex(pattern, fault)
    .optional()
    .meta({
      description: `${what} (or EVENTSTORE_URL, which other users cannot see)`,
      value: 'URL',
    });

export const fileArgument = (description: string) =>
  z.string().min(1, { error: 'expected a file' }).meta({ description });

export function serverOf(
  asked: string | undefined,
  option: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const url = asked ?? env['EVENTSTORE_URL'];
  if (!url) throw new UsageError(`say which event store: ${option} URL, or EVENTSTORE_URL`);
  if (pattern.test(url)) return url;
  throw new UsageError(`EVENTSTORE_URL: ${fault.error}`);
}

/** What stands in the way of a move is a finding; a server that is not there is not. */
export async function moving(out: Output, move: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await move();
  } catch (error) {
    if (error instanceof ServerAwayError)
      throw new UnavailableError(error.message, { cause: error });
    if (!(error instanceof MoveRefusedError)) throw error;
    out.show({ ok: false, problem: error.message }, () => [out.paint('red', error.message)]);
    return exits.finding;
  }
}
