import { parse } from 'yaml';
import { z } from 'zod';
import { interpolateAll, type Variables } from './interpolate.ts';

const text = z.union([z.string(), z.number()]).transform(String);

/** The forms of Compose that this repository uses; the short ones hide what is checked here. */
const service = z.looseObject({
  image: z.string({ error: 'has no image' }),
  build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
  command: z.array(text, { error: 'command is a list: no shell takes it apart' }).default([]),
  environment: z
    .record(z.string(), text, { error: 'environment is a mapping of texts and numbers' })
    .default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  restart: z.string().optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  depends_on: z
    .record(z.string(), z.looseObject({ condition: z.string() }), {
      error: 'depends_on names a condition for each service',
    })
    .default({}),
  deploy: z
    .looseObject({ resources: z.looseObject({ limits: z.looseObject({ memory: z.string() }) }) })
    .optional(),
});

const file = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()).default({}),
});

export type Service = z.output<typeof service>;
export type ComposeFile = z.output<typeof file>;

/** What Compose would make of the file with these variables, or why it would not. */
export function readCompose(
  source: string,
  variables: Variables,
): { file: ComposeFile | undefined; findings: string[] } {
  const findings = new Set<string>();
  try {
    const raw: unknown = parse(source, { merge: true });
    const given = interpolateAll(raw, variables, (problem) => findings.add(problem));
    const result = file.safeParse(given);
    for (const { path, message } of result.error?.issues ?? []) {
      findings.add(`${path.join('.')}: ${message}`);
    }
    return { file: result.data, findings: [...findings] };
  } catch (error) {
    return { file: undefined, findings: [error instanceof Error ? error.message : String(error)] };
  }
}
