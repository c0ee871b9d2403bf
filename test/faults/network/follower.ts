import { type ClientRequest, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const data = z.object({ items: z.array(z.record(z.string(), z.unknown())) });

/** A message of a live stream that has an id, and whom it came from. */
export type Told = z.output<typeof data> & {
  readonly id: number;
  readonly event: string;
  readonly by: string;
};

export type Follower = {
  /** All messages of all connections, in the order in which they came. */
  readonly told: readonly Told[];
  /** How often it connected. */
  connections(): number;
  /** Ends the connection, as a telephone in a tunnel does. */
  cut(): void;
  stop(): Promise<void>;
};

/** A browser waits for the stream's `retry:`; here the next process is asked at once. */
const PAUSE_MS = 50;

/**
 * Follows as `EventSource` does: whenever the stream is over it connects again, to the next of these
 * processes, and goes on after the last id that it has.
 */
export function startFollower({
  urls,
  path,
  token,
}: {
  readonly urls: readonly string[];
  readonly path: string;
  readonly token: string;
}): Follower {
  const told: Told[] = [];
  let connections = 0;
  let stopped = false;
  let current: ClientRequest | undefined;

  const connection = (url: string): Promise<void> =>
    new Promise((resolve) => {
      const last = told.at(-1)?.id;
      const headers = {
        authorization: `Bearer ${token}`,
        ...(last === undefined ? {} : { 'last-event-id': String(last) }),
      };
      const sent = request(`${url}${path}`, { headers, agent: false });
      current = sent;
      // Refused, cut or ended: all the same to who follows.
      sent.once('error', () => resolve());
      sent.once('close', () => resolve());
      sent.once('response', (response) => {
        let rest = '';
        response.on('error', () => resolve());
        response.on('data', (chunk: Buffer) => {
          const parts = (rest + chunk.toString()).split('\n\n');
          rest = parts.pop() ?? '';
          told.push(...parts.flatMap((part) => messageIn(part, url)));
        });
      });
      sent.end();
    });

  const running = (async () => {
    while (!stopped) {
      await connection(urls[connections % urls.length] ?? '');
      connections += 1;
      await delay(PAUSE_MS);
    }
  })();

  return {
    told,
    connections: () => connections,
    cut: () => void current?.destroy(),
    stop: async () => {
      stopped = true;
      current?.destroy();
      await running;
    },
  };
}

/** None in a heartbeat, and in the word of goodbye: that one has no id. */
function messageIn(part: string, by: string): Told[] {
  const lines = part.split('\n').map((line) => [line.split(': ', 1)[0], line] as const);
  const field = (name: string) =>
    lines.find(([key]) => key === name)?.[1].slice(name.length + ': '.length);
  const id = field('id');
  if (id === undefined) return [];
  return [
    {
      id: Number(id),
      event: field('event') ?? '',
      by,
      ...data.parse(JSON.parse(field('data') ?? '')),
    },
  ];
}
