import { deriveId } from '../domain/_kernel/ids.ts';

/** Ids of the one example that runs through the whole API reference. */
export const exampleIds = {
  activityId: deriveId('act', 'example'),
  articleId: deriveId('art', 'example'),
  batchId: deriveId('bat', 'example'),
  enrollmentId: deriveId('enr', 'example'),
  giftId: deriveId('gft', 'example'),
  memberId: deriveId('mem', 'example'),
  paymentId: deriveId('pay', 'example'),
  petId: deriveId('pet', 'example'),
  refundId: deriveId('ref', 'example'),
  ticketId: deriveId('tkt', 'example'),
  tillId: deriveId('til', 'example'),
} as const;
