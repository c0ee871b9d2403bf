import { parseArgs } from 'node:util';
import { z } from 'zod';

/**
 * The flags of a benchmark: numbers with their defaults (whole, at least one), and switches. One that
 * is not among them, or not a number, is an error that says so.
 */
export function readFlags<Numbers extends string, Switches extends string>(
  numbers: Readonly<Record<Numbers, number>>,
  switches: readonly Switches[],
): Readonly<Record<Numbers, number> & Record<Switches, boolean>> {
  const whole = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
  const names = Object.keys(numbers) as Numbers[];
  const numberShape = Object.fromEntries(names.map((name) => [name, whole(numbers[name])]));
  const switchShape = Object.fromEntries(
    switches.map((name) => [name, z.boolean().default(false)]),
  );
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' as const }])),
    },
  });
  const parsed = z.object({ ...numberShape, ...switchShape }).safeParse(values);
  if (!parsed.success) throw new TypeError(`flags: ${z.prettifyError(parsed.error)}`);
  return parsed.data as Record<Numbers, number> & Record<Switches, boolean>;
}
