// Installs the packed package in an empty folder and uses it: JavaScript and TypeScript, CommonJS and ES modules.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const { version, devDependencies, exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const entries = Object.keys(exports)
  .filter((name) => name !== './package.json')
  .map((name) => path.posix.join('tidemark', name));
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-pack-'));

/** Sums the doubles of 1 to 3; applies decorators as functions, since JavaScript has no syntax for them. */
const javaScript = `
const decorate = (decorator, cls, property) => decorator(cls.prototype, property);

class Double {
  n;
  run() { return this.n * 2; }
}
decorate(Param(), Double, 'n');
Task({ save: true })(Double);

class Sum {
  upTo;
  parts;
  run() { return this.parts.reduce((a, b) => a + b, 0); }
}
decorate(Param(), Sum, 'upTo');
decorate(Requires((self) => Array.from({ length: self.upTo }, (_, i) => task(Double, { n: i + 1 }))), Sum, 'parts');
Task()(Sum);

async function main() {
  const runner = new Runner({ storage: 'memory:' });
  const sum = await runner.run(Sum, { upTo: 3 });
  await runner.close();
  if (sum !== 12) throw new Error('expected 12, got ' + sum);
}
`;

const typeScript = `
import { Param, Requires, Runner, Task, task, type TaskContext } from 'tidemark';
import { Service } from 'typedi';

@Service()
class Scale {
  readonly factor = 2;
}

@Task({ save: true, services: [Scale] })
class Double {
  @Param() n!: number;
  @Param() label = 'double';
  constructor(private readonly scale: Scale) {}
  run(context: TaskContext): number {
    context.signal.throwIfAborted();
    return this.n * this.scale.factor;
  }
}

@Task({ save: true })
class Quadruple {
  @Param() n!: number;
  @Requires(Double) doubled!: number;
  run() {
    return this.doubled * 2;
  }
}

@Task()
class Sum {
  @Param() upTo!: number;
  @Requires((self) => Array.from({ length: self.upTo }, (_, i) => task(Quadruple, { n: i + 1 })))
  parts!: number[];
  run(): number {
    return this.parts.reduce((a, b) => a + b, 0);
  }
}

async function main(): Promise<void> {
  const runner = new Runner({ storage: 'memory:' });
  const sum: number = await runner.run(Sum, { upTo: 3 });
  // @ts-expect-error a misspelt param
  const misspelt = () => runner.run(Sum, { uptoo: 3 });
  void misspelt;
  await runner.close();
  if (sum !== 24) throw new Error('expected 24, got ' + sum);
}

void main();
`;

const sameKeys = `
const assert = require('node:assert');
async function compare(entry) {
  const [imported, required] = [await import(entry), require(entry)];
  assert.deepStrictEqual(Object.keys(imported).sort(), Object.keys(required).sort());
  for (const key of Object.keys(imported)) assert.strictEqual(imported[key], required[key], key + ' exists twice');
}
assert.strictEqual(require('tidemark/package.json').version, ${JSON.stringify(version)});
void Promise.all(${JSON.stringify(entries)}.map(compare));
`;

try {
  const [packed] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  step(`${packed.filename}: ${packed.files.length} files, ${Math.ceil(packed.size / 1024)} KB`, () => {
    const names = packed.files.map((file) => file.path);
    const missing = [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      ...entries.flatMap((entry) => {
        const name = entry === 'tidemark' ? 'index' : path.basename(entry);
        return ['js', 'mjs', 'd.ts', 'd.mts'].map((ending) => `dist/entry/${name}.${ending}`);
      }),
      'dist/cli/main.js',
      // Pages that README links to, for readers who have only the package.
      ...Array.from(
        readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/\]\((docs\/[^)#]+)/g),
        ([, name]) => name,
      ),
    ].filter((name) => !names.includes(name));
    const unwanted = names.filter(
      (name) =>
        !/^(?:dist\/.+\.(?:m?js|d\.m?ts)|docs\/.+\.(?:md|svg)|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/.test(
          name,
        ) || /\.test\./.test(name),
    );
    if (missing.length > 0) throw new Error(`not in the package: ${missing.join(', ')}`);
    if (names.length > 150) throw new Error('too many files');
    if (unwanted.length > 0) throw new Error(`should not be in the package: ${unwanted.join(', ')}`);
  });

  write('package.json', JSON.stringify({ private: true }));
  step('installs in an empty folder', () => {
    const nodeTypes = `@types/node@${devDependencies['@types/node']}`;
    npm(folder, 'install', '--no-audit', '--no-fund', '--loglevel=error', `./${packed.filename}`, nodeTypes);
  });

  step('the command line, from an empty folder', () => {
    const cli = path.join(folder, 'node_modules/.bin/tidemark');
    const run = (...args) => execFileSync(cli, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    if (run('--version').trim() !== version) throw new Error('another version');
    run('init', 'cli');
    for (const _ of [1, 2])
      if (run('run', 'cli/main.ts') !== 'There are 168 primes below 1000.\n') throw new Error('another result');
    if (!run('ls', '--storage', 'file:cli/.tidemark').startsWith('FindPrimes/')) throw new Error('nothing is saved');
    node(tsc, '--noEmit', '-p', path.join(folder, 'cli'));
  });
  step('JavaScript, CommonJS', () => {
    node(
      write(
        'program.cjs',
        `const { Param, Requires, Runner, Task, task } = require('tidemark');\n${javaScript}\nmain();`,
      ),
    );
  });
  step('JavaScript, ESM', () => {
    node(
      write(
        'program.mjs',
        `import { Param, Requires, Runner, Task, task } from 'tidemark';\n${javaScript}\nawait main();`,
      ),
    );
  });
  step('require() and import() give the same', () => node(write('keys.cjs', sameKeys)));

  for (const type of ['commonjs', 'module']) {
    step(`TypeScript, "type": "${type}"`, () => {
      write(`${type}/package.json`, JSON.stringify({ type }));
      write(`${type}/program.ts`, typeScript);
      write(
        `${type}/tsconfig.json`,
        JSON.stringify({
          compilerOptions: {
            target: 'es2022',
            module: 'node16',
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            experimentalDecorators: true,
            emitDecoratorMetadata: true,
            skipLibCheck: false,
            types: ['node'],
            rootDir: '.',
            outDir: 'out',
          },
        }),
      );
      node(tsc, '-p', path.join(folder, type));
      node(path.join(folder, type, 'out/program.js'));
    });
  }
} catch (error) {
  console.error([error.message, error.stdout, error.stderr].filter(Boolean).join('\n'));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function step(name, check) {
  try {
    check();
  } catch (error) {
    console.log(`FAILED ${name}`);
    throw error;
  }
  console.log(`ok     ${name}`);
}

function write(name, text) {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function node(...args) {
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function npm(cwd, ...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' });
}
