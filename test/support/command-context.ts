import { PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';

/** A command as the bus hands it to its stream, by the system, with ten seconds; its id comes of its name. */
export function commandContext(name: string) {
  const now = new Date().toISOString();
  const commandId = uuidv5(PAWPRINT_NAMESPACE, name);
  return {
    ...{ commandId, executionId: commandId, inputHash: name, now, occurredAt: now },
    ...{ correlationId: commandId, causationId: commandId },
    principal: { kind: 'system', id: 'spec' },
    actor: { kind: 'system', id: 'spec' },
    deadline: Date.now() + 10_000,
  } as const;
}
