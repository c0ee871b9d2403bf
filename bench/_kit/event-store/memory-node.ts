/**
 * The event store node over a log in memory, a process of its own as the real one is. `fork` it: it
 * says READY as that does, and ends with its parent.
 */
import { keepHeapSmall } from '../../../bin/event-store/heap.ts';
import { startNodeOver } from '../../../embedded/event-store/index.ts';
import { memoryStore } from './memory-store.ts';

const log = (level: string, message: string, fields = {}): void => {
  if (level !== 'debug') console.error(level, message, fields);
};
keepHeapSmall();
const node = await startNodeOver(memoryStore(), { log });
process.stdout.write(`READY ${node.url}\n`);
process.once('disconnect', () => {
  void node.stop().then(() => process.exit(0));
});
