/** Starts Postgres in the folder given, says its pid, and stays until killed. */
import { startPostgres } from '../index.ts';

const [dataDir = ''] = process.argv.slice(2);
process.stdout.write('starting\n');
const postgres = await startPostgres({ dataDir, durability: 'none' });
process.stdout.write(`pid ${postgres.pid}\n`);
