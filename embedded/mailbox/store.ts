import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, syncFolder, writeDurably } from '../durable-file.ts';

/** What SMTP said, apart from what the message says: a Bcc stands here only. */
export type Envelope = { from: string; to: readonly string[] };

export type MessageStore = {
  /** Resolves when the message would survive a power cut. */
  save(envelope: Envelope, content: Buffer): Promise<string>;
  /** Ids in the order of arrival. */
  ids(): Promise<string[]>;
  /** Undefined when there is no such message. */
  read(id: string): Promise<Buffer | undefined>;
};

const ID = /^\d{15}-\d{6}-[0-9a-f]{8}$/;
const isMessageId = (id: string): boolean => ID.test(id);

/** One `.eml` file per message, so equal Message-IDs never overwrite each other. */
export async function openStore(directory: string): Promise<MessageStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeUnfinished(directory);
  let counter = 0;

  function newId(): string {
    counter += 1;
    const at = String(Date.now()).padStart(15, '0');
    return `${at}-${String(counter % 1_000_000).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
  }

  return {
    async save(envelope, content) {
      const id = newId();
      const unfinished = join(directory, `${id}.tmp`);
      await writeDurably(unfinished, Buffer.concat([Buffer.from(traceHeaders(envelope)), content]));
      await rename(unfinished, join(directory, `${id}.eml`));
      await syncFolder(directory);
      return id;
    },
    async ids() {
      const names = await readdir(directory);
      return names
        .filter((name) => name.endsWith('.eml'))
        .map((name) => name.slice(0, -4))
        .filter(isMessageId)
        .sort();
    },
    async read(id) {
      if (!isMessageId(id)) return undefined;
      try {
        return await readFile(join(directory, `${id}.eml`));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

/** As a mail server does at final delivery (RFC 5321 §4.4): the envelope goes on top. */
function traceHeaders({ from, to }: Envelope): string {
  return `Return-Path: <${from}>\r\nX-Envelope-To: ${to.join(', ')}\r\n`;
}

/** Messages that were never acknowledged. */
async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  const unfinished = names.filter((name) => name.endsWith('.tmp'));
  await Promise.all(unfinished.map((name) => rm(join(directory, name), { force: true })));
}
