import { resolve } from 'node:path';
import { z } from 'zod';
import { isMissing } from '../../embedded/durable-file.ts';
import { exits } from '../ops/_cli/verb.ts';
import { UsageError } from '../start/options.ts';
import { counted, createProgress, megabytes, remaining } from './progress.ts';
import { fileArgument, moving, serverOf, serverOption } from './server.ts';
import { defineNodeVerb } from './verb.ts';

const input = z.strictObject({
  file: fileArgument('a file that `export` wrote'),
  to: serverOption('the event store to write'),
});

export const importVerb = defineNodeVerb({
  name: 'import',
  summary: 'Append the events of a file to an event store, in order and byte for byte',
  description: `Into our node or a real EventStoreDB: an empty one, or one where an import of the same log began. Each
event keeps its id, stream and revision, so a repeat changes nothing: after a kill say the same again
(FILE.checkpoint says where it was). Nobody else may write meanwhile. The time an event was created
becomes that of the import; our own events have recordedAt in their metadata.`,
  input,
  positional: ['file'],
  finding: 'the file is damaged, or the target has other events',
  examples: [
    {
      line: 'npm run event-store -- import log.ndjson --to esdb://127.0.0.1:2113?tls=false',
      does: 'into a node on this machine',
    },
    {
      line: 'npm run event-store -- import log.ndjson --json',
      does: '{ ok, file, events, before }, into EVENTSTORE_URL',
    },
  ],
  run: ({ input: asked, out, signal, env }) =>
    moving(out, async () => {
      const { importLog } = await import('../../embedded/event-store/move/index.ts');
      const file = resolve(asked.file);
      const show = createProgress(out);
      let step = '';
      let began = performance.now();
      const written = await importLog({
        ...{ file, signal, url: serverOf(asked.to, '--to', env) },
        onProgress: (progress) => {
          if (step !== progress.step) {
            step = progress.step;
            began = performance.now();
          }
          show(() => {
            const { events, bytes, of } = progress;
            const rest = remaining(bytes, of, performance.now() - began);
            return `${step}: ${counted(events)} events, ${megabytes(bytes)} of ${megabytes(of)}, ${rest} left`;
          });
        },
      }).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
        throw new UsageError(`there is no file ${file}`, { cause: error });
      });
      out.show({ ok: true, file, ...written }, () => [
        `${file}: all of its ${counted(written.events)} events are there (${counted(written.before)} from an import before)`,
      ]);
      return exits.well;
    }),
});
