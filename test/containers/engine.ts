import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { getContainerRuntimeClient } from 'testcontainers';
import { parse } from 'yaml';
import { z } from 'zod';

export type Engine = { readonly found: true } | { readonly found: false; readonly why: string };

/** Whether there is a Docker engine, and Compose to run with it. */
export async function findEngine(): Promise<Engine> {
  try {
    await getContainerRuntimeClient();
  } catch (error) {
    // What testcontainers throws when it has tried every way it knows.
    if (!(error instanceof Error) || !/container runtime/i.test(error.message)) throw error;
    return { found: false, why: 'no Docker engine here' };
  }
  try {
    await promisify(execFile)('docker', ['compose', 'version']);
  } catch (error) {
    const what = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { found: false, why: `a Docker engine, but no Compose: ${what}` };
  }
  return { found: true };
}

export const composeFile = new URL('../../docker-compose.yml', import.meta.url);

/** The image of a service in docker-compose.yml: the tests run what is deployed. */
export async function imageOf(service: string): Promise<string> {
  const schema = z.looseObject({
    services: z.record(z.string(), z.looseObject({ image: z.string() })),
  });
  const { services } = schema.parse(parse(await readFile(composeFile, 'utf8'), { merge: true }));
  const image = services[service]?.image;
  if (image === undefined) throw new RangeError(`${service} is no service`);
  return image;
}
