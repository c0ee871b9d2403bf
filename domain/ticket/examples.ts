import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import { issueTicket, scanTicket, voidTicket } from './decide.ts';
import type { TicketEvent } from './events.ts';
import { ticket } from './state.ts';

const { ticketId, enrollmentId, activityId, memberId } = exampleIds;
export const ids = { ticketId, enrollmentId, activityId, memberId };
export const otherActivityId = deriveId('act', 'other');
export const scan = {
  activityId,
  deviceId: 'door-1',
  nonce: 'n-2',
  scannedAt: '2026-06-01T07:55:00.000Z',
};

export const issued: TicketEvent = { type: 'TicketIssued', data: ids };
export const admitted: TicketEvent = {
  type: 'TicketScanned',
  data: {
    ...ids,
    ...{ scannedFor: activityId, deviceId: 'door-1', nonce: 'n-1' },
    ...{ scannedAt: '2026-06-01T07:50:00.000Z', decision: 'admitted', admittedAt: null },
  },
};
export const voided: TicketEvent = {
  type: 'TicketVoided',
  data: { ...ids, cause: 'enrollment-cancelled' },
};

/** A scan is always a `TicketScanned`; what the door decided is in it. */
export const examples = defineExamples(ticket, {
  statuses: {
    none: [],
    issued: [issued],
    admitted: [issued, admitted],
    voided: [issued, voided],
  },
  commands: {
    issueTicket: (state) => issueTicket(state, ids),
    scanTicket: (state) => scanTicket(state, scan),
    'scanTicket (its enrollment is confirmed)': (state) =>
      scanTicket(state, { ...scan, entitled: ids }),
    'scanTicket (the scan that admitted, again)': (state) =>
      scanTicket(state, { ...scan, nonce: 'n-1' }),
    voidTicket: (state) => voidTicket(state, { cause: 'enrollment-cancelled' }),
  },
});
