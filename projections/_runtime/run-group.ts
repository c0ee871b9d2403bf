import { setTimeout as delay } from 'node:timers/promises';
import { startConsumer } from '../../platform/consumer/index.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import { openGroup } from './group.ts';
import type { Group, GroupSession } from './member.ts';
import type { ReadParked } from './parked.ts';
import type { ViewSet } from './views.ts';

export type RunOptions = {
  readonly eventStore: EventStore;
  readonly url: string;
  readonly views?: ViewSet;
  readonly log: Logger;
  readonly readEvents: ReadParked;
  /** Told of one that cannot go on: the group does without it, and nobody runs it. */
  readonly onFault: (definition: ProjectionDefinition) => void;
};

/** So many that the rows of an enrollment are written once for most of its events. */
const CATCH_UP_BATCH = 4000;

/** Runs projections on one subscription, over as many sessions as it takes. */
export function runGroup(
  options: RunOptions,
  members: readonly ProjectionDefinition[],
  { name, failed = false }: { readonly name: string; readonly failed?: boolean },
): Group {
  const { eventStore, log, onFault, ...rest } = options;
  const stopping = new AbortController();
  let session: GroupSession | null = null;
  let standby = false;
  let current = members;
  const without = (definition: ProjectionDefinition): void => {
    current = current.filter((one) => one !== definition);
  };

  const open = async (): Promise<GroupSession> => {
    const opened = await openGroup({
      ...rest,
      definitions: current,
      log,
      stopping: stopping.signal,
      onStandby: (value) => {
        standby = value;
      },
      onFault: (definition) => {
        without(definition);
        onFault(definition);
      },
    });
    session = opened;
    const polite = current.every(({ compares }) => compares === 'audit');
    return {
      ...opened,
      apply: polite ? (batch) => politely(() => opened.apply(batch)) : opened.apply,
      close: async () => {
        session = null;
        await opened.close();
      },
    };
  };
  const definition = { name, open, maxCatchUpBatch: CATCH_UP_BATCH };
  const consumer = startConsumer({ eventStore, log, definition });

  return {
    get definitions() {
      return current;
    },
    drop: without,
    release: async (definition) => {
      without(definition);
      await session?.release(definition);
    },
    consumer,
    session: () => session,
    standby: () => standby,
    well: () => {
      const { phase, trouble } = consumer.health();
      return trouble === null && (!failed || phase === 'live');
    },
    stop: async () => {
      stopping.abort();
      await consumer.stop();
    },
  };
}

/** Rests three times as long as the work took: whoever serves people comes first. */
async function politely(work: () => Promise<void>): Promise<void> {
  const begunAt = performance.now();
  await work();
  await delay(Math.min(1000, 3 * (performance.now() - begunAt)));
}
