type Waiting<Item, Answer> = {
  readonly item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
};

/**
 * Does one kind of work for many at once: what comes while it is under way gathers for the next turn,
 * so that whoever is busy has one statement (and one commit) for many, and whoever is idle no delay.
 * `work` gives an answer for each item, in their order; an error is told to its item alone. `begin`
 * says when the first of a turn is begun: at once, unless said otherwise.
 */
export function together<Item, Answer>(
  work: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>,
  begin: (go: () => void) => void = (go) => go(),
): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = [];
  let working = false;

  const turn = async (batch: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await work(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new RangeError('there is no answer for an item'));
        else if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const go = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await turn(batch);
    }
    working = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (working) return;
      working = true;
      begin(() => void go());
    });
}
