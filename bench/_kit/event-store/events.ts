import { randomUUID } from 'node:crypto';
import { type EventData, jsonEvent } from '@eventstore/db-client';

const NOTE = 'x'.repeat(180);

/** About 330 bytes, like the events of the application. */
export const event = (): EventData =>
  jsonEvent({
    id: randomUUID(),
    type: 'enrollment-held',
    data: { activityId: 'activity-0123456789', memberId: 'm-0123456789', note: NOTE },
    metadata: { $correlationId: '0b5f6f0e-7f5c-4a86-9d5e-2d7b9f6f2f11', by: 'bench' },
  });

export const events = (count: number): EventData[] => Array.from({ length: count }, event);
