import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const root = resolve(__dirname, '../../..');
const own = 'node_modules/tidemark';
const dependencies = ['reflect-metadata', 'typedi', 'lilconfig', 'fastest-levenshtein', 'cbor-x', '@swc/core', 'tsx'];

/** Creates folders of users, with Tidemark and its dependencies installed above them as JavaScript. */
export function projects({ without = '' } = {}): (files: Readonly<Record<string, string>>) => Project {
  let folder: string;
  let count = 0;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-projects-')));
    install(folder, without);
  });
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 3 }));
  return (files) =>
    new Project(join(folder, `${++count}`), join(folder, own)).write({ 'package.json': '{}', ...files });
}

function install(folder: string, without: string): void {
  const entryPoints = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(root, 'src', file));
  const outdir = join(folder, own);
  buildSync({ entryPoints, outdir, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'error' });
  writeFileSync(join(outdir, 'package.json'), '{ "name": "tidemark", "main": "entry/index.js" }');
  for (const name of dependencies.filter((name) => name !== without)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
}

/** The folder of a user. */
export class Project {
  constructor(
    readonly path: string,
    readonly tidemark: string,
  ) {}

  write(files: Readonly<Record<string, string>>): this {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    return this;
  }

  /**
   * Evaluates an expression in a process in this folder or one inside, and returns the printed result or error.
   * `load`, `importModule`, `loadConfig`, `configuredStorage` and `metadata` are available.
   */
  print(expression: string, { folder = '.', nodeOptions = [] as string[], env = {} } = {}): Promise<string> {
    const program = `
      const tidemark = ${JSON.stringify(this.tidemark)};
      const { loadModule: load, importModule } = require(tidemark + '/load/load-module.js');
      const { loadConfig } = require(tidemark + '/config/load-config.js');
      const { configuredStorage } = require(tidemark + '/config/configured-storage.js');
      const metadata = (target, property, kind = 'design:type') => Reflect.getMetadata(kind, target, property);
      const show = (value) => require('node:util').inspect(value, { depth: 9, breakLength: Infinity });
      (async () => console.log(show(${expression})))().catch(({ name, message }) => console.log(name + ': ' + message));
    `;
    const options = { cwd: join(this.path, folder), env: { ...process.env, TIDEMARK_STORAGE: '', ...env } };
    return new Promise((printed) =>
      // Includes warnings, of which there should be none.
      execFile(process.execPath, [...nodeOptions, '-e', program], options, (_, output, errors) =>
        printed((errors + output).trim()),
      ),
    );
  }
}
