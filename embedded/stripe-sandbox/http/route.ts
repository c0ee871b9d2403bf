import type { z } from 'zod';
import type { Work } from '../store/work.ts';
import type { Access } from './access.ts';
import type { Form } from './form.ts';
import { parseParams } from './params.ts';

export type Call<P> = {
  readonly work: Work;
  readonly access: Access;
  /** The `:id` of the path; empty where the path has none. */
  readonly id: string;
  readonly params: P;
  /** Where a browser reaches the sandbox, for the 3-D Secure page. */
  readonly baseUrl: string;
};
/** A status other than 200 is a refusal that changed state, a declined card for one. */
export type Reply = { readonly status?: number; readonly body: object };

type Definition<P> = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `client`: the publishable key will do, if the call proves the intent's client secret. */
  readonly access: 'secret' | 'client';
  readonly params: z.ZodType<P>;
  readonly handle: (call: Call<P>) => Promise<Reply>;
};

/** A row of the route table; parameters are checked first, `run` needs the transaction. */
export type Route = Omit<Definition<unknown>, 'params' | 'handle'> & {
  prepare(raw: Form): (call: Omit<Call<unknown>, 'params'>) => Promise<Reply>;
};

export function route<P>({ params, handle, ...rest }: Definition<P>): Route {
  return {
    ...rest,
    prepare(raw) {
      const parsed = parseParams(params, raw);
      return (call) => handle({ ...call, params: parsed });
    },
  };
}
