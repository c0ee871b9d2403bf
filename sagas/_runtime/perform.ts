import { createHash } from 'node:crypto';
import { CommandRefused } from '../../commands/_runtime/errors.ts';
import type { CommandBus } from '../../commands/_runtime/index.ts';
import { uuidv5 } from '../../domain/_kernel/ids.ts';
import type { Host } from '../../platform/host/index.ts';
import { timeLimits } from '../../platform/time-limits.ts';
import type { SideEffectHandler } from './definition.ts';
import type { Performed } from './outbox.ts';
import type { LeasedRow } from './outbox-rows.ts';

/** The part of the command bus that sagas use. */
export type SagaBus = Pick<CommandBus, 'execute'>;

/** Who sends, and by which clock. */
type Sender = { readonly bus: SagaBus; readonly host: Host };

const requestOf = (row: LeasedRow, commandId: string, now: number) => ({
  principal: { kind: 'saga' as const, id: row.saga },
  commandId,
  causationId: row.causeId,
  correlationId: row.correlationId,
  deadline: now + timeLimits.commandMs,
});

/** Executes a command of a saga under the id of its row. A refusal is an answer, not a failure. */
export async function performCommand({ bus, host }: Sender, row: LeasedRow): Promise<Performed> {
  try {
    await bus.execute(
      row.name,
      row.payload as { params: unknown; body: unknown },
      requestOf(row, row.id, host.now()),
    );
    return { kind: 'done' };
  } catch (error) {
    if (error instanceof CommandRefused) return { kind: 'refused', rejection: error.rejection };
    throw error;
  }
}

/**
 * Does a side effect. What it sends has an id of row, command and input: an attempt that is repeated
 * and sees the same sends the same command, one that sees something new sends another.
 */
export async function performSideEffect(
  { bus, host }: Sender,
  effects: Readonly<Record<string, SideEffectHandler>>,
  row: LeasedRow,
  signal: AbortSignal,
): Promise<Performed> {
  const handler = effects[row.name];
  if (handler === undefined) throw new TypeError(`nobody does the side effect ${row.name}`);
  await handler({
    key: row.key,
    payload: row.payload,
    attempt: row.attempt,
    signal,
    send: async ({ name }, params, body) => {
      const seen = createHash('sha256')
        .update(JSON.stringify([params, body]))
        .digest('hex');
      const id = uuidv5(row.id, `${name}:${seen}`);
      await bus.execute(name, { params, body }, requestOf(row, id, host.now()));
    },
  });
  return { kind: 'done' };
}
