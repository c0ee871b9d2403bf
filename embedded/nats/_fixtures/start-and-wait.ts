// Starts a server and waits to be killed: `node start-and-wait.ts <program> <folder>`.
import { startNats } from '../index.ts';

const [, , path = '', dataDir = ''] = process.argv;
const nats = await startNats({ path, dataDir });
console.log('READY');
await nats.exited;
