import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ProjectionStatus } from '../../../projections/_runtime/status.ts';
import type { Platform } from '../_cli/platform.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, exits } from '../_cli/verb.ts';
import { readProjections } from './status.ts';
import { readVersion } from './unknown.ts';

const POLL_MS = 250;
/** Whoever runs the projection looks each second, and a batch that is under way is finished. */
const HEEDED_WITHIN_MS = 20_000;

const input = z.strictObject({
  projection: z
    .string()
    .min(1)
    .meta({ description: 'which one, as `projections status` names it' }),
});

export const projectionsPause = defineVerb({
  name: 'pause',
  summary: 'Have a read model stand still, until it is resumed',
  description: `Wherever it runs it stops within a second or so, also over restarts; every other read model goes on. What
it has is still read. A read with a Consistency-Token that it does not have yet is answered 503 with
Retry-After, never with less.`,
  input,
  positional: ['projection'],
  finding: 'a process that runs it has not stopped it yet',
  examples: [
    { line: 'npm run ops -- projections pause enrollments', does: 'returns when it stands' },
    {
      line: 'npm run -s ops -- projections pause enrollments --json',
      does: '{ projection, paused, handled, doing }',
    },
  ],
  run: async ({ input: { projection }, platform, out, signal }) => {
    await liveOf(projection, platform);
    const { requestPause } = await import('../../../projections/_runtime/index.ts');
    const isNew = await requestPause(await platform.pool(), projection);
    const after = await until(projection, platform, signal, ({ doing }) => doing === 'nobody');
    const stands = after.doing === 'nobody';
    out.show(shown(after), () => [
      stands
        ? `${projection}: ${out.paint('yellow', `paused${isNew ? '' : ' already'} after ${after.handled} events`)}`
        : `${projection}: ${out.paint('red', 'asked for, and not heeded yet')}`,
    ]);
    return stands ? exits.well : exits.finding;
  },
});

export const projectionsResume = defineVerb({
  name: 'resume',
  summary: 'Have a paused read model go on where it stopped',
  description: `It catches up on a reader of its own and shares one with the others again when it has.`,
  input,
  positional: ['projection'],
  examples: [
    { line: 'npm run ops -- projections resume enrollments', does: 'returns when it runs' },
  ],
  run: async ({ input: { projection }, platform, out, signal }) => {
    await liveOf(projection, platform);
    const { requestResume } = await import('../../../projections/_runtime/index.ts');
    const wasPaused = await requestResume(await platform.pool(), projection);
    const after = await until(projection, platform, signal, ({ doing }) => doing !== 'nobody');
    if (after.doing === 'nobody') {
      throw new UnavailableError(
        `${projection} is not paused any more, and no process runs it: start the role projections.`,
      );
    }
    const how = wasPaused ? 'goes on' : 'was not paused';
    out.show(shown(after), () => [`${projection}: ${out.paint('green', how)}, ${after.doing}`]);
    return exits.well;
  },
});

async function liveOf(projection: string, platform: Platform): Promise<ProjectionStatus> {
  return readVersion(projection, await readProjections(platform));
}

/** How it stands when it is as wanted, or when the time is over. */
async function until(
  projection: string,
  platform: Platform,
  signal: AbortSignal,
  wanted: (status: ProjectionStatus) => boolean,
): Promise<ProjectionStatus> {
  const deadline = Date.now() + HEEDED_WITHIN_MS;
  for (;;) {
    const now = await liveOf(projection, platform);
    if (wanted(now) || signal.aborted || Date.now() > deadline) return now;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

const shown = ({ projection, state, handled, doing }: ProjectionStatus) => ({
  ...{ projection, paused: state === 'paused', handled, doing },
});
