import projections from '@eventstore/db-client/generated/projections_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { FollowerStatus } from '../follow/index.ts';
import type { Node } from '../node.ts';
import { callStatus, failureStatus } from '../wire/failures.ts';
import { type Caller, whenKnown } from './caller.ts';
import { createSender } from './calls.ts';
import { type SingleReply, singleReply } from './single.ts';

/** Every request of this service that names a projection. */
type Named = { getOptions(): { getName(): string } | undefined };

type StatisticsCall = ServerWritableStream<projections.StatisticsReq, Buffer>;

/** A status is a header, which has to be short. */
const notFound = (name: string) =>
  callStatus(status.NOT_FOUND, `Projection '${name.slice(0, 200)}' not found`);

const STATUS = { running: 'Running', stopped: 'Stopped', faulted: 'Faulted' } as const;
const place = (position: bigint): string => `C:${position}/P:${position}`;

/** `head`: the position of the newest event. */
const detailsOf = (follower: FollowerStatus, head: bigint): Buffer => {
  const { name, state, reason, position, checkpoint, considered } = follower;
  const details = new projections.StatisticsResp.Details();
  details.setName(name);
  details.setEffectivename(name);
  details.setMode('Continuous');
  details.setStatus(STATUS[state]);
  details.setStatereason(reason);
  details.setPosition(place(position));
  details.setLastcheckpoint(place(checkpoint));
  details.setProgress(head === 0n ? 100 : Math.min(100, (Number(position) / Number(head)) * 100));
  details.setEventsprocessedafterrestart(considered.toString());
  for (const count of ['Coreprocessingtime', 'Version', 'Epoch', 'Bufferedevents'] as const) {
    details[`set${count}`]('0');
  }
  const answer = new projections.StatisticsResp();
  answer.setDetails(details);
  return Buffer.from(answer.serializeBinary());
};

/** All of ours are continuous; `undefined` is a name that nobody has. */
const chosen = (
  all: readonly FollowerStatus[],
  request: projections.StatisticsReq,
): readonly FollowerStatus[] | undefined => {
  const options = request.getOptions();
  if (options === undefined || options.hasAll() || options.hasContinuous()) return all;
  if (!options.hasName()) return [];
  const found = all.filter(({ name }) => name === options.getName());
  return found.length === 0 ? undefined : found;
};

const EMPTY = Buffer.from(new shared.Empty().serializeBinary());

/**
 * The standard projections by the calls of clients: switching, statistics, a new start. Projections of
 * users need an engine for their code, which is not here.
 */
export const projectionHandlers = (node: Node) => {
  const { followers } = node;

  /** One answer, for operators. */
  const operation =
    <Request>(act: (request: Request, reply: SingleReply) => void) =>
    (
      call: ServerUnaryCall<Request, Buffer>,
      callback: sendUnaryData<Buffer>,
      caller: Caller | undefined,
    ): void => {
      const reply = singleReply(node.calls, call, callback);
      const refusal = caller?.refusalToOperate();
      if (refusal === undefined) act(call.request, reply);
      else reply.fail(failureStatus(refusal));
    };

  const named = (act: (name: string, reply: SingleReply) => void) =>
    operation<Named>((request, reply) => {
      const name = request.getOptions()?.getName() ?? '';
      if (followers.has(name)) act(name, reply);
      else reply.fail(notFound(name));
    });

  const switching = (enabled: boolean) =>
    named((name, reply) =>
      whenKnown(followers.switch(name, enabled), (outcome) => {
        if (outcome.ok) reply.send(EMPTY);
        else reply.fail(failureStatus(outcome.failure));
      }),
    );

  const fixed = named((name, reply) =>
    reply.fail(
      callStatus(status.UNIMPLEMENTED, `${name} is built in: it can be enabled and disabled only`),
    ),
  );

  return {
    statistics(call: StatisticsCall, caller: Caller | undefined): void {
      const sender = createSender(call, node.calls);
      const refusal = caller?.refusalToOperate();
      const found = chosen(followers.statuses(), call.request);
      if (refusal !== undefined) sender.fail(failureStatus(refusal));
      else if (found === undefined) {
        sender.fail(notFound(call.request.getOptions()?.getName() ?? ''));
      } else {
        for (const one of found) void sender.send(detailsOf(one, node.hub.head));
        sender.end();
      }
    },
    enable: switching(true),
    disable: switching(false),
    restartSubsystem: operation((_request, reply) => {
      followers.restart();
      reply.send(EMPTY);
    }),
    update: fixed,
    delete: fixed,
    reset: fixed,
    state: fixed,
    result: fixed,
  };
};
