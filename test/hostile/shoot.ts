import { randomUUID } from 'node:crypto';
import type { Answer, Call } from '../../embedded/demo/client/http.ts';
import { nextAddress } from './addresses.ts';
import type { Target } from './api.ts';
import { changed, type Shot } from './arbitraries.ts';
import { existing, goodBody } from './cases/kit.ts';
import { faultsOfRefusal, problemOf } from './judge.ts';
import { pathOf, type World } from './world.ts';

export type Fired = {
  /** As it went out. */
  readonly shot: Shot;
  readonly answer: Answer;
  readonly faults: readonly string[];
};

/** A read that asked for what is not there yet waits, and then says so: the one 503 that is right. */
const mayWait = new Set(['not-yet-visible']);

/** The request of a route that is good today, as a shot that is ordered when it is fired. */
export const goodShot = (target: Target): Shot => ({
  ...{ target, path: {}, query: [], headers: {}, body: null, order: [], who: 'may' },
});

/** With the things that were made for it in their places, and nothing left to order. */
async function supplied(world: World, shot: Shot): Promise<Shot> {
  const { order, target } = shot;
  if (order === null) return shot;
  const setting = { target, world, supply: await world.order(target) };
  const { text } = setting.supply;
  const whole = () => text ?? JSON.stringify(goodBody(setting));
  const body = order.length === 0 ? whole() : JSON.stringify(changed(goodBody(setting), order));
  const inPath = target.parameters.filter((parameter) => parameter.in === 'path');
  return {
    ...shot,
    path: Object.fromEntries(inPath.map((each) => [each.name, existing(each, setting)])),
    headers: { ...setting.supply.headers, ...shot.headers },
    body: target.body === null ? null : body,
    order: null,
  };
}

/** Sends a shot. Faults: a 5xx, or a refusal that is not by the book. */
export async function fire(world: World, asked: Shot): Promise<Fired> {
  let shot = asked;
  try {
    shot = await supplied(world, asked);
    const answer = await world.driver.http.send({
      ...(await callOf(world, shot)),
      from: nextAddress(),
    });
    if (answer.status < 400) {
      world.learn(answer.text);
      return { shot, answer, faults: [] };
    }
    const code = problemOf(answer)?.code ?? '';
    if (answer.status >= 500 && !mayWait.has(code)) {
      return {
        shot,
        answer,
        faults: [`${shot.target.name}: ${answer.status} ${answer.text.slice(0, 500)}`],
      };
    }
    const faults = faultsOfRefusal(shot.target, answer);
    return { shot, answer, faults: faults.map((fault) => `${shot.target.name}: ${fault}`) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return {
      shot,
      answer: { status: 0, headers: {}, text },
      faults: [`${shot.target.name}: no answer: ${text}`],
    };
  }
}

async function tokenOf(world: World, { target, who }: Shot): Promise<string | undefined> {
  if (who === 'may') return target.roles.length === 0 ? undefined : world.tokenFor(target, true);
  if (who === 'stranger') return world.mint(world.stranger, ['member']);
  return who === 'forged' ? Object.values(world.forged)[0] : undefined;
}

async function callOf(world: World, shot: Shot): Promise<Call> {
  const { target, path, query, headers, body } = shot;
  const token = await tokenOf(world, shot);
  const search = query
    .map(
      ([name, value]) =>
        `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
    )
    .join('&');
  return {
    method: target.method,
    url: world.platform[target.api === 'write' ? 'writeUrl' : 'readUrl'],
    path: `${pathOf(target, ({ name }) => path[name] ?? 'x')}${search === '' ? '' : `?${search}`}`,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(target.keyed ? { 'idempotency-key': randomUUID() } : {}),
      ...(target.seen ? { 'if-match': '*' } : {}),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === null ? {} : { body }),
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The line that repeats a shot by hand; whose token, the reader has to put in. */
export async function curlOf(world: World, shot: Shot): Promise<string> {
  const { body, headers = {}, method = 'GET', path, url } = await callOf(world, shot);
  const shown = {
    ...headers,
    ...('authorization' in headers ? { authorization: `Bearer $${shot.who}` } : {}),
  };
  const parts = Object.entries(shown).map(
    ([name, value]) => `-H ${quoted(`${name}: ${String(value)}`)}`,
  );
  const data = body === undefined ? '' : ` --data-binary ${quoted(String(body))}`;
  return `curl -X ${method} ${quoted(`${url}${path}`)} ${parts.join(' ')}${data}`;
}
