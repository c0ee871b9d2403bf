import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';

/** The log's own birth certificate: its first application event. Checkpoints name its id. */
export const InstallationRegistered = defineEvent({
  type: 'InstallationRegistered',
  summary: 'The log was founded; every checkpoint refers to this id.',
  data: { installationId: idSchema('ins') },
});

export const installationEvents = defineEvents('installation', [InstallationRegistered]);
export type InstallationEvent = EventsOf<typeof installationEvents>;
