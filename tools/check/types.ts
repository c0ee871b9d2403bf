import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { count, runTool, type Step } from './step.ts';

export const types: Step = {
  name: 'types',
  what: 'tsc: the whole tree under strict settings',
  run: async ({ root, color }) => {
    const { code, output } = await runTool('tsc', args(root, color), { cwd: root });
    if (code === 0) return { ok: true, summary: 'no errors' };
    const plain = stripVTControlCharacters(output);
    const errors = plain.match(/error TS\d+/g)?.length ?? 0;
    const advice =
      '`npx tsc -p . --watch` keeps checking while you edit. No `any`, no `as unknown as`, no ts-ignore.';
    return { ok: false, summary: count(errors, 'error'), output, advice };
  },
};

function args(root: string, color: boolean): string[] {
  const packages = join(root, 'node_modules');
  // What did not change since the last run is not checked again. Not where the packages are
  // borrowed (a link): the cache would be another tree's.
  const own = lstatSync(packages, { throwIfNoEntry: false })?.isDirectory() === true;
  return [
    ...['-p', '.', '--pretty', ...(color ? [] : ['false'])],
    ...(own
      ? ['--incremental', '--tsBuildInfoFile', join(packages, '.cache/check.tsbuildinfo')]
      : []),
  ];
}
