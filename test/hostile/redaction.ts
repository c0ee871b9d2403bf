import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import type { Call } from '../../embedded/demo/client/http.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { filesUnder, searchFiles } from '../acceptance/byte-search.ts';
import type { TestPlatform } from '../support/platform.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { nextAddress } from './addresses.ts';
import type { Target } from './api.ts';
import { goodCall, SOMEBODY } from './cases/index.ts';
import { fieldsOf, isText, withoutOptional, withValue } from './fields.ts';
import { signature } from './supplies.ts';
import { pathOf, type World } from './world.ts';

/** Random, so that nothing else in a log looks like one of them. */
const mark = randomBytes(6).toString('hex');

/** What nobody may find in a log, by what it is. */
const dictionary: Readonly<Record<string, string>> = {
  'a name': `Quirina Zylberstejn ${mark}`,
  'an e-mail address': `quirina.${mark}@needle.example`,
  'a password': `kibble-${mark}-at-noon`,
  'a refresh token': `prt_${mark}${mark}${mark}`,
  'an access token': `eyJhbGciOiJFZERTQSJ9.${mark}.c2lnbmF0dXJl`,
  'a gift code': `GIFT-${mark}-7K2M9-XQ4TD`,
  'a ticket': `PAW1.${mark}.c2lnbmF0dXJl`,
  'a client secret': `pi_${mark}_secret_${mark}`,
  'a card number': `4242 4242 ${mark}`,
  'a postal address': `${mark} Harbour Lane`,
  'a telephone number': `+49 30 ${mark}`,
};
const values = Object.values(dictionary);

let platform: TestPlatform;
let world: World;
let statuses: readonly number[];

/** Sends the values through every route of a platform that logs all it can. */
export async function sendValues(to: World, targets: readonly Target[]): Promise<void> {
  ({ platform } = to);
  world = to;
  for (let n = 0; n < PEOPLE; n += 1) {
    tokens.push(await world.mint(deriveId('mem', `redaction-${n}`), ['admin', 'member']));
  }
  const calls = targets.flatMap((target) => callsOf(target));
  statuses = await inParallel([...calls, ...webhooks()], LANES, async (call) => {
    const { status } = await world.driver.http.send({ ...call, from: nextAddress() });
    return status;
  });
}

let turn = 0;
/** Each place of a route that takes a text has some of the values, in turn: good and refused alike. */
function callsOf(target: Target): readonly Call[] {
  return Array.from({ length: 2 }, () => {
    turn += 1;
    const value = values[turn % values.length] ?? mark;
    return [...inParts(target, value), ...inHeaders(target, value), ...inBody(target, value)];
  }).flat();
}

function base(target: Target): Call {
  nth += 1;
  const call = goodCall({ target, world, supply: {} });
  const token = tokens[nth % tokens.length];
  const may =
    call.headers?.['authorization'] === SOMEBODY ? { authorization: `Bearer ${token}` } : {};
  return { ...call, headers: { ...call.headers, ...may } };
}
let nth = 0;
/** One may send 300 commands at once. */
const PEOPLE = 40;
const LANES = 16;
const tokens: string[] = [];

function inParts(target: Target, value: string): readonly Call[] {
  const call = base(target);
  const text = encodeURIComponent(value);
  const named = target.parameters.filter((parameter) => parameter.in === 'query');
  return [
    { ...call, path: pathOf(target, () => value) },
    { ...call, path: `${call.path}?${text}=${text}` },
    { ...call, path: `${call.path}/${text}` },
    ...named.map(({ name }) => ({ ...call, path: `${call.path}?${name}=${text}` })),
  ];
}

function inHeaders(target: Target, value: string): readonly Call[] {
  const call = base(target);
  const names = ['authorization', 'cookie', 'consistency-token', 'idempotency-key', 'prefer'];
  return [...names, 'user-agent', 'referer', 'x-forwarded-for', 'traceparent'].map((name) => ({
    ...call,
    headers: { ...call.headers, [name]: name === 'authorization' ? `Bearer ${value}` : value },
  }));
}

function inBody(target: Target, value: string): readonly Call[] {
  if (target.body === null) return [];
  const { example, schema } = target.body;
  const call = base(target);
  const body = (): unknown => world.fresh(withoutOptional(schema, example));
  const fields = fieldsOf(schema).filter(isText);
  const bodies = [
    ...fields.map(({ path }) => withValue(body(), path, value)),
    ...fields.map(({ path }) => withValue(body(), path, { [value]: value })),
    withValue(body(), [value], value),
    value,
    [value],
  ];
  return [
    ...bodies.map((each) => ({ ...base(target), body: JSON.stringify(each) })),
    { ...call, body: `{"password":"${value}",}` },
    { ...call, body: value, headers: { ...call.headers, 'content-type': 'text/plain' } },
  ];
}

/** Webhooks with personal values in them: signed and not, whole and torn. */
function webhooks(): readonly Call[] {
  const url = platform.writeUrl;
  const sign = (body: string): string => signature(body, world.webhookSecret);
  return values.flatMap((value, index) => {
    const charge = { id: 'ch_redaction', object: 'charge', billing_details: { name: value } };
    const event = { id: `evt_redaction${index}`, object: 'event', type: 'charge.succeeded' };
    const whole = JSON.stringify({ ...event, data: { object: charge } });
    const wrong = JSON.stringify({ ...event, id: [value], type: { [value]: value } });
    return [whole, wrong, value, `{"name":"${value}"`, `"${value}"`].flatMap((body) =>
      [sign(body), sign(`${body} `), value].map((header) => ({
        ...{ method: 'POST', url, path: '/v1/webhooks/stripe', body },
        headers: { 'content-type': 'application/json', 'stripe-signature': header },
      })),
    );
  });
}

const logs = () => filesUnder(join(platform.dataDir, 'logs'));
const whatOf = (found: readonly { needle: string; place: string }[]): string[] =>
  found.map(({ needle, place }) => {
    const what = Object.keys(dictionary).find((name) => dictionary[name] === needle);
    return `${what} in ${place}`;
  });

/** Of what `sendValues` sent. */
export function redactionTests(): void {
  test('the values went through good and refused requests of every kind', () => {
    const seen = new Set(statuses);
    for (const status of [200, 201, 400, 401, 404, 415])
      expect(seen, `${status}`).toContain(status);
    expect([...seen].filter((status) => status >= 500)).toEqual([]);
  });

  test('no log of any process has one of them, whole or in part', () => {
    expect(logs().length).toBeGreaterThan(2);
    expect(whatOf(searchFiles(logs(), [...values, mark]))).toEqual([]);
  });

  test('nor did anything come to the terminal', () => {
    const said = platform.lines.join('\n');
    expect(
      Object.keys(dictionary).filter((name) => said.includes(dictionary[name] ?? mark)),
    ).toEqual([]);
  });

  test('the search finds what was leaked, in any spelling, and the logs are those of the requests', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawprint-leak-'));
    const leak = join(folder, 'write-api.log');
    for (const [name, value] of Object.entries(dictionary)) {
      for (const spelt of [
        value,
        JSON.stringify({ value }),
        Buffer.from(`x${value}y`).toString('base64'),
      ]) {
        writeFileSync(leak, `{"level":30,"msg":"${spelt}"}\n`);
        expect(whatOf(searchFiles([leak], [value])), spelt).toEqual([`${name} in ${leak}`]);
      }
    }
    removeFolder(folder);
    expect(
      searchFiles(logs(), ['/v1/sessions/refresh', '/v1/activities/:activityId/roster']).length,
    ).toBeGreaterThan(1);
  });
}
