// Measures the path of one saved task through the source: calls, files entered, deepest frame, cold and warm.
//
//   node scripts/trace-task.mjs            prints the figure of ARCHITECTURE.md
//   node scripts/trace-task.mjs --write    writes it to ARCHITECTURE.md
//   node scripts/trace-task.mjs --check    fails if the figures there are off by more than 10 %
//
// Inserts a statement into each function of the source that records its entry: functions, methods, getters, callbacks.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const page = join(root, 'ARCHITECTURE.md');
const [start, end] = ['<!-- trace -->', '<!-- /trace -->'];
const width = 110;
const tolerance = 0.1;

/** An entry for each call so far; undefined while nothing is measured. */
let recording;

Error.stackTraceLimit = 200;
globalThis.__enter = (file, name) => {
  if (recording) recording.push({ file, name, frames: framesNow() });
};

/** The stack frames in the source, innermost last, without those before an `await`. */
function framesNow(below = globalThis.__enter) {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites;
  const holder = {};
  Error.captureStackTrace(holder, below);
  const sites = holder.stack;
  Error.prepareStackTrace = prepare;
  const own = sites.filter((site) => !site.isAsync?.() && site.getFileName()?.startsWith(source + sep));
  return own.reverse().map((site) => ({ file: fileOf(site.getFileName()), name: nameOf(site) }));
}

const fileOf = (path) => relative(source, path).replaceAll(sep, '/').replace(/\.ts$/, '');
const nameOf = (site) => (site.isConstructor() ? `new ${site.getFunctionName()}` : (site.getFunctionName() ?? ''));

/** A transformer that inserts a call of `__enter` at the start of each function. */
function instrument(file) {
  const { factory } = ts;
  const record = (name) =>
    factory.createExpressionStatement(
      factory.createCallExpression(factory.createIdentifier('__enter'), undefined, [
        factory.createStringLiteral(file),
        factory.createStringLiteral(name),
      ]),
    );
  return (context) => (tree) => {
    const visit = (node) => {
      const visited = ts.visitEachChild(node, visit, context);
      if (!ts.isFunctionLike(visited) || !visited.body) return visited;
      const name = visited.name?.text ?? '';
      const statements = ts.isBlock(visited.body)
        ? visited.body.statements
        : [factory.createReturnStatement(visited.body)];
      return withBody(visited, factory.createBlock([record(name), ...statements], true));
    };
    return ts.visitNode(tree, visit);
  };
}

function withBody(node, body) {
  const { factory: f } = ts;
  const { modifiers: m, name, typeParameters: t, parameters: p, type, asteriskToken: star } = node;
  if (ts.isArrowFunction(node)) return f.updateArrowFunction(node, m, t, p, type, node.equalsGreaterThanToken, body);
  if (ts.isFunctionDeclaration(node)) return f.updateFunctionDeclaration(node, m, star, name, t, p, type, body);
  if (ts.isFunctionExpression(node)) return f.updateFunctionExpression(node, m, star, name, t, p, type, body);
  if (ts.isMethodDeclaration(node))
    return f.updateMethodDeclaration(node, m, star, name, node.questionToken, t, p, type, body);
  if (ts.isConstructorDeclaration(node)) return f.updateConstructorDeclaration(node, m, p, body);
  if (ts.isGetAccessorDeclaration(node)) return f.updateGetAccessorDeclaration(node, m, name, p, type, body);
  return f.updateSetAccessorDeclaration(node, m, name, p, body);
}

Module._extensions['.ts'] = (module, path) => {
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
    fileName: path,
    transformers: { before: [instrument(fileOf(path))] },
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
  });
  module._compile(outputText, path);
};

/** Records the calls of a run. */
async function record(run) {
  recording = [];
  await run();
  const calls = recording;
  recording = undefined;
  return calls;
}

/** Runs an unsaved task in a storage that has other results (cold), then loads it by another runner (warm). */
async function measure() {
  const { Param, Runner, Storage, Task } = createRequire(import.meta.url)(join(source, 'entry/index.ts'));
  const declare = (cls) => {
    Param({ type: Number })(cls.prototype, 'n');
    Task({ save: true })(cls);
    return cls;
  };
  let ran;
  const square = (n) => {
    if (recording) ran = { at: recording.length, frames: framesNow(square) };
    return { square: n ** 2 };
  };
  const Other = declare(
    class Other {
      run() {
        return square(this.n);
      }
    },
  );
  const Square = declare(
    class Square {
      run() {
        return square(this.n);
      }
    },
  );
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-trace-'));
  const run = (target) =>
    new Runner({ storage: Storage.open(`file:${folder}`, { fsync: 'never' }) }).run(target, { n: 3 });
  try {
    // Loads all modules, which are not part of the path.
    for (let i = 0; i < 2; i++) await run(Other);
    const cold = await record(() => run(Square));
    const { at, frames } = ran;
    const warm = await record(() => run(Square));
    if (at !== ran.at) throw new Error('the task ran again instead of being loaded');
    return { cold, warm, ranAt: at, ranIn: frames };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The figure: totals, then the frames down to each step, without those shared with the step before. */
function figureOf({ cold, warm, ranAt, ranIn }) {
  const steps = {
    'look up': lastCall(cold.slice(0, ranAt), 'storage/stores/', ['get', 'getMany']),
    run: ranIn,
    encode: lastCall(cold.slice(ranAt), 'encoding/', ['serialize']),
    save: lastCall(cold.slice(ranAt), 'storage/stores/', ['set', 'setMany']),
    load: lastCall(warm, 'encoding/', ['deserialize', 'decode']),
  };
  const lines = [totals('cold', cold), totals('warm', warm), ''];
  let before = [];
  for (const [name, frames] of Object.entries(steps)) {
    lines.push(...wrap(`${name}, ${frames.length} frames`.padEnd(20), partsOf(frames, before)));
    before = frames;
  }
  return ['```text', ...lines, '```'].join('\n');
}

/** The frames of the last call of an interface method in a folder. */
function lastCall(calls, folder, names) {
  const found = calls.findLast(({ file, name }) => file.startsWith(folder) && names.includes(name));
  if (!found) throw new Error(`nothing in ${folder} called ${names.join(' or ')} was entered`);
  return found.frames;
}

function numbersOf(calls) {
  return {
    calls: calls.length,
    files: new Set(calls.map(({ file }) => file)).size,
    frames: Math.max(...calls.map(({ frames }) => frames.length)),
  };
}

function totals(name, calls) {
  const { calls: count, files, frames } = numbersOf(calls);
  return `${name}: ${count} calls, ${files} files entered, deepest frame ${frames}`;
}

/** Groups consecutive frames by file, with the names of their functions. */
function partsOf(frames, before) {
  const isSame = (frame, i) => before[i]?.file === frame.file && before[i].name === frame.name;
  const first = frames.findIndex((frame, i) => !isSame(frame, i));
  const parts = [];
  // Starts at the last shared frame, to show where the paths diverge.
  const from = Math.max(0, first - 1);
  frames.slice(from).forEach(({ file, name }, i, rest) => {
    const shown = name.replace(/^new |^.*\./, '');
    if (file !== rest[i - 1]?.file) parts.push(file);
    if (shown !== '') parts[parts.length - 1] += ` ${shown}`;
  });
  return from === 0 ? parts : [`… ${parts[0]}`, ...parts.slice(1)];
}

function wrap(label, parts) {
  const lines = [label];
  parts.forEach((part, i) => {
    const text = i === 0 ? part : `→ ${part}`;
    const line = lines.at(-1);
    const isEmpty = line.trim() === '' || line === label;
    if (!isEmpty && line.length + 1 + text.length > width) lines.push(' '.repeat(label.length) + text);
    else lines[lines.length - 1] = isEmpty ? line + text : `${line} ${text}`;
  });
  return lines;
}

/** Problems of the figure on the page; empty if it is up to date. */
function problemsOf(figure, { cold, warm }) {
  const problems = [];
  for (const [name, calls] of Object.entries({ cold, warm })) {
    const [, ...written] =
      new RegExp(`^${name}: (\\d+) calls, (\\d+) files entered, deepest frame (\\d+)$`, 'm').exec(figure) ?? [];
    Object.entries(numbersOf(calls)).forEach(([what, now], i) => {
      const then = Number(written[i]);
      if (!(Math.abs(now - then) <= Math.max(1, tolerance * then)))
        problems.push(`${name}: ${what} are ${now}, not ${then}`);
    });
  }
  for (const [file] of figure.matchAll(/\b[a-z][\w-]*\/[\w/-]+/g))
    if (!existsSync(join(source, `${file}.ts`))) problems.push(`src/${file}.ts does not exist`);
  return problems;
}

const measured = await measure();
const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(start), text.indexOf(end)];
if (process.argv.includes('--write')) {
  if (from < 0 || to < from) throw new Error(`ARCHITECTURE.md has no ${start} and ${end}`);
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${figureOf(measured)}\n\n${text.slice(to)}`);
} else if (process.argv.includes('--check')) {
  const problems = problemsOf(text.slice(from, to), measured);
  for (const problem of problems) console.error(`The path in ARCHITECTURE.md is out of date: ${problem}.`);
  if (problems.length > 0) console.error('Run: node scripts/trace-task.mjs --write');
  process.exitCode = problems.length > 0 ? 1 : 0;
} else {
  console.log(figureOf(measured));
}
