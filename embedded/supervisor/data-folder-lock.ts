import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { hasCode } from '../durable-file.ts';

/** Another start works in this data folder. */
export class DataFolderInUse extends Error {
  override name = 'DataFolderInUse';
  pid: number | undefined;
  constructor(message: string, options: ErrorOptions & { pid: number | undefined }) {
    super(message, options);
    this.pid = options.pid;
  }
}

export type DataFolderLock = { release(): Promise<void> };

/**
 * One start per data folder. The lock is a listening socket in Linux' abstract namespace: the kernel
 * gives it to one process only and takes it back at that process's end, however it ends. So there
 * is no file that could be stale, and no pid that could have been reused. Its name is the folder's
 * inode, which is the same through every path; whoever connects is told the owner's pid.
 */
export async function lockDataFolder(folder: string): Promise<DataFolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = lockName(folder);
  const server = createServer((socket) => {
    // Who asks may hang up before the answer.
    socket.on('error', () => socket.destroy());
    socket.end(String(process.pid));
  });
  try {
    server.listen(name);
    await once(server, 'listening');
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE')) throw error;
    const pid = await ownerOf(name);
    const owner = pid === undefined ? 'another process' : `process ${pid}`;
    throw new DataFolderInUse(`${folder} is in use by ${owner}`, { pid, cause: error });
  }
  // The lock alone keeps nobody running.
  server.unref();
  return { release: () => closeServer(server) };
}

/**
 * The pid of the start that works in a data folder; undefined: none does (or it does not answer).
 * The kernel knows, so that what a killed start left in the folder is not believed.
 */
export async function dataFolderOwner(folder: string): Promise<number | undefined> {
  return existsSync(folder) ? ownerOf(lockName(folder)) : undefined;
}

function lockName(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `\0pawprint-data-folder-${dev}-${ino}`;
}

/** undefined: the owner does not answer (stopped, or about to end). */
async function ownerOf(name: string): Promise<number | undefined> {
  const socket = connect(name);
  socket.setTimeout(1_000, () => socket.destroy(new Error('the owner does not answer')));
  try {
    return Number(await text(socket)) || undefined;
  } catch {
    return undefined;
  }
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
