import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const report = join(__dirname, 'public-api.txt');

/** Each export with its declarations, without comments and private members. */
function publicApi(): string {
  const index = join(__dirname, '../../src/index.ts');
  const program = ts.createProgram([index], {
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
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;
  return checker
    .getExportsOfModule(symbol)
    .map((one) => {
      const real = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      const texts = real.declarations!.map((declaration) => print(printer, declaration));
      return `── ${one.name}\n${texts.join('\n')}`;
    })
    .sort()
    .join('\n\n');
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

it('is what public-api.txt says; UPDATE_API=1 writes it anew', () => {
  const api = `${publicApi()}\n`;
  if (process.env.UPDATE_API === '1') writeFileSync(report, api);
  expect(api).toBe(readFileSync(report, 'utf8'));
});
