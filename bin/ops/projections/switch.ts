import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ProjectionStatus } from '../../../projections/_runtime/status.ts';
import { UsageError } from '../../start/options.ts';
import { confirm } from '../_cli/confirm.ts';
import type { Platform } from '../_cli/platform.ts';
import { UnavailableError } from '../_cli/unavailable.ts';
import { defineVerb, type ExitCode, exits, type OpsContext } from '../_cli/verb.ts';
import { readProjections } from './status.ts';
import { unknownProjection } from './unknown.ts';

const POLL_MS = 250;
/** Whoever runs the version looks each second; a reader may hold a view for a while. */
const TAKES_OVER_WITHIN_MS = 30_000;

const version = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'is a version, as `projections status` shows them: 1, 2, …')
  .transform(Number)
  .optional();

export const projectionsSwitch = defineVerb({
  name: 'switch',
  summary: 'Have queries read another version of a read model, or drop one that is not read',
  description: `A new version takes over by itself when it has caught up. This is for the way back, and forth again:
views of queries and of analysts move in one transaction. The version has to be run by a process of the
release that has it, else it would be read and stand still. Versions that are there now do not take over by
themselves any more; one that a later release makes does. --drop removes the tables of a version for good.`,
  input: z.strictObject({
    projection: z
      .string()
      .min(1)
      .meta({ description: 'which one, as `projections status` names it' }),
    to: version.meta({ description: 'the version that queries are to read', value: 'VERSION' }),
    drop: version.meta({ description: 'the version whose tables are to go', value: 'VERSION' }),
    yes: z.boolean().default(false).meta({ description: 'do not ask whether you mean it' }),
  }),
  positional: ['projection'],
  finding: 'it was not switched yet: it has not caught up, or a reader holds a view',
  examples: [
    { line: 'npm run ops -- projections switch enrollments --to 2', does: 'back to version 2' },
    {
      line: 'npm run ops -- projections switch enrollments --drop 1 --yes',
      does: 'there is no way back to version 1 any more',
    },
  ],
  run: async ({ input: { projection, to, drop, yes }, ...context }) => {
    if ((to === undefined) === (drop === undefined)) {
      throw new UsageError('say either --to VERSION or --drop VERSION');
    }
    if (to !== undefined) return switchTo({ projection, version: to }, context);
    const wanted = { projection, version: drop ?? 0 };
    const now = await statusOf(wanted, context.platform);
    if (now.live) throw new UsageError(`queries read ${named(wanted)}: switch to another first`);
    if (now.doing !== 'nobody') {
      throw new UnavailableError(`A process runs ${named(wanted)}: stop that release first.`);
    }
    if (!yes) {
      await confirm(`Drop ${named(wanted)} for good?`, context);
    }
    const { dropVersion } = await import('../../../projections/_runtime/index.ts');
    await dropVersion(await context.platform.pool(), wanted.projection, wanted.version);
    context.out.show({ ...wanted, dropped: true }, () => [`${named(wanted)} is dropped`]);
    return exits.well;
  },
});

type Wanted = { readonly projection: string; readonly version: number };

const named = ({ projection, version: v }: Wanted): string => `${projection} v${v}`;

async function switchTo(wanted: Wanted, { platform, out, signal }: OpsContext): Promise<ExitCode> {
  const before = await statusOf(wanted, platform);
  if (before.doing === 'nobody') {
    throw new UnavailableError(
      `No process runs ${named(wanted)}, so it would stand still: start the role projections of the release that has it.`,
    );
  }
  const { requestSwitch } = await import('../../../projections/_runtime/index.ts');
  const { projection: name, version: v } = wanted;
  await requestSwitch(await platform.pool(), { name, version: v });
  const deadline = Date.now() + TAKES_OVER_WITHIN_MS;
  let now = before;
  while (!now.live && !signal.aborted && Date.now() < deadline) {
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    now = await statusOf(wanted, platform);
  }
  out.show({ ...wanted, live: now.live, was: before.live }, () => [
    now.live
      ? `${named(wanted)}: ${out.paint('green', before.live ? 'queries read it already' : 'queries read it now')}`
      : `${named(wanted)}: ${out.paint('yellow', `asked for; it is ${now.state}, ${now.doing}`)}`,
  ]);
  return now.live ? exits.well : exits.finding;
}

async function statusOf(wanted: Wanted, platform: Platform): Promise<ProjectionStatus> {
  const all = await readProjections(platform);
  const own = all.filter(({ projection }) => projection === wanted.projection);
  const found = own.find((one) => one.version === wanted.version);
  if (found !== undefined) return found;
  if (own.length > 0) {
    const there = own.map((one) => one.version).join(', ');
    throw new UsageError(`${named(wanted)} is not there: expected one of ${there}`);
  }
  throw unknownProjection(
    wanted.projection,
    all.map((one) => ({ name: one.projection })),
  );
}
