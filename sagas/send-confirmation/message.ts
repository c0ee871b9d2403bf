import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { formatMoney, type Money } from '../../domain/_kernel/money.ts';
import type { Instant } from '../../domain/_kernel/time.ts';

export type Confirmation = {
  readonly attendeeName: string;
  readonly title: string;
  readonly venue: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly timeZone: string;
  readonly amountPaid: Money;
  readonly ticket: string;
  readonly enrollmentId: string;
};

/**
 * Compiled once. `strict`: a name that is missing is an error, not an empty place. Handlebars gives
 * templates no access to prototypes, and ours use its built-in helpers only.
 */
function template(name: string, options: CompileOptions) {
  const source = readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8');
  const render = Handlebars.compile(source, { strict: true, knownHelpersOnly: true, ...options });
  return (values: object) =>
    render(values, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
}

/** The confirmation as text and HTML. Reads and compiles the templates now, not at the first mail. */
export function confirmationMessage(): (confirmation: Confirmation) => {
  subject: string;
  text: string;
  html: string;
} {
  // Plain text has nothing to escape.
  const text = template('confirmation.txt.hbs', { noEscape: true });
  const html = template('confirmation.html.hbs', {});
  return (confirmation) => {
    const { amountPaid, startsAt, endsAt, timeZone } = confirmation;
    const values = {
      ...confirmation,
      starts: localTime(startsAt, timeZone),
      ends: localTime(endsAt, timeZone),
      free: amountPaid.amount === 0,
      paid: formatMoney(amountPaid),
    };
    return {
      subject: `Your ticket: ${confirmation.title}`,
      text: text(values),
      html: html(values),
    };
  };
}

/** One for each zone, of which there are some hundred: to make one takes longer than all of the mail. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit' },
  });
  formats.set(timeZone, made);
  return made;
}

/** `Saturday 1 May 2027, 10:00 (Europe/Berlin)`: the time on the spot, and which zone that is. */
export function localTime(instant: Instant, timeZone: string): string {
  const local = formatIn(timeZone).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    local.find((candidate) => candidate.type === type)?.value ?? '';
  const day = `${part('weekday')} ${part('day')} ${part('month')} ${part('year')}`;
  return `${day}, ${part('hour')}:${part('minute')} (${timeZone})`;
}
