export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** A part that is up. */
export type Running<Value> = {
  /** What others need to know of it, e.g. its URL. */
  value: Value;
  /** Left out when it lives in the supervisor's own process. */
  pid?: number;
  /** Settles when it is gone, asked for or not. */
  exited: Promise<Exit>;
  stop(): Promise<void>;
  /** For a part that does not stop in its time, and for the impatient. */
  kill?(signal: NodeJS.Signals): void;
};

export type PartContext = {
  log(line: string): void;
  /** Aborted when the whole is to stop: give up a start that is under way. */
  signal: AbortSignal;
  /** 1 at the first start. */
  attempt: number;
};

export type PartSpec<Value> = {
  name: string;
  /** For people. */
  title: string;
  /** Started after these, stopped before them. */
  needs?: readonly Part<unknown>[];
  /** When the first start of a critical part fails, everything stops. Default: true. */
  critical?: boolean;
  /** How long `stop()` may take before the part is killed. Default: 10 s. */
  stopPatienceMs?: number;
  start(context: PartContext): Promise<Running<Value>>;
};

export type Part<Value> = Required<PartSpec<Value>> & {
  /** The value of the running part; of the last run while it is being started again. */
  value(): Value;
};

/** A part's value was asked for before the part was up: a missing entry in `needs`. */
export class PartNotUp extends Error {
  override name = 'PartNotUp';
}

export function definePart<Value>(spec: PartSpec<Value>): Part<Value> {
  let last: Running<Value> | undefined;
  return {
    needs: [],
    critical: true,
    stopPatienceMs: 10_000,
    ...spec,
    async start(context) {
      last = await spec.start(context);
      return last;
    },
    value() {
      if (last === undefined) throw new PartNotUp(`${spec.name} has not been started yet`);
      return last.value;
    },
  };
}

/** A part that lives in the supervisor's own process: it is gone when it was stopped. */
export function inProcess<Value>(value: Value, stop: () => Promise<void>): Running<Value> {
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  return {
    value,
    exited,
    async stop() {
      await stop();
      resolve({ code: 0, signal: null });
    },
  };
}
