import { resolve } from 'node:path';
import { z } from 'zod';
import { exits } from '../ops/_cli/verb.ts';
import { counted, createProgress, megabytes, remaining } from './progress.ts';
import { fileArgument, moving, serverOf, serverOption } from './server.ts';
import { defineNodeVerb } from './verb.ts';

const input = z.strictObject({
  file: fileArgument('the file to write'),
  from: serverOption('the event store to read'),
  resume: z
    .boolean()
    .default(false)
    .meta({ description: 'go on with a file that is there: at its last whole line' }),
});

export const exportVerb = defineNodeVerb({
  name: 'export',
  summary: 'Write the whole log of an event store into a file of JSON lines',
  description: `From our node or a real EventStoreDB. Bytes of data and metadata are kept exactly. The file ends with
a count and a SHA-256 of all above, so that a truncated or changed one is told. After a kill --resume
goes on; on a file that is whole it adds what is new. Streams of the server's own ($…) are left out.`,
  input,
  positional: ['file'],
  finding:
    'the log or the file does not allow it: a gap in a stream, another log, a file that is there',
  examples: [
    {
      line: 'npm run event-store -- export log.ndjson --from esdb://127.0.0.1:2113?tls=false',
      does: 'the log of a node on this machine',
    },
    {
      line: 'npm run event-store -- export log.ndjson --resume --json',
      does: '{ ok, file, events, before, bytes, position, sha256 }, from EVENTSTORE_URL',
    },
  ],
  run: ({ input: asked, out, signal, env }) =>
    moving(out, async () => {
      const { exportLog, textOfPosition } = await import(
        '../../embedded/event-store/move/index.ts'
      );
      const file = resolve(asked.file);
      const show = createProgress(out);
      const began = performance.now();
      const written = await exportLog({
        ...{ file, signal, resume: asked.resume, url: serverOf(asked.from, '--from', env) },
        onProgress: ({ events, bytes, share }) =>
          show(() => {
            const rest = remaining(share, 1, performance.now() - began);
            return `${counted(events)} events, ${megabytes(bytes)}, ${Math.floor(share * 100)} %, ${rest} left`;
          }),
      });
      const position = written.position === null ? null : textOfPosition(written.position);
      out.show({ ok: true, file, ...written, position }, () => [
        `${file}: ${counted(written.events)} events (${counted(written.events - written.before)} new), ${megabytes(written.bytes)}, up to position ${position ?? '-'}`,
        `SHA-256 ${written.sha256}`,
      ]);
      return exits.well;
    }),
});
