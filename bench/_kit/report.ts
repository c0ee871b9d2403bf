import type { Figures } from './drive.ts';
import { type Spread, spell } from './spread.ts';

/** One line of a table: what was measured, and how it compares with a floor of the same run. */
export type Row = {
  readonly what: string;
  readonly figures: Figures;
  readonly ratios?: Readonly<Record<string, number | Spread>>;
  /** Rates of all rounds, where there were several. */
  readonly rates?: Spread;
};

const ms = (value: number): string => value.toFixed(1);

export function printFigures(rows: readonly Row[]): void {
  console.table(
    Object.fromEntries(
      rows.map(({ what, figures, ratios = {}, rates }) => [
        what,
        {
          'per second': rates === undefined ? Math.round(figures.perSecond) : spell(rates, 0),
          'p50 ms': ms(figures.p50Ms),
          'p95 ms': ms(figures.p95Ms),
          'p99 ms': ms(figures.p99Ms),
          ...Object.fromEntries(
            Object.entries(ratios).map(([name, ratio]) => [
              name,
              typeof ratio === 'number' ? ratio.toFixed(2) : spell(ratio),
            ]),
          ),
        },
      ]),
    ),
  );
}

/** The whole result as JSON for a program, or `tables` for a person; with the exit code. */
export function report(
  result: { readonly refused: Readonly<Record<string, number>> },
  json: boolean,
  tables: () => void,
): void {
  if (json) console.log(JSON.stringify(result));
  else tables();
  if (Object.keys(result.refused).length === 0) return;
  console.error('Not answered with what was asked for:', result.refused);
  process.exitCode = 1;
}

/** Where a long run is, for who waits: on stderr, so that stdout is the result alone. */
export function progress(what: string): void {
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(5)} s  ${what}`);
}
