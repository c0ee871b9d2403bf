import { NotReadyError } from '../../../exporters/_runtime/read-models.ts';
import { NotFoundError } from '../../../projections/_runtime/query.ts';
import type { Output } from '../_cli/output.ts';
import { type ExitCode, exits } from '../_cli/verb.ts';

/** Tells in a line what cannot be given, because it is not there or not there yet. */
export async function notThere(out: Output, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotFoundError || error instanceof NotReadyError)) throw error;
    out.note(error.message);
    return exits.finding;
  }
}
