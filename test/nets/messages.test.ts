import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const source = join(__dirname, '../../src');
const list = join(__dirname, 'messages.txt');
/** Placeholder for a value in a message. */
const value = '…';
/** Matches parts of pages and pictures. */
const markup = /<\/\w|="/;
/** Longer texts are code: style sheets, scripts for Redis. */
const mostLines = 3;

/** Texts for people in the source (errors, warnings, help, reports), sorted, without duplicates and positions. */
function messages(): string {
  const found = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    // The names of tests in contract suites are not messages.
    if (!file.endsWith('.ts') || file.startsWith('testing')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022), found);
  }
  return `${[...found].sort().join('\n')}\n`;
}

function visit(node: ts.Node, found: Set<string>): void {
  if (ts.isTypeNode(node)) return;
  if (isText(node)) add(textOf(node), found);
  ts.forEachChild(node, (child) => {
    // Parts of a concatenation are not texts of their own.
    if (!(isText(node) && isText(child) && ts.isBinaryExpression(node))) visit(child, found);
    else visitValues(child, found);
  });
}

/** Visits expressions within a part of a concatenation. */
function visitValues(node: ts.Expression, found: Set<string>): void {
  if (ts.isBinaryExpression(node) || ts.isTemplateExpression(node))
    ts.forEachChild(node, (child) => {
      if (ts.isBinaryExpression(node) && isText(child)) visitValues(child, found);
      else visit(child, found);
    });
}

function isText(node: ts.Node): node is ts.Expression {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken &&
    (isText(node.left) || isText(node.right))
  );
}

function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => value + literal.text).join('');
  if (ts.isBinaryExpression(node) && isText(node)) return textOf(node.left) + textOf(node.right);
  return value;
}

function add(text: string, found: Set<string>): void {
  const isProse = /[a-z]{2}[,;:]? \S|\S [a-z]{2}/i.test(text);
  if (isProse && !markup.test(text) && text.split('\n').length <= mostLines)
    found.add(JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll(`${value}${value}`, value));
}

// Unaffected by changes of structure. After a merge conflict, rewrite the file.
it('finds the messages in messages.txt; UPDATE_MESSAGES=1 rewrites it', () => {
  const found = messages();
  if (process.env.UPDATE_MESSAGES === '1') writeFileSync(list, found);
  expect(found).toBe(readFileSync(list, 'utf8'));
});
