import { beforeAll, expect, test } from 'vitest';
import { hashPassword } from './password.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import type { Account } from './users.ts';

const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const zoe = { kind: 'user', user: { name: 'zoe', groups: ['writers'] } };

let account: Account;
let signIn: SignIn;
beforeAll(async () => {
  account = { name: 'zoe', groups: ['writers'], password: await hashPassword('a:secret é') };
  signIn = await createSignIn([account]);
});

test('no header is nobody, at once', () => {
  expect(signIn(undefined)).toEqual({ kind: 'anonymous' });
});

test('a password is checked once, and known from then on', async () => {
  const first = signIn(header('zoe:a:secret é'));
  expect(first).toBeInstanceOf(Promise);
  // Those who come meanwhile wait for the same check.
  expect(signIn(header('zoe:a:secret é'))).toBe(first);
  expect(await first).toEqual(zoe);
  expect(signIn(header('zoe:a:secret é'))).toEqual(zoe);
});

test.each([
  ['a wrong password', header('zoe:a:secret')],
  ['a part of it', header('zoe:a')],
  ['an unknown user', header('eve:a:secret é')],
])('%s is refused each time', async (_what, wrong) => {
  for (let n = 0; n < 2; n += 1) {
    const answer = signIn(wrong);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual({ kind: 'refused' });
  }
});

test.each(['', 'Basic', 'Basic !!', 'Bearer x', header('zoe'), header(':a')])(
  '%j is refused without a look at any password',
  (wrong) => {
    expect(signIn(wrong)).toEqual({ kind: 'refused' });
  },
);

test('the scheme is written as one likes', async () => {
  expect(await signIn(header('zoe:a:secret é').replace('Basic', 'basic'))).toEqual(zoe);
});

test('checks that pile up are turned away, and those who are known are not', async () => {
  const own = await createSignIn([account]);
  await own(header('zoe:a:secret é'));
  const guesses = Array.from({ length: 64 }, (_, n) => own(header(`zoe:${n}`)));
  expect(own(header('zoe:one more'))).toEqual({ kind: 'busy' });
  expect(own(header('zoe:a:secret é'))).toEqual(zoe);
  expect(new Set((await Promise.all(guesses)).map(({ kind }) => kind))).toEqual(
    new Set(['refused']),
  );
  // And then there is room again.
  expect(await own(header('zoe:one more'))).toEqual({ kind: 'refused' });
});
