import { z } from 'zod';
import { type Environment, type EnvironmentName, environmentSchema } from './schema.ts';

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>;

/** The configuration: every variable under its camel-case name (`DATABASE_URL` → `databaseUrl`). */
export type Config = { readonly [K in keyof Environment as CamelCase<K & string>]: Environment[K] };

/** One or more variables are missing or wrong; the message names each, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const camelCase = (name: string): string =>
  name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Reads the configuration from the environment. An empty variable counts as unset. Values are never
 * repeated in the error: they may be secrets.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape).flatMap((name) => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = environmentSchema.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const problem = name in given ? issue.message : 'is not set';
      return `  ${name}: ${problem} (${describe(name as EnvironmentName)})`;
    });
    throw new ConfigError(`The configuration is not complete:\n${lines.join('\n')}`);
  }
  return Object.fromEntries(
    Object.entries(result.data).map(([name, value]) => [camelCase(name), value]),
  ) as Config;
}

function describe(name: EnvironmentName): string {
  return environmentSchema.shape[name].description ?? '';
}

/** The text of `.env.example`: every variable, its meaning, its default. */
export function renderEnvExample(): string {
  const lines = Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const fallback = schema instanceof z.ZodDefault ? String(schema.def.defaultValue) : '';
    return `# ${schema.description ?? ''}\n#${name}=${fallback}\n`;
  });
  return `# Every variable Pawprint reads. \`npm start\` needs none of them: what is not set is run by\n# Pawprint itself, and secrets are made once and kept in DATA_DIR/secrets.json.\n\n${lines.join('\n')}`;
}
