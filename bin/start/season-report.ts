import type { Break, DemoResult, Refused, Settled } from '../../embedded/demo/index.ts';
import { plain } from '../ops/_cli/output.ts';
import type { Addresses } from './parts.ts';

export type Paint = (
  colour: 'green' | 'red' | 'yellow' | 'dim' | 'bold' | 'cyan',
  text: string,
) => string;

const euros = (cents: number): string =>
  `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`;

type Column = {
  readonly heading: string;
  readonly of: (row: Settled) => string;
  readonly left?: true;
};

const columns: readonly Column[] = [
  { heading: 'activity', of: ({ activity }) => activity.plan.title, left: true },
  {
    heading: 'seats',
    of: (row) =>
      row.status === 'cancelled' ? 'called off' : `${row.confirmed}/${row.activity.plan.capacity}`,
  },
  { heading: 'came', of: ({ admitted }) => String(admitted) },
  { heading: 'takings', of: ({ takings }) => euros(takings) },
  { heading: 'refunds', of: ({ refunds }) => euros(refunds) },
  { heading: 'fees', of: ({ fees }) => euros(fees) },
  { heading: 'difference', of: ({ difference }) => euros(difference) },
];

/** What the season came to, line by line. The last line is the difference, and nothing else. */
export function seasonReport(result: DemoResult, addresses: Addresses, paint: Paint): string[] {
  return [
    '',
    paint('bold', `The season of ${result.year}`),
    '',
    ...table(result.settled, paint),
    '',
    paint('bold', `Turned away (${result.refused.length})`),
    '',
    ...turnedAway(result.refused, paint),
    '',
    paint('bold', 'Look further'),
    '',
    ...links(result, addresses, paint),
    '',
    ...breakLines(result.breaks, paint),
    paint(result.difference === 0 ? 'green' : 'red', `difference ${euros(result.difference)} EUR`),
  ];
}

function table(rows: readonly Settled[], paint: Paint): string[] {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)));
  const totals = ['takings', 'refunds', 'fees', 'difference'] as const;
  const sum = (name: (typeof totals)[number]) =>
    euros(rows.reduce((total, row) => total + row[name], 0));
  const came = rows.reduce((total, { admitted }) => total + admitted, 0);
  const total = ['all', '', String(came), ...totals.map(sum)];
  const headings = columns.map(({ heading }) => heading);
  const widths = columns.map((_column, index) =>
    Math.max(...[headings, total, ...cells].map((line) => line[index]?.length ?? 0)),
  );
  const line = (texts: readonly string[]) =>
    `  ${texts
      .map((text, index) =>
        columns[index]?.left ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0),
      )
      .join('  ')}`;
  const rule = `  ${'─'.repeat(line(total).length - 2)}`;
  return [
    paint('dim', line(headings)),
    paint('dim', rule),
    ...cells.map(line),
    paint('dim', rule),
    paint('bold', line(total)),
  ];
}

/** By file and line, so that it can be found and mended there. */
const turnedAway = (refused: readonly Refused[], paint: Paint): string[] =>
  refused.flatMap(({ file, line, what, why }) => [
    `  ${paint('dim', `${file}:${line}`)}  ${plain(what)}`,
    `      ${plain(why)}`,
  ]);

function links({ settled }: DemoResult, addresses: Addresses, paint: Paint): string[] {
  const { writeUrl, readUrl, mailboxUrl, stripeUrl } = addresses;
  const [first] = settled;
  const rows: (readonly [string, string | undefined])[] = [
    ['what can be asked', `${readUrl}/docs`],
    ['what can be done', `${writeUrl}/docs`],
    ['the catalogue', `${readUrl}/v1/activities`],
    ['an activity', first && `${readUrl}/v1/activities/${first.activity.id}`],
    ['the tickets sent', mailboxUrl],
    ['the money', stripeUrl],
    ['the takings', 'npm run ops -- finance verify --all'],
  ];
  return rows.flatMap(([name, url]) =>
    url === undefined ? [] : [`  ${paint('dim', name.padEnd(18))}${url}`],
  );
}

function breakLines(breaks: readonly Break[], paint: Paint): string[] {
  return breaks.map(({ paymentId, tillId, balanceTransactionId, causes, difference, status }) => {
    const where = paymentId ?? tillId ?? balanceTransactionId ?? 'nothing that is known';
    const amount = `${euros(difference.amount)} ${difference.currency}`;
    return paint(
      status === 'break' ? 'red' : 'yellow',
      `${status} ${where}: ${causes.join(', ')}, ${amount}`,
    );
  });
}
