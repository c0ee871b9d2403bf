import { z } from 'zod';
import { speciesSchema } from '../../domain/_kernel/species.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';

export const daySchema = z.iso.date({ error: 'expected a day, such as 2025-11-20' });

/** What an owner says of a pet. */
export const detailsSchema = z.strictObject({
  name: lineSchema(1, 100).meta({ example: 'Rex' }),
  species: speciesSchema,
  breed: lineSchema(0, 100)
    .default('')
    .meta({ description: 'Empty: not known', example: 'Beagle' }),
  birthDate: daySchema.meta({ example: '2025-11-20' }),
});
