import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { instantInputSchema, instantSchema, toInstant } from '../../domain/_kernel/time.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { scanTicket } from '../../domain/ticket/decide.ts';
import { ticket } from '../../domain/ticket/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { refusalOf } from '../_runtime/refusals.ts';
import { refuse } from '../access.ts';

const deviceText = z.string().regex(/^[\w.:-]{1,100}$/, {
  error: 'expected 1 to 100 letters, digits or any of _ . : -',
});

export const checkIn = defineCommand({
  name: 'check-in',
  summary: 'Check a ticket in',
  description:
    'Records a scan and answers what the door decided. Device and nonce identify the scan: the same scan uploaded again later is the same command.',
  tag: 'Check-in',
  path: '/v1/activities/:activityId/check-ins',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({
    ticket: z.string().max(1000).meta({ example: 'PAW1.eyJ0Ijoi….c2lnbmF0dXJl' }),
    deviceId: deviceText.meta({ example: 'gate-1' }),
    scannedAt: instantInputSchema,
    nonce: deviceText.meta({ example: '8c1f0c52' }),
  }),
  reply: z.strictObject({
    ticketId: idSchema('tkt'),
    enrollmentId: idSchema('enr'),
    decision: z.enum(['admitted']),
    admittedAt: instantSchema,
  }),
  status: 201,
  refusals: ['invalid-ticket', 'already-checked-in', 'wrong-activity', 'cancelled'],
  example: {
    params: { activityId: exampleIds.activityId },
    body: {
      ticket: 'PAW1.eyJ0Ijoi….c2lnbmF0dXJl',
      deviceId: 'gate-1',
      scannedAt: '2027-05-01T09:45:00+02:00',
      nonce: '8c1f0c52',
    },
    reply: {
      ticketId: exampleIds.ticketId,
      enrollmentId: exampleIds.enrollmentId,
      decision: 'admitted',
      admittedAt: '2027-05-01T07:45:00.000Z',
    },
  },
  identity: ({ body }) => `${body.deviceId}|${body.nonce}`,
  execute: async ({ decide, load, ports }, { params: { activityId }, body }) => {
    const { deviceId, nonce } = body;
    const ids = ports.secrets.verifyTicket(body.ticket);
    if (ids === null) return refuse(rejected('invalid-ticket', 'This is not a ticket of ours.'));
    const scannedAt = toInstant(body.scannedAt);
    const { events } = await decide(ticket, ids.ticketId, {
      occurredAt: scannedAt,
      lookup: async () => {
        const isThere = (status: string) => status !== 'none';
        const status = await load(ticket, ids.ticketId, (state) => state.status, isThere);
        if (isThere(status)) return undefined;
        // Its saga has not come by yet. The signature says whose it is, the enrollment that it holds.
        const holds = await load(enrollment, ids.enrollmentId, (state) =>
          state.status === 'confirmed' ? state.ticketId : null,
        );
        return holds === ids.ticketId ? ids : undefined;
      },
      decide: (state, entitled) =>
        scanTicket(state, { activityId, deviceId, nonce, scannedAt, entitled }),
    });
    const scan = events.find((event) => event.type === 'TicketScanned')?.data;
    if (scan === undefined)
      throw new RangeError(`the scan ${deviceId}/${nonce} is not in the ticket's stream`);
    if (scan.decision === 'admitted') {
      return {
        ticketId: scan.ticketId,
        enrollmentId: scan.enrollmentId,
        decision: scan.decision,
        admittedAt: scan.scannedAt,
      };
    }
    // The scan is stored: a refusal at the door is a fact too. The answer is built from it.
    return refuse(
      rejected(scan.decision, refusalOf(scan.decision).description, {
        ticketId: scan.ticketId,
        enrollmentId: scan.enrollmentId,
        ...(scan.admittedAt === null ? {} : { admittedAt: scan.admittedAt }),
      }),
    );
  },
});
