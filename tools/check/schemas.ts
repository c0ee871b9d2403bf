import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { count, runTool, type Step } from './step.ts';

const gate = fileURLToPath(new URL('../event-schemas.ts', import.meta.url));

export const schemas: Step = {
  name: 'schemas',
  what: 'stored events still decode: every schema as accepted, every sample readable',
  run: async ({ root }) => {
    if (!existsSync(join(root, 'domain/_catalogue.ts'))) {
      return {
        ok: false,
        summary: 'no catalogue',
        output: 'domain/_catalogue.ts is not there.',
        advice: 'The catalogue lists the events of every aggregate: without it none can be stored.',
      };
    }
    // A process of its own: it loads the tree's own domain.
    const { code, output } = await runTool('node', [gate, '--root', root], { cwd: root });
    if (code === 0) return { ok: true, summary: output };
    return {
      ok: false,
      summary: count(output.split('\n').filter((line) => /^ {2}\S/.test(line)).length, 'finding'),
      output,
      advice:
        'docs/how-to/change-an-event.md tells how an event changes without breaking what is stored.',
    };
  },
};
