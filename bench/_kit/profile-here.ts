import { Session } from 'node:inspector/promises';
import { type Profile, selfTimes } from './profile.ts';

/** Samples this process while `work` runs. */
export async function profiledHere(
  work: () => Promise<unknown>,
): Promise<ReturnType<typeof selfTimes>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return selfTimes(profile as Profile);
}
