import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics; `/metrics` renders them in Prometheus' text format. */
export const registry = new Registry();

let defaults = false;

/** Adds the process's own figures (event loop lag, heap, handles). Once a process. */
export function collectProcessMetrics(): void {
  if (defaults) return;
  defaults = true;
  collectDefaultMetrics({ register: registry });
}

type Options = {
  readonly name: `pawprint_${string}`;
  readonly help: string;
  readonly labels?: readonly string[];
};

const existing = <T>(name: string): T | undefined =>
  registry.getSingleMetric(name) as T | undefined;

/** The one of this name, or a new one: modules that count the same need not know each other. */
export function counter({ name, help, labels = [] }: Options): Counter {
  return (
    existing<Counter>(name) ??
    new Counter({ name, help, labelNames: [...labels], registers: [registry] })
  );
}

/** A gauge; `collect` is called at each scrape, for values that are looked up. */
export function gauge(
  { name, help, labels = [] }: Options,
  collect?: (gauge: Gauge) => void | Promise<void>,
): Gauge {
  const present = existing<Gauge>(name);
  if (present !== undefined) return present;
  return new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    ...(collect === undefined
      ? {}
      : {
          async collect(this: Gauge) {
            await collect(this);
          },
        }),
  });
}

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** Of seconds, unless other buckets are given. One per name, as with `counter`. */
export function histogram(
  { name, help, labels = [] }: Options,
  buckets: readonly number[] = SECONDS,
): Histogram {
  return (
    existing<Histogram>(name) ??
    new Histogram({
      name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [registry],
    })
  );
}

export async function renderMetrics(): Promise<{ contentType: string; text: string }> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
