import type { Access } from './access/index.ts';
import type { Followers } from './follow/index.ts';
import type { OpenCalls } from './grpc/calls.ts';
import type { Incomplete } from './grpc/incomplete.ts';
import type { Hub } from './live/hub.ts';
import type { LogReader } from './log/reader.ts';
import type { Log } from './options.ts';
import type { Writer } from './write/writer.ts';

/** What the gRPC services work with. */
export type Node = {
  readonly writer: Writer;
  readonly reader: LogReader;
  readonly hub: Hub;
  readonly followers: Followers;
  readonly calls: OpenCalls;
  readonly incomplete: Incomplete;
  readonly log: Log;
  /** Undefined: everybody may do everything. */
  readonly access: Access | undefined;
  /** Under which host and port clients reach the node. */
  readonly address: () => { host: string; port: number };
  readonly instanceId: string;
};
