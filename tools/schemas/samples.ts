import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** A stored event, with its personal values in the clear. */
export type Sample = {
  readonly file: string;
  readonly type: string;
  readonly version: number;
  readonly data: Readonly<Record<string, unknown>>;
};

const sampleSchema = z
  .object({
    type: z.string(),
    version: z.int().optional(),
    metadata: z.object({ schemaVersion: z.int() }).optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .refine((sample) => (sample.version ?? sample.metadata) !== undefined, {
    error: 'expected a version (or metadata.schemaVersion)',
  });

/**
 * Every sample under `domain/_golden/`: a file holds one event, `{ type, version, data }`, or a
 * list of them.
 */
export async function readSamples(root: string): Promise<Sample[]> {
  const folder = join(root, 'domain/_golden');
  if (!existsSync(folder)) return [];
  const samples: Sample[] = [];
  for (const file of (await Array.fromAsync(glob('**/*.json', { cwd: folder }))).sort()) {
    if (file === 'schemas.json') continue;
    const content: unknown = JSON.parse(await readFile(join(folder, file), 'utf8'));
    for (const item of Array.isArray(content) ? content : [content]) {
      samples.push(readSample(`domain/_golden/${file}`, item));
    }
  }
  return samples;
}

function readSample(file: string, item: unknown): Sample {
  const parsed = sampleSchema.safeParse(item);
  if (!parsed.success) {
    throw new TypeError(`${file} is not a stored sample: ${z.prettifyError(parsed.error)}`);
  }
  const { type, version, metadata, data } = parsed.data;
  return { file, type, version: version ?? metadata?.schemaVersion ?? 1, data };
}
