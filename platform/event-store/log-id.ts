import { randomUUID } from 'node:crypto';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import type { RawEvent } from './codec.ts';
import { EventStoreUnavailableError } from './errors.ts';
import type { EventStore } from './types.ts';

/** The stream of the log's birth certificate, its first application event. */
export const INSTALLATION_STREAM = 'installation-main';

export function logIdIn(events: readonly RawEvent[]): string {
  const data = events[0]?.data;
  if (typeof data === 'object' && data !== null && 'installationId' in data) {
    return String(data.installationId);
  }
  throw new EventStoreUnavailableError(
    'the log is not founded yet: its installation event is missing',
  );
}

/**
 * Founds the log if nobody did: appends `InstallationRegistered` as the first event. Two processes
 * that start at once agree on the one that was first.
 */
export async function foundLog(store: EventStore): Promise<string> {
  if ((await store.readStreamRaw(INSTALLATION_STREAM, { max: 1 })).length === 0) {
    const commandId = randomUUID();
    const now = new Date().toISOString();
    await store.append(
      INSTALLATION_STREAM,
      -1,
      [
        {
          id: eventIdOf(commandId, 'installation', 0),
          type: 'InstallationRegistered',
          data: { installationId: deriveId('ins', commandId) },
          metadata: {
            commandId,
            inputHash: '',
            $correlationId: commandId,
            $causationId: commandId,
            actor: { kind: 'system', id: 'found-log' },
            occurredAt: now,
            recordedAt: now,
            schemaVersion: 1,
          },
        },
      ],
      { deadline: Date.now() + 10_000 },
    );
  }
  return store.logId();
}
