import type { ActivityId, MemberId, PetId } from '../../domain/_kernel/ids.ts';
import { addMoney, type Money } from '../../domain/_kernel/money.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { activity } from '../../domain/activity/state.ts';
import { type BroughtPet, refusePets } from '../../domain/enrollment/pets.ts';
import { member } from '../../domain/member/state.ts';
import { pet } from '../../domain/pet/state.ts';
import {
  holdMinutesAt,
  SETTINGS_ID,
  serviceFeeAt,
  serviceFeeOf,
  settings,
} from '../../domain/settings/state.ts';
import type { CommandTools } from '../_runtime/definition.ts';
import { notFound, refuse } from '../access.ts';
import { SETTINGS_MAX_AGE_MS } from '../settings/change-settings.ts';

export type Attendee = { readonly name: string; readonly email: string };

/** What an enrollment is made under: price, fee, hold time and whom it is for. */
export type Terms = {
  readonly price: Money;
  readonly serviceFee: Money;
  readonly amountDue: Money;
  readonly free: boolean;
  readonly holdMinutes: number;
  readonly attendee: Attendee;
};

export type Asked = {
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  readonly attendee: Attendee | undefined;
  readonly petIds: readonly PetId[];
};

/** Looks the terms up, side by side: published plans never change, settings may be a second old. */
export async function lookUpTerms(
  tools: CommandTools,
  { activityId, memberId, attendee, petIds }: Asked,
  now: string,
): Promise<Terms> {
  const { load } = tools;
  const [plan, inForce, contact, brought] = await Promise.all([
    load(
      activity,
      activityId,
      (state) => {
        if (state.status === 'none') return null;
        const { status, price, startsAt, timeZone, petTerms = null } = state;
        return { status, price, startsAt, timeZone, petTerms };
      },
      (view) => view?.status === 'published',
    ),
    load(
      settings,
      SETTINGS_ID,
      (state) => ({
        holdMinutes: holdMinutesAt(state, now),
        basisPoints: serviceFeeAt(state, now),
      }),
      (_view, ageMs) => ageMs < SETTINGS_MAX_AGE_MS,
    ),
    attendee ??
      load(member, memberId, (state) =>
        state.status === 'registered' && state.name !== null && state.email !== null
          ? { name: state.name, email: state.email }
          : null,
      ),
    Promise.all(petIds.map((petId) => lookUpPet(tools, petId))),
  ]);
  if (plan === null || plan.status === 'draft') return refuse(notFound('activity'));
  if (plan.status === 'cancelled')
    return refuse(rejected('cancelled', 'The activity was cancelled.'));
  if (contact === null) return refuse(notFound('member'));
  const unwelcome = refusePets(plan, memberId, brought);
  if (unwelcome !== null) return refuse(unwelcome);
  const serviceFee = serviceFeeOf(plan.price, inForce.basisPoints);
  const amountDue = addMoney(plan.price, serviceFee);
  return {
    price: plan.price,
    serviceFee,
    amountDue,
    free: amountDue.amount === 0,
    holdMinutes: inForce.holdMinutes,
    attendee: contact,
  };
}

/** As it is now: whoever was removed a moment ago does not come. */
function lookUpPet({ load }: CommandTools, petId: PetId): Promise<BroughtPet> {
  return load(pet, petId, (state) => {
    if (state.status !== 'kept') return { petId, pet: null };
    const { memberId, species, birthDate } = state;
    return { petId, pet: { memberId, species, birthDate } };
  });
}
