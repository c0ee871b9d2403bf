import { GenericContainer, Wait } from 'testcontainers';
import type { TestProject } from 'vitest/node';
import { imageOf } from './engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `http://` address of the run's EventStoreDB; empty where there is no engine. */
    eventStoreHttp: string;
  }
}

/** One EventStoreDB per run, of the version that is deployed, with nothing on disk. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const container = await new GenericContainer(await imageOf('event-store'))
    .withEnvironment({
      EVENTSTORE_CLUSTER_SIZE: '1',
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_RUN_PROJECTIONS: 'System',
      EVENTSTORE_TELEMETRY_OPTOUT: 'true',
      EVENTSTORE_MEM_DB: 'true',
    })
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
    .withStartupTimeout(120_000)
    .start();
  const address = `${container.getHost()}:${container.getMappedPort(2113)}`;
  // Workers are forked afterwards and inherit it; test/event-store/target.ts reads it.
  process.env['EVENTSTORE_CONTRACT_URL'] = `esdb://${address}?tls=false`;
  project.provide('eventStoreHttp', `http://${address}`);
  return async () => {
    await container.stop();
  };
}
