import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** The machine a figure belongs to. A load of others above half its cores makes rates worthless. */
export function environment() {
  const [load = 0] = loadavg();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: Number(load.toFixed(2)),
  };
}
