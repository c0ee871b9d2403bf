import type { CommandDefinition } from './_runtime/definition.ts';
import { cancelActivity } from './activity/cancel-activity.ts';
import { draftActivity } from './activity/draft-activity.ts';
import { publishActivity } from './activity/publish-activity.ts';
import { draftArticle } from './article/draft-article.ts';
import { publishArticle } from './article/publish-article.ts';
import { cancelEnrollment } from './enrollment/cancel-enrollment.ts';
import { enroll } from './enrollment/enroll.ts';
import { issueGifts } from './giftstock/issue-gifts.ts';
import { redeemGift } from './giftstock/redeem-gift.ts';
import { grantRole, revokeRole } from './member/change-role.ts';
import { registerMember } from './member/register-member.ts';
import { pay } from './payment/pay.ts';
import { setHoldTime, setServiceFee } from './settings/change-settings.ts';
import { checkIn } from './ticket/check-in.ts';

/** Commands that clients send: each is a route of the write API. */
export const clientCommands: readonly CommandDefinition[] = [
  registerMember,
  grantRole,
  revokeRole,
  setHoldTime,
  setServiceFee,
  draftActivity,
  publishActivity,
  cancelActivity,
  enroll,
  cancelEnrollment,
  pay,
  checkIn,
  issueGifts,
  redeemGift,
  draftArticle,
  publishArticle,
];

/** Every command: those of clients, and those that only sagas and the platform send. */
export const commands: readonly CommandDefinition[] = [...clientCommands];
