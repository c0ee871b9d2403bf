/**
 * The event store node in a process of its own, which can be asked how much it holds. Its caches are
 * small, so that filling them is not mistaken for a leak.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { keepHeapSmall } from '../../bin/event-store/heap.ts';
import { startEventStoreNode } from '../../embedded/event-store/index.ts';

keepHeapSmall();
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const [databaseUrl] = process.argv.slice(2);
if (databaseUrl === undefined) throw new Error('usage: node.ts DATABASE-URL');

const node = await startEventStoreNode({
  databaseUrl,
  caches: { streams: 500, ids: 500 },
  live: { maxEvents: 500, maxBytes: 2 * 1024 * 1024 },
  log: (level, message, fields) => {
    // A warning is worth a look when something went wrong; there may be thousands of them.
    if (level === 'error') console.error(message, JSON.stringify(fields).slice(0, 500));
  },
});

const look = () => {
  // Twice: what is freed by finalizers of the first goes with the second.
  collect();
  collect();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    ...{ type: 'looked', rss, heapUsed, external, arrayBuffers },
    handles: readdirSync('/proc/self/fd').length,
    ...node.open(),
  };
};

process.on('message', () => process.send?.(look()));
process.on('disconnect', () => {
  void node.stop().then(() => process.exit(0));
});
process.send?.({ type: 'ready', host: node.host, port: node.port });
