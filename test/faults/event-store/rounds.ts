/** How much is played: few by hand, or as many as ROUNDS says; `npm run faults` sets it. */
export const rounds = (few: number): number => Number(process.env['ROUNDS'] ?? few);

/** SEED plays the same kills again; what they hit depends on the machine as well. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
