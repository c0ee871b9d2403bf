import { z } from 'zod';

/** Kinds of pets. Activities ask for them, so they are a list and not text; `other` is the rest. */
export const speciesSchema = z.enum([
  'dog',
  'cat',
  'rabbit',
  'guinea-pig',
  'hamster',
  'bird',
  'reptile',
  'fish',
  'horse',
  'other',
]);
export type Species = z.infer<typeof speciesSchema>;
