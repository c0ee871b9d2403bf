import { parseArgs } from 'node:util';
import { z } from 'zod';

/**
 * The flags of a benchmark: numbers with their defaults (whole, at least one), switches, and choices,
 * some of a list with commas between them, all of it when left out. One that is not among them, or not
 * what it should be, is an error that says so.
 */
export function readFlags<
  Numbers extends string,
  Switches extends string,
  Choices extends Readonly<Record<string, readonly [string, ...string[]]>> = Readonly<
    Record<never, never>
  >,
>(
  numbers: Readonly<Record<Numbers, number>>,
  switches: readonly Switches[],
  choices?: Choices,
): Flags<Numbers, Switches, Choices> {
  const whole = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
  const some = (all: readonly [string, ...string[]]) =>
    z
      .string()
      .default(all.join(','))
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(all)));
  const names = Object.keys(numbers) as Numbers[];
  const chosen = Object.entries(choices ?? {});
  const numberShape = Object.fromEntries(names.map((name) => [name, whole(numbers[name])]));
  const switchShape = Object.fromEntries(
    switches.map((name) => [name, z.boolean().default(false)]),
  );
  const choiceShape = Object.fromEntries(chosen.map(([name, all]) => [name, some(all)]));
  const texts = [...names, ...chosen.map(([name]) => name)];
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' as const }])),
    },
  });
  const shape = { ...numberShape, ...switchShape, ...choiceShape };
  const parsed = z.object(shape).safeParse(values);
  if (!parsed.success) throw new TypeError(`flags: ${z.prettifyError(parsed.error)}`);
  return parsed.data as Flags<Numbers, Switches, Choices>;
}

type Flags<
  Numbers extends string,
  Switches extends string,
  Choices extends Readonly<Record<string, readonly string[]>>,
> = Readonly<
  Record<Numbers, number> &
    Record<Switches, boolean> & { [Name in keyof Choices]: readonly Choices[Name][number][] }
>;
