import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as shapes from '../../embedded/demo/client/shapes.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { filesOfDatabase, filesUnder, searchDatabase, searchFiles } from './byte-search.ts';
import { createDriver, type Driver, good, parsed } from './driver.ts';

const TITLE = 'Waldspaziergang mit dem Dackelrudel';
const NAMES = ['Quirina Zylberstejn-Öhlmann', 'Xaverl Brunngräber'];

let platform: TestPlatform;
let driver: Driver;
/** What nobody may find: names and addresses, whole and in their telling parts. */
let needles: string[];
/** What stands for a person elsewhere. */
let ids: string[];

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  const staff = await driver.official('staff', 'finance');
  const { id } = await driver.openActivity(staff, { title: TITLE });
  const [payer, guestOf] = await Promise.all(NAMES.map((name) => driver.register(name)));
  if (payer === undefined || guestOf === undefined) throw new Error('nobody registered');
  const { ticket } = await driver.seat(payer, id);
  await driver.checkIn(staff, id, ticket);
  // Somebody else's name too, and things that go wrong with it, which is when logs get talkative.
  const guest = { name: 'Theobald Nachtsheim', email: 'theobald@guest.example' };
  const path = `/v1/activities/${id}/enrollments`;
  const by = { token: guestOf.token };
  expect((await driver.command(path, { attendee: guest }, by)).status).toBe(201);
  const wrong = { attendee: { ...guest, nickname: guest.name } };
  expect((await driver.command(path, wrong, by)).status).toBe(400);
  const twice = { email: payer.email, name: payer.name, password: 'another-password-1' };
  expect((await driver.command('/v1/members', twice)).status).toBe(409);
  await driver.http.send({
    method: 'POST',
    url: `${platform.writeUrl}/v1/sessions`,
    body: { email: payer.email, password: 'not-the-password' },
  });
  const pet = { name: 'Schnuffelzwerg', species: 'dog', breed: 'Appenzellermischling' };
  const added = await driver.command('/v1/pets', { ...pet, birthDate: '2024-02-29' }, by);
  const { id: petId } = parsed(shapes.made, good('pet', added));
  const vaccination = { vaccine: 'Zwingerhustenspray', givenOn: '2025-02-28' };
  const given = await driver.command(`/v1/pets/${petId}/vaccinations`, vaccination, by);
  expect(given.status).toBe(201);
  await until(
    'mail',
    () => driver.mailTo(payer.email),
    (mails) => mails.length > 0,
  );
  ids = [payer.id, guestOf.id];
  needles = [...NAMES, 'Zylberstejn', 'Brunngräber', payer.email, guestOf.email];
  needles.push(pet.name, pet.breed, vaccination.vaccine);
  needles.push(guest.name, 'Nachtsheim', guest.email, payer.password, payer.token);
});

afterAll(async () => {
  driver?.close();
  await platform?.stop();
});

/** The control string goes with the others: a search that finds nothing at all proves nothing. */
const namesOf = (findings: readonly { needle: string }[]) => [
  ...new Set(findings.map(({ needle }) => needle)),
];

function databaseUrl(name: string, of = platform.databaseUrl): string {
  const url = new URL(of);
  url.pathname = `/${name}`;
  return url.href;
}

test('the rows of the event store hold no name, address, password or token', async () => {
  const found = await searchDatabase(databaseUrl('event_store'), [...needles, TITLE]);
  expect(found.filter(({ needle }) => needle !== TITLE)).toEqual([]);
  expect(namesOf(found)).toEqual([TITLE]);
});

// The write-ahead log is left out: it is one for the whole cluster, and the read models in the other
// database are allowed to hold names.
test('nor do its files', async () => {
  const cluster = join(platform.dataDir, 'postgres', 'cluster');
  const files = await filesOfDatabase(databaseUrl('event_store'), cluster);
  const found = searchFiles(files, [...needles, TITLE]);
  expect(found.filter(({ needle }) => needle !== TITLE)).toEqual([]);
  expect(namesOf(found)).toEqual([TITLE]);
});

test('Stripe is told neither', async () => {
  const found = await searchDatabase(databaseUrl('stripe_sandbox'), [...needles, 'succeeded']);
  expect(namesOf(found)).toEqual(['succeeded']);
});

test('an analyst finds the activity, and nobody in it', async () => {
  const tables = (relation: string) => relation.startsWith('analytics.');
  const found = await searchDatabase(platform.analystUrl, [...needles, ...ids, TITLE], tables);
  expect(found).toEqual([{ needle: TITLE, place: 'analytics.activities' }]);
  await expect(searchDatabase(platform.analystUrl, needles)).rejects.toThrow(/permission denied/);
  for (const name of ['event_store', 'pawprint_keys', 'stripe_sandbox', 'postgres']) {
    const elsewhere = databaseUrl(name, platform.analystUrl);
    await expect(searchDatabase(elsewhere, needles)).rejects.toThrow(/permission denied/);
  }
});

test('the logs hold none of it, on disk or on the terminal', () => {
  const files = filesUnder(join(platform.dataDir, 'logs'));
  expect(namesOf(searchFiles(files, [...needles, '/v1/sessions']))).toEqual(['/v1/sessions']);
  const said = platform.lines.join('\n');
  expect(needles.filter((needle) => said.includes(needle))).toEqual([]);
});
