import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { UsageError } from '../start/options.ts';
import { UnavailableError } from './_cli/unavailable.ts';
import { defineVerb, exits, type Run } from './_cli/verb.ts';

/** The variable scripts give a password in: it does not show in the list of processes. */
const PASSWORD_VARIABLE = 'PAWPRINT_PASSWORD';
const TIMEOUT_MS = 10_000;

const input = z.strictObject({
  email: z
    .email({ error: 'expected an e-mail address' })
    .optional()
    .meta({ description: 'who logs in (the administrator)', value: 'ADDRESS' }),
  passwordStdin: z
    .boolean()
    .default(false)
    .meta({ description: 'read the password from standard input' }),
});

const session = z.object({
  accessToken: z.string(),
  tokenType: z.string(),
  expiresIn: z.int(),
  memberId: z.string(),
  roles: z.array(z.string()),
});
const problem = z.object({ title: z.string().optional(), detail: z.string().optional() });

export const token = defineVerb({
  name: 'token',
  summary: 'Log in and print an access token for curl and scripts',
  description: `Without --email the administrator of the data folder logs in, with the password kept there.
For anybody else the password comes from ${PASSWORD_VARIABLE}, from standard input with
--password-stdin, or from a question on the terminal; never from the command line.`,
  input,
  positional: [],
  finding: 'the address or the password is wrong',
  examples: [
    {
      line: 'curl -H "Authorization: Bearer $(npm run -s ops -- token)" http://127.0.0.1:4001/v1/finance/breaks',
      does: 'asks the read API as the administrator',
    },
    {
      line: 'npm run ops -- token --email sam@example.com --password-stdin < password.txt',
      does: 'logs Sam in',
    },
    { line: 'npm run -s ops -- token --json', does: 'with its roles and how long it is good for' },
  ],
  run: async (run) => {
    const { platform, out } = run;
    const email = run.input.email ?? platform.installation.read('ADMIN_EMAIL');
    const password = await passwordOf(run, email);
    const answer = await post(`${platform.urls.write}/v1/sessions`, { email, password });
    if (answer.status === 201) {
      const { accessToken, tokenType, expiresIn, memberId, roles } = session.parse(answer.body);
      out.show({ accessToken, tokenType, expiresIn, memberId, roles }, () => [accessToken]);
      return exits.well;
    }
    const told = problem.safeParse(answer.body).data;
    const why = told?.detail ?? told?.title ?? `the write API answered ${answer.status}`;
    if (answer.status !== 401) throw new UnavailableError(`Not logged in: ${why}`);
    out.note(`Not logged in as ${email}: ${why}`);
    return exits.finding;
  },
});

async function passwordOf(
  { input: asked, platform, out }: Run<z.output<typeof input>>,
  email: string,
): Promise<string> {
  if (asked.passwordStdin) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const given = process.env[PASSWORD_VARIABLE];
  if (given) return given;
  const administrator =
    asked.email === undefined || email === platform.installation.read('ADMIN_EMAIL');
  const kept = administrator ? platform.installation.read('ADMIN_PASSWORD') : undefined;
  if (kept !== undefined) return kept;
  if (out.interactive) return ask(`Password of ${email}: `);
  throw new UsageError(
    `No password for ${email}: set ${PASSWORD_VARIABLE}, or give it on standard input with --password-stdin`,
  );
}

/** Asks on the terminal; what is typed is not shown. The answer of a verb goes to standard output alone. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const enough = new AbortController();
  terminal.once('SIGINT', () => enough.abort());
  try {
    return await terminal.question('', { signal: enough.signal });
  } catch (error) {
    if (enough.signal.aborted) throw new UsageError('no password was given', { cause: error });
    throw error;
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: await response.json() };
  } catch (cause) {
    throw new UnavailableError(
      `The write API does not answer at ${url}: is the platform running? \`npm run ops -- health\` tells.`,
      { cause },
    );
  }
}
