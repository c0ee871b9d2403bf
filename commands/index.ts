import { type OpaqueAggregate, opaqueAggregate } from '../domain/_kernel/aggregate.ts';
import { enrollment } from '../domain/enrollment/state.ts';
import { payment } from '../domain/payment/state.ts';
import type { CommandDefinition } from './_runtime/definition.ts';
import { cancelActivity } from './activity/cancel-activity.ts';
import { draftActivity } from './activity/draft-activity.ts';
import { publishActivity } from './activity/publish-activity.ts';
import { draftArticle } from './article/draft-article.ts';
import { publishArticle } from './article/publish-article.ts';
import { callOffEnrollment } from './enrollment/call-off-enrollment.ts';
import { cancelEnrollment } from './enrollment/cancel-enrollment.ts';
import { closePaymentAttempt } from './enrollment/close-payment-attempt.ts';
import { confirmEnrollment } from './enrollment/confirm-enrollment.ts';
import { enroll } from './enrollment/enroll.ts';
import { lapseEnrollment } from './enrollment/lapse-enrollment.ts';
import { promoteEnrollment } from './enrollment/promote-enrollment.ts';
import { recordConfirmationSent } from './enrollment/record-confirmation-sent.ts';
import { issueGifts } from './giftstock/issue-gifts.ts';
import { redeemGift } from './giftstock/redeem-gift.ts';
import { grantRole, revokeRole } from './member/change-role.ts';
import { registerMember } from './member/register-member.ts';
import { failRefund } from './payment/fail-refund.ts';
import { pay } from './payment/pay.ts';
import { payOutRefund } from './payment/pay-out-refund.ts';
import { receiveCash } from './payment/receive-cash.ts';
import { recordStripeState } from './payment/record-stripe-state.ts';
import { requestRefund } from './payment/request-refund.ts';
import { settleCashRefund } from './payment/settle-cash-refund.ts';
import { settleRefund } from './payment/settle-refund.ts';
import { addPet } from './pet/add-pet.ts';
import { changePet } from './pet/change-pet.ts';
import { recordVaccination } from './pet/record-vaccination.ts';
import { removePet } from './pet/remove-pet.ts';
import { clearSeats } from './seating/clear-seats.ts';
import { closeSeating } from './seating/close-seating.ts';
import { confirmSeat } from './seating/confirm-seat.ts';
import { expireHolds } from './seating/expire-holds.ts';
import { releaseSeat } from './seating/release-seat.ts';
import { setHoldTime, setServiceFee } from './settings/change-settings.ts';
import { recordStatementLine } from './statement/record-statement-line.ts';
import { checkIn } from './ticket/check-in.ts';
import { issueTicket } from './ticket/issue-ticket.ts';
import { voidTicket } from './ticket/void-ticket.ts';
import { closeTill } from './till/close-till.ts';
import { openTill } from './till/open-till.ts';

/** Commands that clients send: each is a route of the write API. */
export const clientCommands: readonly CommandDefinition[] = [
  registerMember,
  grantRole,
  revokeRole,
  addPet,
  changePet,
  recordVaccination,
  removePet,
  setHoldTime,
  setServiceFee,
  draftActivity,
  publishActivity,
  cancelActivity,
  enroll,
  cancelEnrollment,
  pay,
  payOutRefund,
  openTill,
  closeTill,
  checkIn,
  issueGifts,
  redeemGift,
  draftArticle,
  publishArticle,
];

/** Commands that only sagas and the platform send. */
export const internalCommands: readonly CommandDefinition[] = [
  confirmSeat,
  releaseSeat,
  expireHolds,
  closeSeating,
  clearSeats,
  confirmEnrollment,
  lapseEnrollment,
  promoteEnrollment,
  callOffEnrollment,
  closePaymentAttempt,
  recordConfirmationSent,
  recordStripeState,
  requestRefund,
  settleRefund,
  failRefund,
  receiveCash,
  settleCashRefund,
  recordStatementLine,
  issueTicket,
  voidTicket,
];

export const commands: readonly CommandDefinition[] = [...clientCommands, ...internalCommands];

/**
 * Streams that one process begins and another goes on with: the write API and the sagas. Who hears the
 * log keeps them up by what it hears.
 */
export const heard: readonly OpaqueAggregate[] = [
  opaqueAggregate(enrollment),
  opaqueAggregate(payment),
];
