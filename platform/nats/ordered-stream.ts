import {
  headers,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
  nanos,
  type PubAck,
  StorageType,
  type StreamConfig,
} from 'nats';
import { timeLimits } from '../time-limits.ts';

/** What a stream of ours must be. Limits hold when it is made; later they are the operator's. */
export type StreamSettings = {
  readonly name: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly maxAgeDays: number;
  readonly maxBytes: number;
  /** How long JetStream remembers message ids. */
  readonly duplicateWindowSeconds: number;
};

export type OutgoingMessage = {
  readonly subject: string;
  /** `Nats-Msg-Id`: the same for every attempt. */
  readonly id: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
};

/** JetStream did not say that a message is stored. It may be: send the same ids again. */
export class PublishUnknownError extends Error {
  override readonly name = 'PublishUnknownError';
}

export type OrderedStream = {
  /** The newest message there was (on the first of the subjects) when it was opened; null: none. */
  readonly last: { readonly body: Uint8Array } | null;
  /** The largest body that the server takes, with room left for headers. */
  readonly maxBodyBytes: number;
  /**
   * Stores messages in this order, each of them once. Throws `PublishUnknownError` at the first that
   * was not acknowledged; what comes behind it is not stored then. After that, open it again.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<{ stored: number; duplicates: number }>;
};

const HEADER_ROOM = 8 * 1024;
/** Acknowledgements that are waited for at the same time, by number and by bytes. */
const WINDOW = { messages: 256, bytes: 4 * 1024 * 1024 };

/**
 * A stream that this process alone writes. Every message says after which one it belongs
 * (`Nats-Expected-Last-Sequence`): one that was lost on the way lets none behind it overtake, and a
 * writer that was replaced without knowing it is refused.
 */
export async function openOrderedStream(
  connection: NatsConnection,
  settings: StreamSettings,
): Promise<OrderedStream> {
  const manager = await connection.jetstreamManager({ timeout: timeLimits.nats.ackMs });
  await ensureStream(manager, settings);
  const { state } = await manager.streams.info(settings.name);
  const last = await lastMessage(manager, settings);
  const jetstream = connection.jetstream({ timeout: timeLimits.nats.ackMs });

  let end = state.last_seq;
  // Until the first message is stored, any could be a duplicate, which does not move the end.
  let moving = false;

  const send = ({ subject, id, body, headers: more }: OutgoingMessage, lastSequence: number) => {
    const carried = headers();
    for (const [name, value] of Object.entries(more)) carried.set(name, value);
    return jetstream.publish(subject, body, {
      msgID: id,
      headers: carried,
      timeout: timeLimits.nats.ackMs,
      expect: { streamName: settings.name, lastSequence },
    });
  };

  return {
    last,
    maxBodyBytes: (connection.info?.max_payload ?? 1024 * 1024) - HEADER_ROOM,
    publish: async (messages) => {
      const result = { stored: 0, duplicates: 0 };
      let rest = messages;
      while (rest.length > 0) {
        const window = moving ? cutWindow(rest) : rest.slice(0, 1);
        const base = end;
        // All are waited for, also behind one that failed: none is under way any more after this.
        const acks = await Promise.allSettled(window.map((one, n) => send(one, base + n)));
        for (const [n, ack] of acks.entries()) {
          const { duplicate, seq } = acknowledged(ack, window[n]?.id);
          result[duplicate ? 'duplicates' : 'stored'] += 1;
          moving ||= !duplicate;
          end = Math.max(end, seq);
        }
        rest = rest.slice(window.length);
      }
      return result;
    },
  };
}

function acknowledged(ack: PromiseSettledResult<PubAck>, id: string | undefined): PubAck {
  if (ack.status === 'fulfilled') return ack.value;
  throw new PublishUnknownError(
    `JetStream did not acknowledge message ${id}: ${text(ack.reason)}`,
    { cause: ack.reason },
  );
}

const text = (reason: unknown): string =>
  reason instanceof Error ? reason.message : String(reason);

function cutWindow(messages: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
  let bytes = 0;
  const tooMany = messages.findIndex(({ body }, index) => {
    bytes += body.length;
    return index > 0 && (index >= WINDOW.messages || bytes > WINDOW.bytes);
  });
  return tooMany === -1 ? messages : messages.slice(0, tooMany);
}

/** Makes the stream, or adds what it lacks. */
async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  const { name, description, maxBytes } = settings;
  const subjects = [...settings.subjects];
  const window = nanos(settings.duplicateWindowSeconds * 1000);
  const found = await unlessMissing(manager.streams.info(name));
  if (found === null) {
    await manager.streams.add({
      ...{ name, description, subjects, storage: StorageType.File, max_bytes: maxBytes },
      max_age: nanos(settings.maxAgeDays * 86_400_000),
      duplicate_window: window,
    } satisfies Partial<StreamConfig>);
    return;
  }
  const { config } = found;
  const lacking = subjects.filter((subject) => !config.subjects.includes(subject));
  if (lacking.length === 0 && config.duplicate_window >= window) return;
  await manager.streams.update(name, {
    ...config,
    subjects: [...config.subjects, ...lacking],
    duplicate_window: Math.max(config.duplicate_window, window),
  });
}

async function lastMessage(
  manager: JetStreamManager,
  { name, subjects }: StreamSettings,
): Promise<{ body: Uint8Array } | null> {
  const query = { last_by_subj: subjects[0] ?? '>' };
  const message = await unlessMissing(manager.streams.getMessage(name, query));
  return message === null ? null : { body: message.data };
}

async function unlessMissing<T>(question: Promise<T>): Promise<T | null> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return null;
    throw error;
  }
}
