import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as shapes from '../../embedded/demo/client/shapes.ts';
import { declineCodeOf } from '../../embedded/demo/client/stripe.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import {
  consistencyOf,
  createDriver,
  type Driver,
  good,
  type Person,
  parsed,
  problemOf,
} from './driver.ts';
import { balanceOf, journal, untilBooksAgree, untilReconciled } from './finance.ts';

let platform: TestPlatform;
let driver: Driver;
let staff: Person;

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  staff = await driver.official('staff');
});

afterAll(async () => {
  driver?.close();
  await platform?.stop();
});

/** The card fee of Stripe's price list: 1.5 % and 25 cents. */
const feeOf = (amount: number) => Math.round(amount * 0.015) + 25;

test('enroll, pay, be confirmed, get one mail with the ticket, check in; the books agree', async () => {
  const member = await driver.register('Zoë Havel');
  const { id: activityId } = await driver.openActivity(staff, { capacity: 5, price: 2500 });

  const enrolled = await driver.enroll(member, activityId);
  expect(enrolled).toMatchObject({ status: 'held', amountDue: { amount: 2500, currency: 'EUR' } });
  expect(Date.parse(enrolled.holdExpiresAt ?? '')).toBeGreaterThan(Date.now());
  const held = await driver.enrollment(member, enrolled.id, enrolled.consistency);
  expect(held).toMatchObject({ status: 'held', ticket: null });

  const { clientSecret } = await driver.pay(member, enrolled.id);
  await driver.stripe.payByCard(clientSecret);
  const confirmed = await driver.untilEnrollment(
    member,
    enrolled.id,
    ({ ticket }) => ticket !== null,
  );
  expect(confirmed).toMatchObject({ status: 'confirmed', amountPaid: { amount: 2500 } });
  const ticket = confirmed.ticket ?? '';

  const mails = await until(
    'the mail',
    () => driver.mailTo(member.email),
    (list) => list.length > 0,
  );
  expect(mails).toHaveLength(1);
  const body = `${mails[0]?.text}\n${mails[0]?.html}`;
  expect(body).toContain(ticket);
  expect(body).toContain('Zoë Havel');

  // Somebody else's enrollment is not there; nor is the roster for members.
  const stranger = await driver.register();
  const foreign = await driver.read(`/v1/enrollments/${enrolled.id}`, { token: stranger.token });
  expect(problemOf(foreign)).toEqual({ status: 404, code: 'not-found' });
  const roster = `/v1/activities/${activityId}/roster`;
  expect((await driver.read(roster, { token: stranger.token })).status).toBe(403);

  const nonce = randomUUID();
  const scan = good('check in', await driver.checkIn(staff, activityId, ticket, nonce));
  expect(parsed(shapes.admitted, scan).enrollmentId).toBe(enrolled.id);
  expect(problemOf(await driver.checkIn(staff, activityId, ticket))).toEqual({
    ...{ status: 409, code: 'already-checked-in' },
  });
  const { id: elsewhere } = await driver.openActivity(staff);
  expect(problemOf(await driver.checkIn(staff, elsewhere, ticket)).code).toBe('wrong-activity');
  expect(problemOf(await driver.checkIn(staff, activityId, `${ticket}x`)).code).toBe(
    'invalid-ticket',
  );
  const consistency = consistencyOf(scan);
  expect((await driver.enrollment(member, enrolled.id, consistency)).admittedAt).not.toBeNull();

  await untilBooksAgree(driver);
  const lines = await journal(driver, { activityId });
  expect(balanceOf(lines)).toBe(0);
  expect(balanceOf(lines, 'payment-fees')).toBe(feeOf(2500));
  expect(balanceOf(lines, 'stripe-clearing')).toBe(2500 - feeOf(2500));
  expect(balanceOf(lines, 'activity-revenue')).toBe(-2500);
  expect(await untilReconciled(driver, activityId)).toMatchObject({
    ...{ payments: 1, takings: { amount: 2500 }, fees: { amount: feeOf(2500) }, difference: 0 },
  });
  expect(await driver.mailTo(member.email)).toHaveLength(1);
});

test('a gift is redeemed once, however often it is tried', async () => {
  const { id: activityId } = await driver.openActivity(staff);
  const member = await driver.register();
  const issued = await driver.command(
    '/v1/gifts',
    { activityId, item: 'Engraved bowl', count: 2 },
    { token: staff.token },
  );
  const { codes } = parsed(shapes.gifts, good('issue gifts', issued));
  expect(new Set(codes).size).toBe(2);
  const code = codes[0];
  const redeem = () =>
    driver.command('/v1/gift-redemptions', { code, activityId }, { token: member.token });
  const answers = await Promise.all(Array.from({ length: 10 }, redeem));
  const won = answers.filter(({ status }) => status === 201);
  expect(won.map((answer) => parsed(shapes.redeemed, answer))).toEqual([
    { item: 'Engraved bowl', stockLeft: 1 },
  ]);
  const lost = answers.filter(({ status }) => status !== 201).map((a) => problemOf(a).code);
  expect(lost).toEqual(Array(9).fill('already-redeemed'));
});

test('an article is there for readers once it is published', async () => {
  const slug = `puppy-${randomUUID().slice(0, 8)}`;
  const draft = { slug, title: 'The first week', body: 'Day one: sleep.' };
  const { token } = staff;
  const drafted = good('draft', await driver.command('/v1/articles', draft, { token }));
  const { id } = parsed(shapes.articleMade, drafted);
  const path = `/v1/articles/${slug}`;
  const early = await driver.read(path, { consistency: consistencyOf(drafted) });
  expect(problemOf(early)).toEqual({ status: 404, code: 'not-found' });
  const published = await driver.command(`/v1/articles/${id}/publish`, {}, { token });
  const consistency = consistencyOf(good('publish', published));
  const shown = parsed(shapes.article, good('article', await driver.read(path, { consistency })));
  expect(shown).toEqual(draft);
});

test('3-D Secure: nothing is confirmed before the bank has said yes', async () => {
  const { id: activityId } = await driver.openActivity(staff);
  const member = await driver.register();
  const { id, consistency } = await driver.enroll(member, activityId);
  const { clientSecret } = await driver.pay(member, id);
  const answer = await driver.stripe.confirmCard(clientSecret, 'pm_card_authenticationRequired');
  const intent = parsed(shapes.intent, good('confirm', answer));
  expect(intent.status).toBe('requires_action');
  expect((await driver.enrollment(member, id, consistency)).status).toBe('held');
  await driver.stripe.answerChallenge(intent, 'pass');
  await driver.untilEnrollment(member, id, ({ status }) => status === 'confirmed');
});

test('a declined card, then another one: one payment, confirmed', async () => {
  const { id: activityId } = await driver.openActivity(staff);
  const member = await driver.register();
  const { id } = await driver.enroll(member, activityId);
  const { clientSecret } = await driver.pay(member, id);
  const declined = await driver.stripe.confirmCard(clientSecret, 'pm_card_visa_chargeDeclined');
  expect(declined.status).toBe(402);
  expect(declineCodeOf(declined)).toBe('generic_decline');
  const told = await driver.untilEnrollment(
    member,
    id,
    ({ payment }) => payment?.status === 'declined',
  );
  expect(told.status).toBe('held');
  // Asked again, it is the same PaymentIntent: another card, not another payment.
  const again = await driver.pay(member, id);
  expect(again.clientSecret).toBe(clientSecret);
  await driver.stripe.payByCard(again.clientSecret, 'pm_card_mastercard');
  const paid = await driver.untilEnrollment(member, id, ({ status }) => status === 'confirmed');
  expect(paid).toMatchObject({ amountPaid: { amount: 2500 }, payment: { status: 'succeeded' } });
  const intents = (await driver.stripe.intentsByEnrollment()).get(id) ?? [];
  expect(intents.map(({ status }) => status)).toEqual(['succeeded']);
});

test('unpaid, the hold lapses at its deadline; money that comes too late goes back', async () => {
  // A hold never outlives the start of the activity, which makes it as short as the start is near.
  const plan = { capacity: 1, startsInMs: 3000 };
  // At the bank when the hold ends: a payment that nobody is in the middle of is cancelled then.
  const { id: activityId } = await driver.openActivity(staff, plan);
  const member = await driver.register();
  const { id } = await driver.enroll(member, activityId);
  const { clientSecret } = await driver.pay(member, id);
  const asked = await driver.stripe.confirmCard(clientSecret, 'pm_card_authenticationRequired');
  const lapsed = await driver.untilEnrollment(member, id, ({ status }) => status === 'lapsed');
  expect(lapsed.ticket).toBeNull();

  await driver.stripe.answerChallenge(parsed(shapes.intent, good('confirm', asked)), 'pass');
  const refunded = await driver.untilEnrollment(
    member,
    id,
    ({ payment }) => payment?.status === 'refunded',
  );
  expect(refunded).toMatchObject({ status: 'lapsed', amountRefunded: { amount: 2500 } });
  await untilBooksAgree(driver);
  const lines = await journal(driver, { activityId });
  expect(balanceOf(lines, 'activity-revenue')).toBe(0);
  expect(balanceOf(lines, 'refunds-payable')).toBe(0);
  expect(balanceOf(lines, 'customer-prepayments')).toBe(0);
  expect(await untilReconciled(driver, activityId)).toMatchObject({
    ...{ payments: 1, takings: { amount: 2500 }, refunds: { amount: 2500 }, difference: 0 },
  });
});

test('a cancelled enrollment gets its money back, its seat is free and its ticket is void', async () => {
  const { id: activityId } = await driver.openActivity(staff, { capacity: 1 });
  const member = await driver.register();
  const { id, ticket } = await driver.seat(member, activityId);
  const consistency = await driver.cancel(member, id);
  expect((await driver.enrollment(member, id, consistency)).status).toBe('cancelled');
  const refunded = await driver.untilEnrollment(
    member,
    id,
    ({ payment }) => payment?.status === 'refunded',
  );
  expect(refunded.amountRefunded).toEqual({ amount: 2500, currency: 'EUR' });
  await until(
    'the seat',
    () => driver.activity(activityId),
    ({ availability }) => availability.free === 1,
  );
  await until(
    'the ticket',
    () => driver.roster(staff, activityId),
    ([entry]) => entry?.ticketVoid === true,
  );
  const scan = await driver.checkIn(staff, activityId, ticket);
  expect(problemOf(scan).code).toBe('cancelled');
  // The next one has the seat.
  await driver.seat(await driver.register(), activityId);

  await untilBooksAgree(driver);
  const lines = await journal(driver, { activityId });
  expect(balanceOf(lines)).toBe(0);
  expect(balanceOf(lines, 'refunds-payable')).toBe(0);
  expect(balanceOf(lines, 'activity-revenue')).toBe(-2500);
  expect(await untilReconciled(driver, activityId)).toMatchObject({
    ...{ payments: 2, takings: { amount: 5000 }, refunds: { amount: 2500 }, difference: 0 },
  });
});
