import { randomUUID } from 'node:crypto';
import { deriveId, type IdPrefix, type MemberId } from '../../domain/_kernel/ids.ts';
import { type Call, createHttp } from '../../embedded/demo/client/http.ts';
import { sendPatiently } from '../../embedded/demo/client/patient.ts';
import * as shapes from '../../embedded/demo/client/shapes.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { createDriver, type Driver, good, parsed as parsedAs } from '../acceptance/driver.ts';
import type { TestPlatform } from '../support/platform.ts';
import type { Parameter, Target } from './api.ts';
import { mapTexts, textsOf } from './fields.ts';
import { parsed } from './judge.ts';
import { createSupplies, type Supply } from './supplies.ts';
import { type Mint, secretsOf, tokenForge } from './tokens.ts';

const ID = /^([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}$/;
const MOST_IDS = 200;
const MOST_WORDS = 50;
/** Members who send what may be taken: one of them may send 300 commands and then ten a second. */
const CREW = 12;
const EVERYTHING = ['member', 'staff', 'finance', 'admin'] as const;
const WHEN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** A running platform with something in it, so that a request reaches more than "not found". */
export type World = {
  readonly platform: TestPlatform;
  readonly driver: Driver;
  readonly mint: Mint;
  readonly forged: Readonly<Record<string, string>>;
  readonly webhookSecret: string;
  /** Whose things the ids name. */
  readonly owner: MemberId;
  /** A member who owns nothing. */
  readonly stranger: MemberId;
  /** An id that exists, of the same kind; the newest of them. Undefined: none is known. */
  known(prefix: string): string | undefined;
  ids(prefix: string): readonly string[];
  /** What answers called so: `slug`, `ticket`, `refreshToken`. */
  words(name: string): readonly string[];
  /** Remembers every id that an answer shows, and what it calls its other texts. */
  learn(text: string): void;
  /** An example as it would be sent today: ids that exist, moments to come, names not yet taken. */
  fresh(example: unknown): unknown;
  /** What makes a request of the route a good one, made for it alone. */
  order(target: Target): Promise<Supply>;
  /** A token that may: of a member who is there, or of anybody where none has to be. */
  tokenFor(target: Target, real: boolean): Promise<string>;
  close(): void;
};

export async function createWorld(platform: TestPlatform): Promise<World> {
  const driver = createDriver(platform);
  const { mint, forged } = await tokenForge(platform.dataDir);
  const pool = new Map<string, Set<string>>();
  const add = (text: string): void => {
    const prefix = ID.exec(text)?.[1];
    if (prefix === undefined) return;
    const known = pool.get(prefix) ?? new Set();
    known.add(text);
    const [oldest] = known;
    if (known.size > MOST_IDS && oldest !== undefined) known.delete(oldest);
    pool.set(prefix, known);
  };
  const ids = (prefix: string) => [...(pool.get(prefix) ?? [])];
  const named = new Map<string, Set<string>>();
  const remember = (name: string, text: string): void => {
    const known = named.get(name) ?? new Set();
    if (known.size < MOST_WORDS && text.length <= 1000) named.set(name, known.add(text));
  };
  const learn = (text: string): void => {
    const answer = parsed(text);
    textsOf(answer).forEach(add);
    eachNamed(answer, remember);
  };

  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (member: MemberId, roles: readonly string[]): Promise<string> => {
    const name = `${member} ${roles.join()}`;
    const known = tokens.get(name) ?? mint(member, roles);
    tokens.set(name, known);
    return known;
  };
  let nth = 0;
  const [owner, stranger] = await Promise.all([driver.register(), driver.register()]);
  const members = await inParallel(Array.from({ length: CREW }), 4, () => driver.register());
  const crew = members.map(({ id }) => id);
  const staff = await driver.official('staff', 'finance');
  const by = { token: owner.token };
  const staffBy = { token: staff.token };
  const { id: activityId } = await driver.openActivity(staff, {
    ...{ capacity: 90_000, seatsPerMember: 1000, waitlist: true },
  });
  add(owner.id);
  add(activityId);
  const { token: adminToken } = await driver.admin();
  const seat = await driver.seat(owner, activityId);
  learn(JSON.stringify(seat));
  const { email, password } = owner;
  learn(JSON.stringify({ email, password }));
  learn(JSON.stringify(await driver.logIn(email, password)));
  const pet = { name: 'Rex', species: 'dog', breed: '', birthDate: '2024-02-29' };
  learn((await driver.command('/v1/pets', pet, by)).text);
  learn((await driver.read('/v1/audit/events', { token: adminToken })).text);
  const float = { amount: 0, currency: 'EUR' };
  learn((await driver.command('/v1/tills', { activityId, float }, staffBy)).text);
  learn((await driver.command('/v1/gifts', { activityId, item: 'Bowl', count: 2 }, staffBy)).text);
  const article = { slug: `a-${randomUUID()}`, title: 'A', body: 'B' };
  const drafted = await driver.command('/v1/articles', article, staffBy);
  learn(drafted.text);
  const { id: articleId } = parsedAs(shapes.made, good('article', drafted));
  await driver.command(`/v1/articles/${articleId}/publish`, {}, staffBy);

  // On a fast machine the crew runs into its own rate limits: what is set up waits and goes on.
  const http = createHttp();
  const patient = { ...http, send: (call: Call) => sendPatiently(http, call) };
  const supplies = createSupplies({
    driver: createDriver(platform, patient),
    ...{ platform, webhookSecret: secretsOf(platform.dataDir).STRIPE_WEBHOOK_SECRET },
    nextPerson: async () => {
      nth += 1;
      const id = crew[nth % crew.length] ?? owner.id;
      return { id, token: await tokenOf(id as MemberId, EVERYTHING) };
    },
    owner: async () => ({ id: owner.id, token: await tokenOf(owner.id as MemberId, EVERYTHING) }),
  });

  let made = 0;
  const fresh = (example: unknown): unknown => {
    const moments = textsOf(example)
      .filter((text) => WHEN.test(text))
      .map(Date.parse);
    const shift = Date.now() + 30 * 86_400_000 - Math.min(...moments);
    made += 1;
    return mapTexts(example, (text) => {
      if (WHEN.test(text)) return new Date(Date.parse(text) + shift).toISOString();
      if (/^[^@\s]+@[^@\s]+$/.test(text)) return `hostile-${made}-${randomUUID()}@member.example`;
      if (/^[a-z]+(-[a-z]+)+$/.test(text)) return `${text}-${made}-${randomUUID()}`.slice(0, 80);
      const prefix = ID.exec(text)?.[1];
      return prefix === undefined ? text : (ids(prefix).at(0) ?? text);
    });
  };

  return {
    ...{ platform, driver, mint, forged, ids, learn, fresh },
    order: supplies.order,
    words: (name) => [...(named.get(name) ?? [])],
    webhookSecret: secretsOf(platform.dataDir).STRIPE_WEBHOOK_SECRET,
    owner: owner.id as MemberId,
    stranger: stranger.id as MemberId,
    known: (prefix) => ids(prefix).at(0),
    tokenFor: (target, real) => {
      nth += 1;
      const anybody = () => deriveId('mem', `anybody-${nth % 300}`);
      const member = real ? (crew[nth % crew.length] ?? owner.id) : anybody();
      // What belongs to somebody is read by them alone; elsewhere an administrator may everything.
      const who = target.roles.includes('admin') ? member : owner.id;
      return tokenOf(who as MemberId, target.roles);
    },
    close: () => {
      driver.close();
      http.close();
    },
  };
}

/** Every text with the name it stands under; entries of a list under the singular of its name. */
function eachNamed(value: unknown, see: (name: string, text: string) => void, name = ''): void {
  if (typeof value === 'string') see(name, value);
  else if (Array.isArray(value)) {
    for (const entry of value) eachNamed(entry, see, name.replace(/s$/, ''));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) eachNamed(inner, see, key);
  }
}

/** The path of a route, each parameter as `choose` says, percent-encoded. */
export function pathOf(
  { path, parameters }: Target,
  choose: (parameter: Parameter) => string,
): string {
  return parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce(
      (text, parameter) =>
        text.replace(`{${parameter.name}}`, encodeURIComponent(choose(parameter).toWellFormed())),
      path,
    );
}

/** The prefix of the ids a parameter takes; undefined: it takes no id. */
export const prefixOf = ({ schema }: Parameter): string | undefined =>
  /^\^([a-z]{3})_/.exec(schema.pattern ?? '')?.[1];

/** An id that is well-formed and of nothing. */
export const unknownId = (prefix: string): string =>
  deriveId(prefix as IdPrefix, `nobody-${randomUUID()}`);
