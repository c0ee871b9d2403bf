// `npm run docs:generate`: writes the reference pages out of the definitions, and .env.example.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { staleFiles, writeGenerated } from './docs/generated.ts';

const help = `npm run docs:generate [-- options]

Writes docs/reference and .env.example out of the definitions they describe.

Options:
  --check        write nothing; exit code 1 when a file is not up to date
  --root <dir>   another tree
  --help         this text`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  if (options.check) {
    const stale = await staleFiles(options.root);
    console.log(
      stale.length === 0 ? 'Everything is up to date.' : `Not up to date:\n${list(stale)}`,
    );
    if (stale.length > 0)
      console.log('`npm run docs:generate` writes them; commit them with the change.');
    return stale.length === 0 ? 0 : 1;
  }
  const written = await writeGenerated(options.root);
  console.log(written.length === 0 ? 'Everything is up to date.' : `Written:\n${list(written)}`);
  return 0;
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        check: { type: 'boolean', default: false },
        root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function list(files: readonly string[]): string {
  return files.map((file) => `  ${file}`).join('\n');
}
