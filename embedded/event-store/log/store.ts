import { type LogReader, openLogReader } from './reader.ts';
import { openWriterSession, type WriterSession } from './writer-session.ts';

/**
 * Where a node keeps its log. Postgres in every process that people run; `bench` puts one in memory in
 * its place, to see what Postgres and the disk cost.
 */
export type LogStore = {
  /** As `openWriterSession`. */
  openSession(lockWaitMs: number, former?: number): Promise<WriterSession>;
  /** As `openLogReader`. */
  openReader(onIdleError: (error: Error) => void): LogReader;
};

export const postgresStore = (databaseUrl: string): LogStore => ({
  openSession: (lockWaitMs, former) => openWriterSession(databaseUrl, lockWaitMs, former),
  openReader: (onIdleError) => openLogReader(databaseUrl, onIdleError),
});
