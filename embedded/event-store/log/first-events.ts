import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '../core/model.ts';
import { METADATA_TYPE } from '../core/model.ts';
import type { WriterSession } from './writer-session.ts';

const now = (): bigint => BigInt(Date.now()) * 10_000n;

const system = (position: bigint, stream: string, type: string, data: object): RecordedEvent => ({
  position,
  stream,
  revision: 0n,
  id: randomUUID(),
  type,
  json: true,
  created: now(),
  data: Buffer.from(JSON.stringify(data)),
  metadata: Buffer.alloc(0),
});

/** A real node's `$all` is never empty: it writes about itself first, and readers rely on it. */
export const writeFirstEvents = (session: WriterSession, instanceId: string): Promise<void> =>
  session.insert([
    system(1n, '$$$users-password-notifications', METADATA_TYPE, { $maxAge: 3600 }),
    system(2n, '$$$stats', METADATA_TYPE, { $maxAge: 86_400 }),
    system(3n, '$node', '$NodeInitialized', { instanceId }),
  ]);
