import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

const report = join(__dirname, 'public-api.txt');

const folder = join(__dirname, '../../src/entry');
const entries = readdirSync(folder).map((file) => basename(file, '.ts'));

/** The exports of each entry point with their declarations, without comments and private members. */
function publicApi(): Map<string, Map<string, string>> {
  const files = entries.map((entry) => join(folder, `${entry}.ts`));
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    ignoreDeprecations: '6.0',
    experimentalDecorators: true,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const exportsOf = (file: string) => {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    return checker.getExportsOfModule(symbol).map((one): [string, string] => {
      const real = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      return [one.name, real.declarations!.map((declaration) => print(printer, declaration)).join('\n')];
    });
  };
  return new Map(entries.map((entry, i) => [entry, new Map(exportsOf(files[i]!).sort())]));
}

function print(printer: ts.Printer, declaration: ts.Node): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent : declaration;
  const file = declaration.getSourceFile();
  if (ts.isFunctionDeclaration(node)) return signature(printer, node, file);
  if (!ts.isClassDeclaration(node)) return printer.printNode(ts.EmitHint.Unspecified, node, file);
  const heritage = (node.heritageClauses ?? []).map((clause) => ` ${clause.getText(file)}`).join('');
  const members = node.members
    .filter((member) => !ts.isClassStaticBlockDeclaration(member) && !isHidden(member))
    .map((member) => `    ${signature(printer, member, file)}`);
  return [`class ${node.name!.text}${heritage} {`, ...members, '}'].join('\n');
}

function isHidden(member: ts.ClassElement): boolean {
  const flags = ts.getCombinedModifierFlags(member);
  return (flags & ts.ModifierFlags.Private) !== 0 || (member.name !== undefined && ts.isPrivateIdentifier(member.name));
}

/** A declaration up to its body or initial value. */
function signature(printer: ts.Printer, node: ts.Node, file: ts.SourceFile): string {
  const { body, initializer } = node as { body?: ts.Node; initializer?: ts.Node };
  const text = printer.printNode(ts.EmitHint.Unspecified, node, file);
  const rest = body ?? initializer;
  return rest === undefined
    ? text
    : text.slice(0, text.indexOf(body ? '{' : ' =', text.indexOf(')') * Number(Boolean(body)))).trim();
}

const api = publicApi();

it('is what public-api.txt says; UPDATE_API=1 writes it anew', () => {
  const sections = Array.from(api, ([entry, names]) => {
    const texts = Array.from(names, ([name, text]) => `── ${name}\n${text}`);
    return [`══ ${entry === 'index' ? 'tidemark' : `tidemark/${entry}`}`, ...texts].join('\n\n');
  });
  const text = `${sections.join('\n\n')}\n`;
  if (process.env.UPDATE_API === '1') writeFileSync(report, text);
  expect(text).toBe(readFileSync(report, 'utf8'));
});

it('has at most 70 names in its main entry point, and each name in one entry point', () => {
  expect(api.get('index')!.size).toBeLessThanOrEqual(70);
  const names = Array.from(api.values(), (one) => [...one.keys()]).flat();
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it.each(entries)('is an export of the package: %s', (entry) => {
  const { exports } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
  expect(Object.keys(exports)).toContain(entry === 'index' ? '.' : `./${entry}`);
});
