/**
 * What must not stand in the repository: it says something about the machine a text was written on
 * and leads nobody else anywhere.
 */
const machine: readonly [pattern: RegExp, what: string][] = [
  [/(?<![\w.$}-])\/(?:work|home\/[a-z_][\w-]*|Users\/\w+|root)\//, 'a path of one machine'],
  [/\b[A-Z]:\\Users\\/, 'a path of one machine'],
  [/(?<![\w.$}-])\/tmp\/\w/, 'a temporary path of one machine (os.tmpdir(), mktemp)'],
  [/https?:\/\/[\w.-]*(?:artifactory|nexus|verdaccio|devpi|proxy)[\w.-]*/i, 'a private registry'],
  [/"resolved": "https?:\/\/(?!registry\.npmjs\.org\/)/, 'a private registry'],
];

const text =
  /\.(?:md|ts|mjs|cjs|js|json|yml|yaml|sh|hbs|html|css|sql|grit|txt|example)$|^[^.]+$|^\.[^/]+$/;

export function isText(file: string): boolean {
  return text.test(file.slice(file.lastIndexOf('/') + 1));
}

/** Such words in one file, as `file:line: what`. */
export function machineWords(file: string, content: string): string[] {
  return content.split('\n').flatMap((line, index) =>
    machine.flatMap(([pattern, what]) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [`${file}:${index + 1}: ${found} is ${what}`];
    }),
  );
}
