import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

export type Writers = {
  /** Event type → names of the commands whose decision can store it. */
  readonly commandsOf: ReadonlyMap<string, readonly string[]>;
  /** Command name → folders of `sagas/` that send it. */
  readonly sendersOf: ReadonlyMap<string, readonly string[]>;
};

/**
 * Who writes which event, found in the code: from each command definition, and from each file of a
 * saga, the functions it names are followed through `domain/`, `commands/` and `sagas/`, and what
 * they make is noted. Names are followed by imports, without the type checker: that takes a tenth of
 * its time.
 */
export function findWriters(
  root: string,
  files: readonly string[],
  types: ReadonlySet<string>,
): Writers {
  const modules = modulesOf(root);
  const commandsOf = new Map<string, string[]>();
  const sendersOf = new Map<string, string[]>();
  const source = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts')).sort();
  for (const file of source.filter((each) => /^commands\/[a-z]/.test(each))) {
    for (const [name, definition] of commandsIn(modules(file).source)) {
      for (const type of reachOf({ file, node: definition }, modules).events)
        if (types.has(type)) note(commandsOf, type, name);
    }
  }
  for (const file of source.filter((each) => /^sagas\/[a-z-]+\//.test(each))) {
    const start = { file, node: modules(file).source };
    for (const command of reachOf(start, modules).commands)
      note(sendersOf, command, file.split('/')[1] ?? file);
  }
  return { commandsOf, sendersOf };
}

function note(map: Map<string, string[]>, key: string, value: string): void {
  const known = map.get(key) ?? [];
  if (!known.includes(value)) map.set(key, [...known, value].sort());
}

/** A piece of code, and the file it stands in. */
type Place = { readonly file: string; readonly node: ts.Node };

type Module = {
  readonly source: ts.SourceFile;
  /** What the file declares at its top, by name. */
  readonly declared: ReadonlyMap<string, ts.Node>;
  /**
   * What it imports from files of ours, or hands on: its name here → where it is from, and its name
   * there; `*` for all of it (`import * as decider`).
   */
  readonly imported: ReadonlyMap<string, From>;
};

type From = { readonly file: string; readonly name: string };
type Modules = (file: string) => Module;

function modulesOf(root: string): Modules {
  const known = new Map<string, Module>();
  return (file) => {
    const found = known.get(file) ?? parse(file, readFileSync(join(root, file), 'utf8'));
    known.set(file, found);
    return found;
  };
}

function parse(file: string, text: string): Module {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const declared = new Map<string, ts.Node>();
  const imported = new Map<string, From>();
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name !== undefined)
      declared.set(statement.name.text, statement);
    if (ts.isVariableStatement(statement))
      for (const each of statement.declarationList.declarations)
        declared.set(each.name.getText(), each);
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))
      for (const [here, from] of importsOf(file, statement)) imported.set(here, from);
  }
  return { source, declared, imported };
}

function importsOf(
  file: string,
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
): [here: string, from: From][] {
  const { moduleSpecifier } = statement;
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
  if (!moduleSpecifier.text.startsWith('.')) return [];
  const from = normalize(join(dirname(file), moduleSpecifier.text));
  const bindings = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : statement.exportClause;
  if (bindings === undefined) return [];
  if (ts.isNamespaceImport(bindings)) return [[bindings.name.text, { file: from, name: '*' }]];
  if (ts.isNamespaceExport(bindings)) return [];
  return [...bindings.elements].map(({ name, propertyName }) => [
    name.text,
    { file: from, name: (propertyName ?? name).text },
  ]);
}

/** What a piece of code makes: types of events, and the commands it names. */
function reachOf(start: Place, modules: Modules) {
  const events = new Set<string>();
  const commands = new Set<string>();
  const seen = new Set<ts.Node>();
  const visit = ({ file, node }: Place): void => {
    if (seen.has(node) || ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    seen.add(node);
    const made = eventMade(node);
    if (made !== undefined) events.add(made);
    const target = ts.isIdentifier(node) ? targetOf({ file, node }, modules) : undefined;
    if (target !== undefined) follow(target);
    ts.forEachChild(node, (child) => visit({ file, node: child }));
  };
  const follow = (target: Place): void => {
    const command = ts.isVariableDeclaration(target.node)
      ? commandMade(target.node.initializer)
      : undefined;
    // A command that is sent is another command's work: named here, and not followed.
    if (command === undefined) visit(target);
    else commands.add(command);
  };
  visit(start);
  return { events, commands };
}

/** Where a name leads to; nowhere for one of the kernel, of a runtime or of an event's declaration. */
function targetOf({ file, node }: Place, modules: Modules): Place | undefined {
  if (!ts.isIdentifier(node)) return undefined;
  const space = namespaceOf(node, modules(file));
  if (space !== undefined) return declarationOf(space, node.text, modules);
  return isLabel(node) ? undefined : declarationOf(file, node.text, modules);
}

/** The file of `decider` in `decider.setHoldTime`. */
function namespaceOf({ parent, text }: ts.Identifier, { imported }: Module): string | undefined {
  if (!ts.isPropertyAccessExpression(parent) || parent.name.text !== text) return undefined;
  const from = imported.get(parent.expression.getText());
  return from?.name === '*' && isFollowed(from.file) ? from.file : undefined;
}

/** The declaration of a name, through the files that only hand it on. */
function declarationOf(file: string, name: string, modules: Modules): Place | undefined {
  const { declared, imported } = modules(file);
  const node = declared.get(name);
  if (node !== undefined) return { file, node };
  const from = imported.get(name);
  if (from === undefined || !isFollowed(from.file)) return undefined;
  return declarationOf(from.file, from.name, modules);
}

const isFollowed = (file: string): boolean =>
  /^(domain|commands|sagas)\/[a-z]/.test(file) && !file.endsWith('/events.ts');

/** The name of a property is no reference. */
function isLabel(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  );
}

/** `{ type: 'SeatHeld', data: … }` is an event; a type beside other things is only compared. */
function eventMade(node: ts.Node): string | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const names = node.properties.map((property) => property.name?.getText());
  return names.includes('data') ? textOf(node, 'type') : undefined;
}

function textOf(node: ts.ObjectLiteralExpression, name: string): string | undefined {
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property) || property.name.getText() !== name) continue;
    if (ts.isStringLiteral(property.initializer)) return property.initializer.text;
  }
  return undefined;
}

/** The name of the command that an expression defines. */
function commandMade(node: ts.Node | undefined): string | undefined {
  if (node === undefined || !ts.isCallExpression(node)) return undefined;
  if (node.expression.getText() !== 'defineCommand') return undefined;
  const [argument] = node.arguments;
  return argument !== undefined && ts.isObjectLiteralExpression(argument)
    ? textOf(argument, 'name')
    : undefined;
}

function commandsIn(source: ts.SourceFile): [name: string, definition: ts.Node][] {
  const found: [string, ts.Node][] = [];
  const visit = (node: ts.Node): void => {
    const name = commandMade(node);
    if (name !== undefined) found.push([name, node]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
