import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { count, runTool, type Step } from './step.ts';

const runner = fileURLToPath(new URL('../../test/planted/run.ts', import.meta.url));

/** A bug whose place is gone would be planted nowhere: its spec could go blind, and nobody notice. */
export const planted: Step = {
  name: 'planted',
  what: 'every planted bug still has its place and its spec, every property a bug',
  run: async ({ root }) => {
    if (!existsSync(join(root, 'test/planted/bugs/index.ts'))) {
      return {
        ok: false,
        summary: 'no table',
        output: 'test/planted/bugs/index.ts is not there.',
        advice: 'It lists the bugs that `npm run test:planted` plants.',
      };
    }
    // A process of its own: it loads the tree's own table.
    const { code, output } = await runTool('node', [runner, '--stale', '--root', root], {
      cwd: root,
    });
    if (code === 0) return { ok: true, summary: output };
    return {
      ok: false,
      summary: count(output.split('\n').length, 'finding'),
      output: output.replaceAll(/^/gm, '  '),
      advice:
        'Give the bug its new place (`find` stands in its file exactly once), and see it red again: `npm run test:planted -- --only <name>`. test/planted/README.md tells how.',
    };
  },
};
