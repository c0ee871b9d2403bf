import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type { ActivityId, EnrollmentId, MemberId, TicketId } from '../_kernel/ids.ts';
import type { Instant } from '../_kernel/time.ts';
import { type TicketEvent, ticketEvents } from './events.ts';

export type Ticket = {
  readonly ticketId: TicketId;
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  /** When the scan that admitted was made; kept when the ticket is voided later. */
  readonly admittedAt: Instant | null;
  /** Every scan that was recorded, by `scanKey`: an upload that comes again is known. */
  readonly scans: ReadonlySet<string>;
};

export type TicketState =
  | { readonly status: 'none' }
  | (Ticket & { readonly status: 'issued' })
  | (Ticket & { readonly status: 'admitted'; readonly admittedAt: Instant })
  | (Ticket & { readonly status: 'voided' });

/** One ticket at the door: a stream each, so that a queue of people never waits for one another. */
export const ticket = defineAggregate({ events: ticketEvents, initial, evolve });

/** A device counts its scans by nonces; both together name one scan. */
export function scanKey(scan: { readonly deviceId: string; readonly nonce: string }): string {
  return JSON.stringify([scan.deviceId, scan.nonce]);
}

function initial(): TicketState {
  return { status: 'none' };
}

function evolve(state: TicketState, event: TicketEvent): TicketState {
  if (event.type === 'TicketIssued') {
    return state.status === 'none'
      ? { ...event.data, status: 'issued', admittedAt: null, scans: new Set() }
      : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  switch (event.type) {
    case 'TicketScanned': {
      const { decision, scannedAt } = event.data;
      const scans = new Set(state.scans).add(scanKey(event.data));
      return decision === 'admitted'
        ? { ...state, status: 'admitted', admittedAt: scannedAt, scans }
        : { ...state, scans };
    }
    case 'TicketVoided':
      return { ...state, status: 'voided' };
  }
}
