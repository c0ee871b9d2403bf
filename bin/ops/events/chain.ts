/** An event in a chain of causes, as the audit trail has it. */
export type Link = {
  readonly ordinal: number;
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly causationId: string;
};

/** Links that one event leads to, `depth` 1 for what it caused itself. */
export type Effect = Link & { readonly depth: number };

export type Chain = {
  /** From what caused it back to the beginning. */
  readonly causes: readonly Link[];
  /** What caused the last of these (or the event itself): a command, or something of a saga. */
  readonly began: string;
  /** What it led to, each below what caused it, in the order of the log. */
  readonly effects: readonly Effect[];
};

/** The causes and effects of an event among those that share its correlation. */
export function chainOf(event: Link, correlated: readonly Link[]): Chain {
  const byId = new Map(correlated.map((link) => [link.id, link]));
  const causes: Link[] = [];
  let began = event.causationId;
  // An id of a cause is older than what it caused; the bound is for a log that somebody wrote by hand.
  for (let at = byId.get(began); at !== undefined && !causes.includes(at); at = byId.get(began)) {
    causes.push(at);
    began = at.causationId;
  }
  return { causes, began, effects: effectsOf(event, correlated) };
}

function effectsOf(event: Link, correlated: readonly Link[]): readonly Effect[] {
  const effects = new Map<string, readonly Link[]>();
  for (const link of correlated) {
    effects.set(link.causationId, [...(effects.get(link.causationId) ?? []), link]);
  }
  const told = new Set([event.id]);
  const below = (id: string, depth: number): Effect[] =>
    (effects.get(id) ?? []).flatMap((link) => {
      if (told.has(link.id)) return [];
      told.add(link.id);
      return [{ ...link, depth }, ...below(link.id, depth + 1)];
    });
  return below(event.id, 1);
}
