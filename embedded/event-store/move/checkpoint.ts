import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isMissing, replaceDurably } from '../../durable-file.ts';
import { MoveRefusedError } from './errors.ts';

const digits = z.string().regex(/^\d{1,20}$/);

/** How far an import came: a line of the file, and where its event stands in the target. */
const checkpointSchema = z.strictObject({
  /** Of the source, as in the file's header. */
  log: z.string(),
  line: z.int().min(2),
  offset: z.int().min(0),
  stream: z.string(),
  revision: digits,
  id: z.string(),
  commit: digits,
  prepare: digits,
});

export type Checkpoint = z.output<typeof checkpointSchema>;

export const checkpointFileOf = (file: string): string => `${file}.checkpoint`;

/** A checkpoint is for speed alone: without one an import begins at the first line, to the same end. */
export const readCheckpoint = async (file: string): Promise<Checkpoint | undefined> => {
  const path = checkpointFileOf(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MoveRefusedError(`${path} is no checkpoint of an import: remove it`, { cause });
  }
};

export const writeCheckpoint = (file: string, checkpoint: Checkpoint): Promise<void> =>
  replaceDurably(checkpointFileOf(file), `${JSON.stringify(checkpoint)}\n`);
