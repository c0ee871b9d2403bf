import { type Aggregate, fold } from './aggregate.ts';
import type { DomainEvent } from './event.ts';
import { deriveId } from './ids.ts';
import { type Decision, isRejection } from './rejection.ts';

/**
 * Each aggregate tells how it behaves by examples: a history for each status (and for other
 * situations that matter), and each command with an example input. The table in its README is made
 * of them by running every command in every situation; specs start from the same histories.
 */
export type Examples<State extends { readonly status: string }, Event extends DomainEvent> = {
  readonly aggregate: Aggregate<State, Event>;
  readonly statuses: { readonly [S in State['status']]: readonly Event[] };
  /** Situations that a status alone does not tell apart. */
  readonly situations?: Readonly<Record<string, readonly Event[]>>;
  /** Named as the function in `decide.ts`; a second example of one says which: `takeSeat (free)`. */
  readonly commands: Readonly<Record<string, (state: State) => Decision<Event>>>;
};

export function defineExamples<
  State extends { readonly status: string },
  Event extends DomainEvent,
>(
  aggregate: Aggregate<State, Event>,
  examples: Omit<Examples<State, NoInfer<Event>>, 'aggregate'>,
): Examples<State, Event> {
  return { aggregate, ...examples };
}

/** Ids for examples: the same everywhere, so that aggregates' examples belong together. */
export const exampleIds = {
  activityId: deriveId('act', 'example'),
  articleId: deriveId('art', 'example'),
  batchId: deriveId('bat', 'example'),
  enrollmentId: deriveId('enr', 'example'),
  giftId: deriveId('gft', 'example'),
  installationId: deriveId('ins', 'example'),
  memberId: deriveId('mem', 'example'),
  paymentId: deriveId('pay', 'example'),
  petId: deriveId('pet', 'example'),
  refundId: deriveId('ref', 'example'),
  ticketId: deriveId('tkt', 'example'),
  tillId: deriveId('til', 'example'),
} as const;

/** The status × command table in Markdown: what each command comes to in each situation. */
export function commandTable<State extends { readonly status: string }, Event extends DomainEvent>(
  examples: Examples<State, Event>,
): string {
  const { aggregate, commands } = examples;
  const situations = situationsOf(examples);
  const rows = Object.entries(commands).map(([name, command]) => [
    `\`${name}\``,
    ...situations.map(([, history]) => outcome(command(fold(aggregate, history)))),
  ]);
  const header = ['command', ...situations.map(([name]) => name)];
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function situationsOf<State extends { readonly status: string }, Event extends DomainEvent>({
  statuses,
  situations = {},
}: Examples<State, Event>): [string, readonly Event[]][] {
  return [...Object.entries<readonly Event[]>(statuses), ...Object.entries(situations)];
}

function outcome(decision: Decision<DomainEvent>): string {
  if (isRejection(decision)) return `*${decision.code}*`;
  return decision.length === 0 ? 'nothing' : decision.map(({ type }) => type).join(', ');
}
