/** `npm run bench -- <name> [flags]`: runs one benchmark of this folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length));

if (import.meta.main) {
  const [name = '--help', ...rest] = process.argv.slice(2);
  if (names.includes(name)) {
    process.argv.splice(2, process.argv.length, ...rest);
    await import(join(import.meta.dirname, `${name}.ts`));
  } else {
    const wrong = name !== '--help';
    process.stdout.write(
      `${wrong ? `There is no benchmark called ${name}.\n` : ''}npm run bench -- <name> [flags]\n\n  ${names.join('\n  ')}\n\nEach says in its first lines what it measures and which flags it takes.\n`,
    );
    process.exitCode = wrong ? 1 : 0;
  }
}
