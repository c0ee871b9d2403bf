// Plain JavaScript that old versions of Node understand: what is wrong has to be said by a program
// that still runs. Everything else is TypeScript, which Node 26 runs as it is.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const wanted = 26;
const running = Number(process.versions.node.split('.')[0]);
const installed = existsSync(fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url)));

if (running !== wanted) {
  const what = `Pawprint needs Node ${wanted}; this is Node ${process.versions.node}.`;
  const why = installed
    ? 'Node 26 came with the packages: start through npm, which finds it: npm start'
    : 'Node 26 comes with the packages. Install them first: npm ci && npm start';
  process.stderr.write(`${what}\n${why}\n`);
  process.exit(1);
} else if (!installed) {
  process.stderr.write('The packages are not installed yet: npm ci && npm start\n');
  process.exit(1);
} else {
  // Compiled code is kept between starts; this has to come before the first big import.
  createRequire(import.meta.url)('node:module').enableCompileCache();
  import('./start.ts').then(
    (start) => start.main(),
    (error) => {
      process.stderr.write(`${error?.stack ?? error}\n`);
      process.exit(1);
    },
  );
}
