import type { EventOf } from '../_kernel/event.ts';
import type { ActivityId, EnrollmentId, MemberId, TicketId } from '../_kernel/ids.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { ScanDecision, TicketEvent, TicketVoided } from './events.ts';
import { scanKey, type TicketState, ticket } from './state.ts';

type Decided = Decision<TicketEvent>;
type Issued = Exclude<TicketState, { status: 'none' }>;

export type IssueTicket = {
  readonly ticketId: TicketId;
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
};

export function issueTicket(state: TicketState, input: IssueTicket): Decided {
  switch (state.status) {
    case 'none': {
      const { ticketId, enrollmentId, activityId, memberId } = input;
      return [{ type: 'TicketIssued', data: { ticketId, enrollmentId, activityId, memberId } }];
    }
    case 'issued':
    case 'admitted':
    case 'voided':
      return [];
  }
}

export type ScanTicket = {
  /** The activity of the door. */
  readonly activityId: ActivityId;
  readonly deviceId: string;
  readonly nonce: string;
  readonly scannedAt: Instant;
  /**
   * What the enrollment says of a ticket that has no stream yet; left out: nothing. A ticket is shown as
   * soon as its enrollment is confirmed, and somebody may stand at the door before it is issued.
   */
  readonly entitled?: IssueTicket | undefined;
};

/**
 * A scan of an issued ticket is always recorded, whatever the door decided. Of two scans the one
 * that is recorded first admits: an upload from an offline device never rewrites history.
 */
export function scanTicket(state: TicketState, input: ScanTicket): Decided {
  switch (state.status) {
    case 'none':
      return input.entitled ? issueAndScan(state, input.entitled, input) : invalidTicket();
    case 'issued':
    case 'admitted':
    case 'voided':
      return state.scans.has(scanKey(input)) ? [] : [scanned(state, input)];
  }
}

function issueAndScan(state: TicketState, ids: IssueTicket, input: ScanTicket): Decided {
  const issued: TicketEvent = { type: 'TicketIssued', data: ids };
  const scan = scanTicket(ticket.evolve(state, issued), input);
  return 'kind' in scan ? scan : [issued, ...scan];
}

function scanned(state: Issued, scan: ScanTicket): TicketEvent {
  const { ticketId, enrollmentId, activityId, memberId } = state;
  const { activityId: scannedFor, deviceId, nonce, scannedAt } = scan;
  const decision = decisionOf(state, scannedFor);
  const admittedAt = decision === 'already-checked-in' ? state.admittedAt : null;
  return {
    type: 'TicketScanned',
    data: {
      ...{ ticketId, enrollmentId, activityId, memberId },
      ...{ scannedFor, deviceId, nonce, scannedAt, decision, admittedAt },
    },
  };
}

type Standing = {
  readonly status: 'issued' | 'admitted' | 'voided';
  readonly activityId: ActivityId;
};

/** The wrong door comes first: what became of the ticket is the right door's business. */
function decisionOf({ status, activityId }: Standing, scannedFor: ActivityId): ScanDecision {
  if (scannedFor !== activityId) return 'wrong-activity';
  switch (status) {
    case 'issued':
      return 'admitted';
    case 'admitted':
      return 'already-checked-in';
    case 'voided':
      return 'cancelled';
  }
}

export type VoidTicket = { readonly cause: EventOf<typeof TicketVoided>['data']['cause'] };

export function voidTicket(state: TicketState, { cause }: VoidTicket): Decided {
  switch (state.status) {
    case 'none':
      return rejected('not-found', 'There is no such ticket.');
    case 'issued':
    case 'admitted': {
      const { ticketId, enrollmentId, activityId, memberId } = state;
      const data = { ticketId, enrollmentId, activityId, memberId, cause };
      return [{ type: 'TicketVoided', data }];
    }
    case 'voided':
      return [];
  }
}

function invalidTicket(): Rejection {
  return rejected('invalid-ticket', 'This is not a ticket of ours.');
}
