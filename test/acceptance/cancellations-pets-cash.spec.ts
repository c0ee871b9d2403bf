import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as shapes from '../../embedded/demo/client/shapes.ts';
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

const cancelBy = ({ token }: Person, enrollmentId: string) =>
  driver.command(`/v1/enrollments/${enrollmentId}/cancel`, {}, { token });

test('a cancelled activity ends every enrollment, voids tickets and gives all money back', async () => {
  const { id: activityId } = await driver.openActivity(staff, { capacity: 2, waitlist: true });
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => driver.register()));
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  const { id: paid, ticket } = await driver.seat(first, activityId);
  const { id: held } = await driver.enroll(second, activityId);
  await driver.pay(second, held);
  const { id: waiting, status } = await driver.enroll(third, activityId, { joinWaitlist: true });
  expect(status).toBe('waitlisted');

  const cancel = { reason: 'Thunderstorm warning' };
  const path = `/v1/activities/${activityId}/cancel`;
  good('cancel', await driver.command(path, cancel, { token: staff.token }));
  for (const [member, id] of [
    [first, paid],
    [second, held],
    [third, waiting],
  ] as const) {
    await driver.untilEnrollment(member, id, (each) => each.status === 'cancelled');
  }
  const refunded = await driver.untilEnrollment(
    first,
    paid,
    ({ payment }) => payment?.status === 'refunded',
  );
  expect(refunded.amountRefunded).toEqual({ amount: 2500, currency: 'EUR' });
  await driver.untilEnrollment(second, held, ({ payment }) => payment?.status === 'cancelled');
  const { availability } = await driver.activity(activityId);
  expect(availability).toMatchObject({ held: 0, confirmed: 0, waitlisted: 0 });
  await until(
    'the ticket',
    () => driver.roster(staff, activityId),
    (roster) => roster.find((each) => each.enrollmentId === paid)?.ticketVoid === true,
  );
  expect(problemOf(await driver.checkIn(staff, activityId, ticket)).code).toBe('cancelled');

  await untilBooksAgree(driver);
  const lines = await journal(driver, { activityId });
  expect(balanceOf(lines)).toBe(0);
  expect(balanceOf(lines, 'activity-revenue')).toBe(0);
  expect(balanceOf(lines, 'refunds-payable')).toBe(0);
  expect(await untilReconciled(driver, activityId)).toMatchObject({
    ...{ payments: 1, takings: { amount: 2500 }, refunds: { amount: 2500 }, difference: 0 },
  });
});

test('who was let in cannot cancel; once it has begun, only staff cancel for those who never came', async () => {
  const { id: activityId } = await driver.openActivity(staff, { price: 0, startsInMs: 4000 });
  const [came, stayedAway] = [await driver.register(), await driver.register()];
  const { id: present } = await driver.enroll(came, activityId);
  const { id: absent } = await driver.enroll(stayedAway, activityId);
  const { ticket } = await driver.untilEnrollment(came, present, (each) => each.ticket !== null);
  // The ticket's own stream is opened a moment after the enrollment says that there is one.
  await until(
    'the ticket is known at the door',
    () => driver.checkIn(staff, activityId, ticket ?? ''),
    (answer) => answer.status === 201,
  );
  for (const person of [came, staff]) {
    expect(problemOf(await cancelBy(person, present))).toEqual({
      ...{ status: 409, code: 'already-checked-in' },
    });
  }
  const { startsAt } = JSON.parse((await driver.read(`/v1/activities/${activityId}`)).text);
  await until(
    'the activity begins',
    async () => Date.now(),
    (now) => now >= Date.parse(startsAt),
  );
  expect(problemOf(await cancelBy(stayedAway, absent)).code).toBe('already-started');
  good('cancel by staff', await cancelBy(staff, absent));
  await driver.untilEnrollment(stayedAway, absent, (each) => each.status === 'cancelled');
});

test('the PaymentIntent of a hold that ends is cancelled', async () => {
  const { id: activityId } = await driver.openActivity(staff, { startsInMs: 2500 });
  const member = await driver.register();
  const { id } = await driver.enroll(member, activityId);
  await driver.pay(member, id);
  await driver.untilEnrollment(member, id, ({ payment }) => payment?.status === 'cancelled');
  const intents = (await driver.stripe.intentsByEnrollment()).get(id) ?? [];
  expect(intents.map(({ status }) => status)).toEqual(['canceled']);
});

test('a pet comes along to an activity for pets, if it is old enough and of the right kind', async () => {
  const owner = await driver.register();
  const { token } = owner;
  const add = async (details: object) => {
    const answer = good('add', await driver.command('/v1/pets', details, { token }));
    return { id: parsed(shapes.made, answer).id, consistency: consistencyOf(answer) };
  };
  const inYears = (years: number) =>
    new Date(Date.now() + years * 365 * 24 * 3600_000).toISOString().slice(0, 10);
  const { id: rex } = await add({ name: 'Rex', species: 'dog', birthDate: inYears(-2) });
  const { id: tom } = await add({ name: 'Tom', species: 'cat', birthDate: inYears(-2) });
  const { id: puppy } = await add({ name: 'Bit', species: 'dog', birthDate: inYears(0) });
  const unborn = { name: 'Nobody', species: 'dog', birthDate: inYears(1) };
  expect(problemOf(await driver.command('/v1/pets', unborn, { token })).code).toBe(
    'date-in-future',
  );

  const change = (breed: string, ifMatch?: string) =>
    driver.command(
      `/v1/pets/${rex}`,
      { breed },
      ifMatch === undefined ? { token } : { token, ifMatch },
    );
  expect(problemOf(await change('Unseen')).code).toBe('revision-required');
  const changed = good('change', await change('Beagle', '"0"'));
  expect(changed.headers['etag']).toBe('"1"');
  const late = await change('Boxer', '"0"');
  expect(problemOf(late)).toEqual({ status: 412, code: 'revision-mismatch' });
  expect(JSON.parse(late.text)).toMatchObject({ revision: 1 });
  const vaccination = { vaccine: 'Rabies', givenOn: inYears(-1), validUntil: inYears(1) };
  const path = `/v1/pets/${rex}/vaccinations`;
  const vaccinated = good('vaccinate', await driver.command(path, vaccination, { token }));
  const consistency = consistencyOf(vaccinated);
  const shown = await driver.read(`/v1/pets/${rex}`, { token, consistency });
  expect(JSON.parse(shown.text)).toMatchObject({
    ...{ name: 'Rex', breed: 'Beagle', vaccinations: [vaccination] },
  });
  const stranger = await driver.register();
  const foreign = await driver.read(`/v1/pets/${rex}`, { token: stranger.token, consistency });
  expect(problemOf(foreign)).toEqual({ status: 404, code: 'not-found' });
  const touched = await driver.command(`/v1/pets/${rex}/remove`, {}, { token: stranger.token });
  expect(problemOf(touched)).toEqual({ status: 404, code: 'not-found' });

  const pets = { species: ['dog'], minAgeMonths: 4 };
  const { id: activityId } = await driver.openActivity(staff, { price: 0, pets });
  const bring = (who: Person, petIds?: string[]) =>
    driver.command(`/v1/activities/${activityId}/enrollments`, { petIds }, { token: who.token });
  expect(problemOf(await bring(owner)).code).toBe('pet-required');
  expect(problemOf(await bring(owner, [tom])).code).toBe('pet-species');
  expect(problemOf(await bring(owner, [rex, puppy])).code).toBe('pet-too-young');
  expect(problemOf(await bring(stranger, [rex]))).toEqual({ status: 404, code: 'pet-not-found' });
  expect(problemOf(await bring(owner, [rex, rex])).status).toBe(400);
  const { id } = parsed(shapes.enrolled, good('enroll', await bring(owner, [rex])));

  const entries = await until(
    'the roster',
    async () => JSON.parse((await driver.read(`/v1/activities/${activityId}/roster`, staff)).text),
    ({ items }) => items.length > 0,
  );
  expect(entries.items).toMatchObject([
    { enrollmentId: id, pets: [{ id: rex, name: 'Rex', species: 'dog' }] },
  ]);

  // Removed, it is not brought again; who brought it keeps it.
  const removed = good('remove', await driver.command(`/v1/pets/${rex}/remove`, {}, { token }));
  expect(problemOf(await bring(owner, [rex])).code).toBe('pet-not-found');
  const mine = await driver.read('/v1/me/pets', { token, consistency: consistencyOf(removed) });
  const names = JSON.parse(mine.text).items.map(({ name }: { name: string }) => name);
  expect(names).toEqual(['Tom', 'Bit']);
  const kept = JSON.parse((await driver.read(`/v1/activities/${activityId}/roster`, staff)).text);
  expect(kept.items[0].pets).toMatchObject([{ name: 'Rex' }]);
});

test('cash at the door: taken, booked, given back, counted; over and short is a break with its till', async () => {
  const { token } = staff;
  const by = { token };
  const eur = (amount: number) => ({ amount, currency: 'EUR' });
  const { id: activityId } = await driver.openActivity(staff);
  const openTill = async () => {
    const till = { activityId, float: eur(10_000) };
    return parsed(shapes.made, good('open', await driver.command('/v1/tills', till, by))).id;
  };
  const payCash = (enrollmentId: string, tillId: string, who = staff, key?: string) =>
    driver.command(
      `/v1/enrollments/${enrollmentId}/payments`,
      { method: 'cash', tillId },
      { token: who.token, ...(key === undefined ? {} : { key }) },
    );
  const close = (tillId: string, counted: number) =>
    driver.command(`/v1/tills/${tillId}/close`, { counted: eur(counted) }, by);

  const tillId = await openTill();
  const [first, second] = [await driver.register(), await driver.register()];
  const { id } = await driver.enroll(first, activityId);
  const { id: other } = await driver.enroll(second, activityId);
  expect(problemOf(await payCash(id, tillId, first))).toEqual({ status: 403, code: 'staff-only' });
  // A card was tried before; the cash makes it pointless.
  await driver.pay(first, id);
  const key = randomUUID();
  const paid = good('cash', await payCash(id, tillId, staff, key));
  expect(JSON.parse(paid.text)).toMatchObject({ status: 'received', amount: eur(2500) });
  expect(JSON.parse(good('repeat', await payCash(id, tillId, staff, key)).text)).toEqual(
    JSON.parse(paid.text),
  );
  const seated = await driver.untilEnrollment(first, id, ({ ticket }) => ticket !== null);
  expect(seated).toMatchObject({ status: 'confirmed', amountPaid: eur(2500) });
  expect(problemOf(await payCash(id, tillId)).code).toBe('already-confirmed');
  await until(
    'the card payment is cancelled',
    async () => (await driver.stripe.intentsByEnrollment()).get(id) ?? [],
    ([intent]) => intent?.status === 'canceled',
  );
  good('cash', await payCash(other, tillId));
  await driver.untilEnrollment(second, other, ({ status }) => status === 'confirmed');

  // One of them cannot come: what was paid in cash is owed until a till pays it out.
  await driver.cancel(second, other);
  const owed = await until(
    'what is owed in cash',
    async () =>
      JSON.parse((await driver.read(`/v1/activities/${activityId}/cash-refunds`, by)).text),
    ({ items }) => items.length > 0,
  );
  const [{ paymentId, refunds }] = owed.items;
  const [{ refundId, amount }] = refunds;
  expect(amount).toEqual(eur(2500));
  const payOut = (at: string) =>
    driver.command(`/v1/refunds/${refundId}/pay-out`, { paymentId, tillId: at }, by);
  good('pay out', await payOut(tillId));
  const elsewhere = await openTill();
  expect(problemOf(await payOut(elsewhere)).code).toBe('already-paid-out');
  await driver.untilEnrollment(second, other, ({ payment }) => payment?.status === 'refunded');

  // The count: 100 of change and one ticket; the other till is 20 cents short.
  const counted = good('close', await close(tillId, 12_500));
  expect(JSON.parse(counted.text)).toMatchObject({
    ...{ expected: eur(12_500), over: eur(0), short: eur(0) },
  });
  expect(problemOf(await close(tillId, 12_500)).code).toBe('till-closed');
  const short = good('close', await close(elsewhere, 9980));
  expect(JSON.parse(short.text)).toMatchObject({ short: eur(20) });

  const { token: finance } = await driver.admin();
  const consistency = consistencyOf(short);
  const path = `/v1/finance/reconciliation/${activityId}`;
  const answer = good('reconciliation', await driver.read(path, { token: finance, consistency }));
  expect(JSON.parse(answer.text)).toMatchObject({
    ...{ status: 'break', difference: 20, breaks: 1, openItems: 0, payments: 2 },
    ...{ takings: eur(5000), refunds: eur(2500), cash: { taken: eur(5000), paidOut: eur(2500) } },
    tills: expect.arrayContaining([
      expect.objectContaining({ tillId, status: 'agrees', difference: 0 }),
      expect.objectContaining({ tillId: elsewhere, status: 'break', difference: 20 }),
    ]),
  });
  const breaks = JSON.parse((await driver.read('/v1/finance/breaks', { token: finance })).text);
  expect(breaks.items).toContainEqual(
    expect.objectContaining({ kind: 'till', tillId: elsewhere, causes: ['till-short'] }),
  );
  const lines = await journal(driver, { activityId, consistency });
  expect(balanceOf(lines)).toBe(0);
  expect(balanceOf(lines, 'cash-tills')).toBe(2500 - 20);
  expect(balanceOf(lines, 'cash-over-short')).toBe(20);
  expect(balanceOf(lines, 'activity-revenue')).toBe(-2500);
  expect(balanceOf(lines, 'refunds-payable')).toBe(0);
});
