import { z } from 'zod';
import { basics } from '../ops/_cli/options.ts';
import {
  type BaseContext,
  defineVerb,
  type Run,
  type Verb,
  type VerbDefinition,
} from '../ops/_cli/verb.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** What a verb of `npm run event-store` is run with. */
export type NodeContext = BaseContext & { readonly env: Variables };
export type NodeRun<I extends z.ZodObject> = Run<z.output<I>, NodeContext>;

/** Options that every verb takes. */
export const common = z.strictObject(basics);

export const defineNodeVerb = <I extends z.ZodObject>(
  definition: VerbDefinition<I, NodeContext>,
): Verb<NodeContext> => defineVerb<I, NodeContext>(definition);
