import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** Self time of one function, in milliseconds. */
export type SelfTime = { readonly what: string; readonly ms: number };

const INSPECTOR = new URL('http://127.0.0.1:9229/json/list');
const LOOKS = 200;
const LOOK_MS = 50;
const GOODBYE_MS = 1000;
const targets = z.array(z.object({ webSocketDebuggerUrl: z.string() })).min(1);
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
export type Profile = z.output<typeof profileSchema>;
const answerSchema = z.object({ id: z.number(), result: z.unknown() });

/**
 * Samples a Node process while `work` runs. SIGUSR1 opens its inspector (port 9229, so one process at
 * a time), which is closed again at the end: nothing has to be started in another way.
 */
export async function profiled(pid: number, work: () => Promise<unknown>): Promise<Profile> {
  if (await inspector())
    throw new Error(`port ${INSPECTOR.port} is taken: whose profile would it be?`);
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await inspectorUrl());
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('no inspector')), { once: true });
  });
  let lastId = 0;
  const call = (method: string, params: object = {}): Promise<unknown> => {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<unknown>((resolve) => {
      const heard = ({ data }: MessageEvent) => {
        const answer = answerSchema.safeParse(JSON.parse(String(data)));
        if (!answer.success || answer.data.id !== id) return;
        socket.removeEventListener('message', heard);
        resolve(answer.data.result);
      };
      socket.addEventListener('message', heard);
    });
    socket.send(JSON.stringify({ id, method, params }));
    return answered;
  };
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: 500 });
  await call('Profiler.start');
  await work();
  const { profile } = z.object({ profile: profileSchema }).parse(await call('Profiler.stop'));
  // It blocks the process until nobody is connected, so we are gone by then.
  const expression = `setTimeout(() => process.getBuiltinModule('inspector').close(), ${GOODBYE_MS})`;
  await call('Runtime.evaluate', { expression });
  socket.close();
  // Not asked before: a look is a connection, too.
  await delay(2 * GOODBYE_MS);
  await until(async () => (await inspector()) === undefined, 'the inspector did not close');
  return profile;
}

/** The address of the inspector that is open now. */
async function inspector(): Promise<string | undefined> {
  const headers = { connection: 'close' };
  const answer = await fetch(INSPECTOR, { headers }).catch(() => undefined);
  const [target] = answer === undefined ? [] : targets.parse(await answer.json());
  return target?.webSocketDebuggerUrl;
}

async function inspectorUrl(): Promise<string> {
  let url: string | undefined;
  await until(async () => {
    url = await inspector();
    return url !== undefined;
  }, 'no inspector came up');
  return url ?? '';
}

async function until(fits: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    if (await fits()) return;
    await delay(LOOK_MS);
  }
  throw new Error(`${otherwise} in ${LOOKS * LOOK_MS} ms`);
}

/** `node_modules/fastify/lib/reply.js` is `fastify`; our own files are their folder. */
function placeOf(url: string): string {
  const module = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (module !== undefined) return module;
  if (url.startsWith('node:')) return url;
  const root = new URL('../..', import.meta.url).href;
  return url.startsWith(root) ? url.slice(root.length) : '';
}

/** Self times without idling, longest first: by function, and by package or file. */
export function selfTimes({ nodes, samples, timeDeltas }: Profile): {
  readonly busyMs: number;
  readonly functions: readonly SelfTime[];
  readonly places: readonly SelfTime[];
} {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map<string, number>();
  const places = new Map<string, number>();
  let busyMs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id);
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const ms = (timeDeltas[index] ?? 0) / 1000;
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
    const place = placeOf(frame.url);
    const where = place === '' ? name : `${name} (${place}:${frame.lineNumber + 1})`;
    busyMs += ms;
    functions.set(where, (functions.get(where) ?? 0) + ms);
    places.set(place === '' ? name : place, (places.get(place === '' ? name : place) ?? 0) + ms);
  }
  const sorted = (times: ReadonlyMap<string, number>): SelfTime[] =>
    [...times].map(([what, ms]) => ({ what, ms })).sort((a, b) => b.ms - a.ms);
  return { busyMs, functions: sorted(functions), places: sorted(places) };
}
