import * as shapes from '../client/shapes.ts';
import { declineCodeOf } from '../client/stripe.ts';
import type { Behaviour } from '../season.ts';
import {
  type EnrollmentSeen,
  type Guest,
  look,
  nameOf,
  overAll,
  type Stage,
  seen,
} from './stage.ts';

type Card = Behaviour['card'];
/** Confirms at Stripe as the person in front of the form does; true: the money moved. */
type Confirm = (stage: Stage, clientSecret: string) => Promise<boolean>;

const confirmWith =
  (card: string): Confirm =>
  async ({ stripe }, clientSecret) =>
    (await stripe.confirmCard(clientSecret, card)).status === 200;

const authenticate =
  (verdict: 'pass' | 'fail'): Confirm =>
  async ({ stripe }, clientSecret) => {
    const answer = await stripe.confirmCard(clientSecret, 'pm_card_authenticationRequired');
    if (answer.status !== 200) return false;
    await stripe.answerChallenge(shapes.intent.parse(JSON.parse(answer.text)), verdict);
    return verdict === 'pass';
  };

const DECLINED = 'pm_card_visa_chargeDeclined';

/** What each kind of card does, by Stripe's own test cards. */
const cards: Readonly<Record<Card, Confirm>> = {
  good: confirmWith('pm_card_visa'),
  declined: confirmWith(DECLINED),
  'second-card': async (stage, clientSecret) => {
    const first = await stage.stripe.confirmCard(clientSecret, DECLINED);
    if (first.status === 402) declineCodeOf(first);
    return confirmWith('pm_card_mastercard')(stage, clientSecret);
  },
  authenticates: authenticate('pass'),
  'gives-up': authenticate('fail'),
};

/** Everybody who holds a seat and pays by card pays; resolves when each seat is confirmed or refused. */
export async function payByCard(stage: Stage, guests: readonly Guest[]): Promise<void> {
  const payers = guests.filter(({ signUp }) => signUp.pays !== 'cash');
  await overAll(stage, payers, (guest) => payOne(stage, guest));
}

export async function payOne(stage: Stage, guest: Guest): Promise<void> {
  const card = guest.behaviour?.card ?? 'good';
  const now = await look(stage, guest);
  if (now.payment?.status !== 'declined' || card === 'good' || card === 'second-card') {
    if (now.status !== 'held') return tellDecline(stage, guest, now);
    const { clientSecret } = await stage.platform.must({
      path: `/v1/enrollments/${guest.enrollmentId}/payments`,
      body: { method: 'card' },
      key: `pay|${guest.enrollmentId}`,
      shape: shapes.opened,
      by: guest.person,
    });
    const paid = await cards[card](stage, clientSecret);
    const after = paid
      ? await seen(stage, guest, 'confirmed with its ticket', ({ ticket }) => ticket !== null)
      : await seen(stage, guest, 'declined', ({ payment }) => payment?.status === 'declined');
    return tellDecline(stage, guest, after);
  }
  return tellDecline(stage, guest, now);
}

function tellDecline(stage: Stage, guest: Guest, { payment }: EnrollmentSeen): void {
  if (payment?.status !== 'declined' && payment?.status !== 'cancelled') return;
  const why = 'the card was declined, no other was tried: the seat is held until its time is over';
  stage.turnedAway({
    file: 'sign-ups.csv',
    line: guest.signUp.line,
    what: nameOf(guest.signUp),
    why,
  });
}
