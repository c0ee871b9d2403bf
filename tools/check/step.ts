import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a step found. A failure says what is wrong (`output`) and what to do about it (`advice`). */
export type Outcome =
  | { readonly ok: true; readonly summary: string; readonly output?: string }
  | {
      readonly ok: false;
      readonly summary: string;
      readonly output: string;
      readonly advice: string;
    };

export type StepContext = {
  /** The tree to check: the repository, or a fixture with a planted mistake. */
  readonly root: string;
  readonly color: boolean;
};

export type Step = {
  readonly name: string;
  /** One line for `--help`. */
  readonly what: string;
  readonly run: (context: StepContext) => Promise<Outcome>;
};

const bin = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));

export type ToolResult = {
  readonly code: number;
  /** stdout and stderr as they came. */
  readonly output: string;
  readonly stdout: string;
};

/** Runs a command in `cwd`; programs of this repository's `node_modules/.bin` come first. */
export function runTool(
  tool: string,
  args: readonly string[],
  options: { cwd: string; input?: string },
): Promise<ToolResult> {
  const child = spawn(tool, args, {
    cwd: options.cwd,
    env: toolEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const all: Buffer[] = [];
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    all.push(chunk);
    out.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => all.push(chunk));
  return new Promise((resolve, reject) => {
    // A tool that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (cause) => reject(new Error(`could not start ${tool}`, { cause })));
    child.on('close', (code, signal) => {
      const text = Buffer.concat(all).toString('utf8').trimEnd();
      const output = signal === null ? text : `${text}\n${tool} was ended by ${signal}`;
      resolve({ code: code ?? 1, output, stdout: Buffer.concat(out).toString('utf8') });
    });
  });
}

/** A test runner's or debugger's options, or a wish for colours, must not change what is seen. */
function toolEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, FORCE_COLOR: _color, ...rest } = process.env;
  return { ...rest, PATH: `${bin}:${process.env.PATH ?? ''}` };
}

/** `1 file`, `3 files`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
