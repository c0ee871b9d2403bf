import { expect, test } from 'vitest';
import { createPasswords, MalformedHashError } from './passwords.ts';
import { createWorkQueue, WorkQueueFullError } from './work-queue.ts';

const passwords = createPasswords();

test('a password fits its own hash and no other password does', async () => {
  const hash = await passwords.hash('correct horse battery staple');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await passwords.verify(hash, 'correct horse battery staple')).toBe(true);
  expect(await passwords.verify(hash, 'correct horse battery stapl')).toBe(false);
});

test('the same password gets another hash each time', async () => {
  const [a, b] = await Promise.all([passwords.hash('twice'), passwords.hash('twice')]);
  expect(a).not.toBe(b);
});

test('hashes of other implementations and parameters are read (a PHC string of libargon2)', async () => {
  // echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1 -l 24, from the reference test vectors.
  const hash =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await passwords.verify(hash, 'password')).toBe(true);
  expect(await passwords.verify(hash, 'Password')).toBe(false);
});

test('one password typed as composed and as decomposed characters is one password', async () => {
  const hash = await passwords.hash('Bär'.normalize('NFC'));
  expect(await passwords.verify(hash, 'Bär'.normalize('NFD'))).toBe(true);
});

test.each([
  ['plain text', 'hunter2'],
  [
    'another algorithm',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8',
  ],
  [
    'an absurd memory cost',
    '$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y',
  ],
])('a stored hash that is %s is an error, not a wrong password', async (_what, hash) => {
  await expect(passwords.verify(hash, 'hunter2')).rejects.toThrow(MalformedHashError);
});

test('no more jobs run at once than allowed, in order, and a full queue refuses', async () => {
  const queue = createWorkQueue({ concurrency: 2, maxWaiting: 2, maxWaitMs: 60_000 });
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const started: number[] = [];
  const jobs = gates.map((gate, index) =>
    queue.run(async () => {
      started.push(index);
      await gate.promise;
    }),
  );
  await expect(queue.run(async () => undefined)).rejects.toThrow(WorkQueueFullError);
  expect(started).toEqual([0, 1]);
  gates[1]?.resolve();
  await jobs[1];
  await expect.poll(() => started).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(jobs);
  expect(started).toEqual([0, 1, 2, 3]);
  expect(queue.waiting()).toBe(0);
});

test('who waited too long is refused rather than served late', async () => {
  const queue = createWorkQueue({ concurrency: 1, maxWaiting: 5, maxWaitMs: -1 });
  const gate = Promise.withResolvers<void>();
  const first = queue.run(() => gate.promise);
  const late = queue.run(async () => 'served');
  gate.resolve();
  await first;
  await expect(late).rejects.toThrow(WorkQueueFullError);
  expect(await queue.run(async () => 'next')).toBe('next');
});
