import { type Operation, publicAccess } from '../../platform/http/index.ts';
import type { LiveDefinition } from '../../projections/_runtime/live.ts';

const how =
  'Server-sent events. `snapshot`: what there is, in place of all that was told before; `change`: items to put in the place of those of the same id. An `id` is the ordinal up to which everything was told: `Last-Event-ID` goes on after it, at any process, and misses nothing. `end` says why we end the stream. A comment comes each 15 seconds.';

export function operationOf(definition: LiveDefinition): Operation & { description: string } {
  const { name, summary, description, query, example } = definition;
  const { permission } = query;
  return {
    ...{ name, summary, tag: query.tag, status: 200, stream: true },
    description: `${description}\n\n${how}`,
    access: permission.kind === 'roles' ? { kind: 'roles', roles: permission.roles } : publicAccess,
    problems: ['invalid-consistency-token', 'not-yet-visible', 'too-many-streams'],
    requestHeaders: ['LastEventId', 'ConsistencyToken', 'Prefer'],
    responseHeaders: ['ConsistencyToken'],
    example: { params: query.example.params, reply: example },
  };
}
