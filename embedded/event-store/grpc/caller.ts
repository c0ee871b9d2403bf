import { type Metadata, status } from '@grpc/grpc-js';
import type { Access, Refusal } from '../access/index.ts';
import type { Identity } from '../access/sign-in.ts';
import type { Action } from '../core/access.ts';
import { type CallStatus, callStatus, failureStatus } from '../wire/failures.ts';
import type { Sender } from './calls.ts';

/** Who calls, on a node with users. A handler without one lets everybody do everything. */
export type Caller = {
  /** As {@link Access.refusal}. */
  refusal(action: Action, stream: string): Refusal | Promise<Refusal>;
  /** As {@link Access.refusalToOperate}. */
  refusalToOperate(): Refusal;
  onChange: Access['onChange'];
};

const refusalOf = (kind: 'refused' | 'busy'): CallStatus =>
  kind === 'busy'
    ? callStatus(status.UNAVAILABLE, 'too many credentials are being checked')
    : // Without the trailers of other errors, as an HTTP server's 401 arrives.
      callStatus(status.UNAUTHENTICATED, 'the credentials are not valid');

type Call = {
  readonly metadata: Pick<Metadata, 'get'>;
  readonly cancelled: boolean;
};

/** Serves a call once it is known who calls, or fails it. */
export const identified = (
  access: Access,
  call: Call,
  serve: (caller: Caller) => void,
  fail: (why: CallStatus) => void,
): void => {
  const settle = (identity: Identity): void => {
    // Its end was heard by nobody: there was no handler yet.
    if (call.cancelled) return;
    if (identity.kind === 'refused' || identity.kind === 'busy') {
      fail(refusalOf(identity.kind));
      return;
    }
    const user = identity.kind === 'user' ? identity.user : undefined;
    serve({
      refusal: (action, stream) => access.refusal(user, action, stream),
      refusalToOperate: () => access.refusalToOperate(user),
      onChange: access.onChange,
    });
  };
  const [header] = call.metadata.get('authorization');
  const identity = access.signIn(header?.toString());
  if (!(identity instanceof Promise)) settle(identity);
  else {
    identity.then(settle, (error: unknown) =>
      fail(callStatus(status.INTERNAL, `the credentials cannot be checked: ${String(error)}`)),
    );
  }
};

/** Does something with an answer, at once when it is there: nothing then comes in between. */
export const whenKnown = <T>(answer: T | Promise<T>, use: (answer: T) => void): void => {
  if (answer instanceof Promise) void answer.then(use);
  else use(answer);
};

/** Ends a subscription when its caller may no longer read the stream. */
export const endWhenRefused = (caller: Caller, sender: Sender, stream: string): void => {
  const off = caller.onChange(stream, () => {
    whenKnown(caller.refusal('read', stream), (refusal) => {
      if (refusal !== undefined) sender.fail(failureStatus(refusal));
    });
  });
  sender.over.addEventListener('abort', off, { once: true });
};
