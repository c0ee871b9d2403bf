import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { isRejection } from '../_kernel/rejection.ts';
import { spec } from '../_kernel/spec-kit.ts';
import { issueTicket, type ScanTicket, scanTicket, voidTicket } from './decide.ts';
import type { ScanDecision, TicketEvent } from './events.ts';
import { admitted, ids, issued, otherActivityId, scan, voided } from './examples.ts';
import { type TicketState, ticket } from './state.ts';

const scanned = (
  decision: ScanDecision,
  { activityId: scannedFor, ...shown }: ScanTicket = scan,
  admittedAt: string | null = null,
): TicketEvent => ({
  type: 'TicketScanned',
  data: { ...ids, scannedFor, ...shown, decision, admittedAt },
});
const when =
  (input: ScanTicket = scan) =>
  (state: TicketState) =>
    scanTicket(state, input);
const elsewhere = { ...scan, activityId: otherActivityId };

describe('scanTicket', () => {
  test('a ticket whose enrollment is confirmed is issued at the door, once', () => {
    const entitled = { ...scan, entitled: ids };
    const { then, state } = spec(ticket)
      .given()
      .when((now) => scanTicket(now, entitled));
    then(issued, scanned('admitted'));
    expect(state()).toMatchObject({ status: 'admitted' });
    spec(ticket)
      .given(issued, voided)
      .when((now) => scanTicket(now, entitled))
      .then(scanned('cancelled'));
  });

  test('the first scan admits', () => {
    const { then, state } = spec(ticket).given(issued).when(when());
    then(scanned('admitted'));
    expect(state()).toMatchObject({ status: 'admitted', admittedAt: scan.scannedAt });
  });

  test('a second one does not, and says when the first was', () => {
    spec(ticket)
      .given(issued, admitted)
      .when(when())
      .then(scanned('already-checked-in', scan, '2026-06-01T07:50:00.000Z'));
  });

  test('an upload that was scanned earlier does not rewrite who was admitted', () => {
    const earlier = { ...scan, scannedAt: '2026-06-01T07:00:00.000Z' };
    const { then, state } = spec(ticket).given(issued, admitted).when(when(earlier));
    then(scanned('already-checked-in', earlier, '2026-06-01T07:50:00.000Z'));
    expect(state()).toMatchObject({ admittedAt: '2026-06-01T07:50:00.000Z' });
  });

  test('a door of another activity sends away, whatever became of the ticket', () => {
    for (const history of [[issued], [issued, admitted], [issued, voided]]) {
      spec(ticket)
        .given(...history)
        .when(when(elsewhere))
        .then(scanned('wrong-activity', elsewhere));
    }
  });

  test('being sent away elsewhere does not use the ticket up', () => {
    spec(ticket)
      .given(issued, scanned('wrong-activity', { ...elsewhere, nonce: 'n-0' }))
      .when(when())
      .then(scanned('admitted'));
  });

  test('a voided ticket opens no door', () => {
    spec(ticket).given(issued, voided).when(when()).then(scanned('cancelled'));
    spec(ticket).given(issued, admitted, voided).when(when()).then(scanned('cancelled'));
  });

  test('the same scan again is nothing to do, another device’s with the same nonce is another', () => {
    spec(ticket).given(issued, scanned('admitted')).when(when()).then();
    const { decision } = spec(ticket)
      .given(issued, scanned('admitted'))
      .when(when({ ...scan, deviceId: 'door-2' }));
    expect(decision).toMatchObject([{ data: { decision: 'already-checked-in' } }]);
  });

  test('device and nonce cannot be mixed up by their spelling', () => {
    const first = { ...scan, deviceId: 'a","b', nonce: 'c' };
    const second = { ...scan, deviceId: 'a', nonce: 'b","c' };
    const { decision } = spec(ticket).given(issued, scanned('admitted', first)).when(when(second));
    expect(decision).toHaveLength(1);
  });

  test('what was never issued is no ticket', () => {
    spec(ticket).given().when(when()).thenRejected('invalid-ticket');
  });

  test('however often and wherever it is shown, one scan admits at most', () => {
    const shown = fc.record({
      activityId: fc.constantFrom(scan.activityId, otherActivityId),
      deviceId: fc.constantFrom('door-1', 'door-2'),
      nonce: fc.constantFrom('1', '2', '3', '4'),
      scannedAt: fc.constantFrom(scan.scannedAt, '2026-06-01T07:00:00.000Z'),
    });
    fc.assert(
      fc.property(fc.array(shown, { maxLength: 30 }), fc.nat(30), (scans, voidedAfter) => {
        const history: TicketEvent[] = [issued];
        for (const [n, each] of scans.entries()) {
          if (n === voidedAfter) history.push(voided);
          const decision = scanTicket(fold(ticket, history), each);
          if (isRejection(decision)) throw new Error(decision.message);
          history.push(...decision);
        }
        const admissions = history.filter(
          (event) => event.type === 'TicketScanned' && event.data.decision === 'admitted',
        );
        expect(admissions.length).toBeLessThanOrEqual(1);
        const keys = history.flatMap((event) =>
          event.type === 'TicketScanned' ? [`${event.data.deviceId} ${event.data.nonce}`] : [],
        );
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 200 },
    );
  });
});

test('a ticket is issued once and voided once', () => {
  spec(ticket)
    .given()
    .when((state) => issueTicket(state, ids))
    .then(issued);
  spec(ticket)
    .given(issued, voided)
    .when((state) => issueTicket(state, ids))
    .then();
  const cancel = (state: TicketState) => voidTicket(state, { cause: 'enrollment-cancelled' });
  spec(ticket).given(issued).when(cancel).then(voided);
  spec(ticket).given(issued, admitted).when(cancel).then(voided);
  spec(ticket).given(issued, voided).when(cancel).then();
  spec(ticket).given().when(cancel).thenRejected('not-found');
});
