/**
 * `npm run ops`: looks after a running platform. This file reads the command line and turns what
 * happens into an exit code; `ops/index.ts` says which verbs there are.
 */
import { enableCompileCache } from 'node:module';

// Before the big imports, which therefore come later and dynamically.
enableCompileCache();

const { main } = await import('./ops/_cli/main.ts');
process.exit(await main(process.argv.slice(2), process.env));
