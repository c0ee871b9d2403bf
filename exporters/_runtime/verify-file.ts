import { createHash, type Hash } from 'node:crypto';
import { EOL, parseCsvRow } from './csv.ts';
import {
  CHECK_DIGITS,
  digest,
  END,
  type FileKind,
  type Summary,
  sealed,
  widthOf,
} from './sealed-file.ts';

export type Verdict =
  | { readonly ok: true; readonly kind: string; readonly lines: number }
  /** `line` counts from 1: the first with something wrong, or the one that is missing. */
  | { readonly ok: false; readonly problem: string; readonly line: number };

/** What is wrong with a row: the one that is looked at, unless it names another. */
class Damage extends Error {
  override readonly name = 'Damage';
  readonly line: number | undefined;
  constructor(problem: string, line?: number) {
    super(problem);
    this.line = line;
  }
}

/** The order in which rows come. */
const SECTIONS = ['record', 'header', 'line', 'total', 'control', END];

type Progress = {
  readonly file: FileKind;
  readonly hash: Hash;
  readonly summary: Summary;
  section: string;
  lines: number;
  totals: number;
  controls: number;
};

/**
 * Checks a file of one of these kinds: whether it is whole, no row was changed, and its totals are
 * those of its lines.
 */
export function verifyFile(text: string, kinds: readonly FileKind[]): Verdict {
  const rows = text.split(EOL);
  // What stands behind the last line break is the beginning of a row that was cut off.
  const rest = rows.pop() ?? '';
  let line = 1;
  try {
    const file = kindOf(rows, kinds);
    const hash = createHash('sha256');
    const progress: Progress = {
      ...{ file, hash, summary: file.summary() },
      ...{ section: 'record', lines: 0, totals: 0, controls: 0 },
    };
    const names = sealed(file, hash, 'record', file.columns).slice(0, -EOL.length);
    if (rows[0] !== names) throw new Damage('these are not the columns of this kind of file');
    for (const row of rows.slice(1)) {
      line += 1;
      if (progress.section === END) throw new Damage('there is more behind the end');
      checkRow(row, progress);
    }
    line += 1;
    if (progress.section !== END) throw new Damage('the end is missing: the file was cut off');
    if (rest !== '') throw new Damage('there is more behind the end');
    return { ok: true, kind: file.kind, lines: progress.lines };
  } catch (error) {
    if (error instanceof Damage)
      return { ok: false, problem: error.message, line: error.line ?? line };
    throw error;
  }
}

function kindOf(rows: readonly string[], kinds: readonly FileKind[]): FileKind {
  if (rows.length < 3) throw new Damage('the file was cut off in its header', rows.length + 1);
  const [name, version] = rows.slice(1, 3).map((row) => parseCsvRow(row)?.[2] ?? '');
  const file = kinds.find((one) => one.kind === name);
  if (file === undefined) throw new Damage(`"${name}" is no kind of file of ours`, 2);
  if (version === String(file.version)) return file;
  throw new Damage(`version ${version} is not ${file.version}, which this release reads`, 3);
}

function checkRow(row: string, progress: Progress): void {
  const { file, hash } = progress;
  const cells = parseCsvRow(row);
  if (cells === null) throw new Damage('this is no record of CSV');
  if (cells.length !== widthOf(file)) {
    throw new Damage(`${cells.length} fields instead of ${widthOf(file)}`);
  }
  const above = digest(hash);
  const cut = row.lastIndexOf(',') + 1;
  hash.update(row.slice(0, cut));
  const check = digest(hash).slice(0, CHECK_DIGITS);
  hash.update(check + EOL);
  if (row.slice(cut) !== check) {
    throw new Damage('this row was changed, or rows before it are missing or were moved');
  }
  const [record = '', ...values] = cells.slice(0, -1);
  if (SECTIONS.indexOf(record) < SECTIONS.indexOf(progress.section)) {
    throw new Damage(`"${record}" is out of place`);
  }
  progress.section = record;
  checks[record]?.(values, progress, above);
}

type Check = (values: readonly string[], progress: Progress, above: string) => void;

/** What each record is compared with, besides its check. */
const checks: Readonly<Record<string, Check>> = {
  line: (values, progress) => {
    progress.lines += 1;
    fail(progress.summary.add(values));
  },
  total: ([group = '', name = '', value = ''], progress) => {
    const expected = progress.summary.totals()[progress.totals];
    progress.totals += 1;
    if (expected === undefined) throw new Damage('there is a total too many');
    if (group !== expected[0] || name !== expected[1]) {
      throw new Damage(`here the total ${expected[0]} ${expected[1]} is missing`);
    }
    if (value !== String(expected[2])) {
      throw new Damage(
        `the lines come to ${expected[2]}, the total ${group} ${name} says ${value}`,
      );
    }
  },
  control: ([name, value], progress, above) => {
    fail(progress.summary.problem());
    if (progress.totals !== progress.summary.totals().length) {
      throw new Damage('a total is missing');
    }
    const [wanted, is] =
      progress.controls === 0 ? ['lines', String(progress.lines)] : ['sha256', above];
    progress.controls += 1;
    if (name !== wanted) throw new Damage(`"${wanted}" is missing here`);
    if (value !== is) throw new Damage(`${wanted} is ${is}, the file says ${value}`);
  },
  [END]: (_values, progress) => {
    if (progress.controls !== 2) throw new Damage('the number of lines or the SHA-256 is missing');
  },
};

function fail(problem: string | null): void {
  if (problem !== null) throw new Damage(problem);
}
