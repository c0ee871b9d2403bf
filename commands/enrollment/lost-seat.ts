import type { ActivityId, EnrollmentId } from '../../domain/_kernel/ids.ts';
import { type Rejection, rejected } from '../../domain/_kernel/rejection.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import { hasExpired } from '../../domain/seating/settle.ts';
import { type ReleaseCause, type SeatingState, seating } from '../../domain/seating/state.ts';
import type { CommandTools } from '../_runtime/definition.ts';
import { refuse } from '../access.ts';

const refusals: Readonly<Record<ReleaseCause, Rejection>> = {
  'hold-expired': rejected(
    'hold-expired',
    'The seat was held until a deadline that has passed. Enroll again.',
  ),
  cancelled: rejected(
    'lapsed',
    'The enrollment was never completed and its place was given back. Enroll again.',
  ),
  'activity-cancelled': rejected('cancelled', 'The activity was cancelled.'),
};

/**
 * `enroll` takes the seat in one stream and writes the enrollment to another. A repeat of one that
 * was cut in between may come when the seat is gone: an enrollment without a seat is not written.
 */
export async function refuseLostSeat(
  { load }: CommandTools,
  { activityId, enrollmentId }: { activityId: ActivityId; enrollmentId: EnrollmentId },
  now: Instant,
): Promise<void> {
  const lost = await load(seating, activityId, (state) => lostBy(state, enrollmentId, now));
  if (lost !== undefined) refuse(refusals[lost]);
}

function lostBy(
  state: SeatingState,
  enrollmentId: EnrollmentId,
  now: Instant,
): ReleaseCause | undefined {
  if (state.status === 'none') return undefined;
  const place = state.places.get(enrollmentId);
  if (place === undefined) return state.released.get(enrollmentId);
  return hasExpired(place, now) ? 'hold-expired' : undefined;
}
