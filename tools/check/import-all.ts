// A child of the `runs` step: strips and imports the files named on stdin, reports on stdout.
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

export type Failure = { readonly file: string; readonly reason: string };

if (import.meta.main) await main();

async function main(): Promise<void> {
  const job = JSON.parse(await text(process.stdin)) as { strip: string[]; import: string[] };
  const notErasable = job.strip.flatMap(tryStrip);
  const failures: Failure[] = [];
  for (const file of job.import) failures.push(...(await tryImport(file)));
  const report = [
    ...notErasable,
    ...oncePerCause(failures.filter((failure) => !saidBefore(failure))),
  ];
  // The line break first: a module that logs on import must not hide the report in its line.
  const line = `\nREPORT ${JSON.stringify(report)}\n`;
  process.stdout.write(line, () => process.exit(0));
}

function tryStrip(file: string): Failure[] {
  try {
    stripTypeScriptTypes(readFileSync(file, 'utf8'), { mode: 'strip' });
    return [];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The parser leaves the line in front of the stack: `:2`, the source, then the stack proper.
    const line = /^:\d+/.exec(error.stack ?? '')?.[0] ?? '';
    return [{ file: `${file}${line}`, reason: `Node cannot run it: ${error.message.trim()}` }];
  }
}

async function tryImport(file: string): Promise<Failure[]> {
  const before = openThings().length;
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    return [{ file, reason: explain(error) }];
  }
  const opened = openThings().slice(before);
  if (opened.length === 0) return [];
  const reason = `importing it starts something that keeps the process alive (${opened.join(', ')})`;
  return [{ file, reason }];
}

/** Timers, servers, sockets and children that would keep this process from ending. */
function openThings(): string[] {
  const passing = new Set(['FSReqCallback', 'FSReqPromise', 'PipeWrap', 'TTYWrap', 'CloseReq']);
  return process.getActiveResourcesInfo().filter((kind) => !passing.has(kind));
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return `throws when it is imported: ${String(error)}`;
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `fails when it is imported: ${error.message.trim()}${code}`;
}

/** What `tryStrip` says better is left out, alone or as the cause of other modules' failures. */
function saidBefore({ reason }: Failure): boolean {
  return reason.includes('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX');
}

/** One broken module breaks all that import it: named once, with how many it takes along. */
function oncePerCause(failures: readonly Failure[]): Failure[] {
  return [...Map.groupBy(failures, ({ reason }) => reason)].map(([reason, group]) => {
    const others = group.length - 1;
    const more = others === 0 ? '' : `\n    (and so do ${others} modules that import it)`;
    return { file: group[0]?.file ?? '', reason: `${reason}${more}` };
  });
}
