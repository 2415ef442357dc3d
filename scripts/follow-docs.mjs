// Follows README and docs to the letter in empty folders, with the packed package and each supported TypeScript.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
/** Versions of packages that pages name without one. */
const pinned = {
  '@types/node': '26.6.6',
  '@swc/cli': '0.8.1',
  '@swc/core': '1.16.22',
  esbuild: '0.28.2',
  tsx: '4.23.15',
};
/** The TypeScript version that npm installs by default, and earlier supported ones. */
const newest = '7.0.2';
const earlier = ['5.4.5', '6.0.3'];
/** Other packages that pages import. */
const alsoImported = ['yaml'];
const base = mkdtempSync(path.join(tmpdir(), 'tidemark-docs-'));
const env = { ...process.env, NO_COLOR: '1' };
for (const option of ['prefer_offline', 'ignore_scripts']) env[`npm_config_${option}`] = 'true';
for (const option of ['audit', 'fund', 'update_notifier']) env[`npm_config_${option}`] = 'false';

const read = (name) => readFileSync(path.join(root, name), 'utf8');
const readme = read('README.md');
const pages = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));

/** The first program of README, and its documented output. */
const [program] = blocksOf(readme);
const printed = Array.from(program.code.matchAll(/\/\/ (\d+): /g), ([, number]) => `${number}\n`).join('');

/** The section of a page with this heading. */
function section(page, heading) {
  const start = page.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`section not found: ${heading}`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}

/** The code blocks of a text, each with the file named in the line before: "`main.ts`:". */
function blocksOf(text) {
  return Array.from(text.matchAll(/(?:`([\w.-]+)`:\n\n)?```(\w+)\n(.*?)```/gs), ([, file, language, code]) => ({
    file,
    language,
    code,
  }));
}

/** Writes the files, runs the commands, and compares the output of the last one. */
async function follow(text, folder, packages) {
  let last;
  for (const { file, language, code } of blocksOf(text)) {
    if (language === 'sh') for (const line of code.trim().split('\n')) last = await sh(line, folder, packages);
    else if (file !== undefined) writeFileSync(path.join(folder, file), code);
    else if (language === 'text') same(last, code, text.trim().split('\n')[0]);
  }
  return last;
}

async function sh(line, cwd, packages = {}) {
  const command = line.startsWith('npm install')
    ? line.replace(/ (?!install\b)(@?[a-z][\w./-]*)/g, (_, name) => ` ${packages[name] ?? withVersion(name)}`)
    : line;
  return run('bash', ['-ec', command], cwd);
}

function withVersion(name) {
  if (!pinned[name]) throw new Error(`the version of ${name} to install is not said in ${import.meta.filename}`);
  return `${name}@${pinned[name]}`;
}

async function run(program, args, cwd) {
  try {
    return (await promisify(execFile)(program, args, { cwd, env, encoding: 'utf8' })).stdout;
  } catch (error) {
    throw new Error(`${[program, ...args].join(' ')}\n${error.stdout}${error.stderr}`);
  }
}

function same(printed, expected, where) {
  if (printed !== expected) throw new Error(`${where}: it printed\n${printed}instead of\n${expected}`);
}

async function step(name, work) {
  const start = performance.now();
  try {
    await work();
  } catch (error) {
    console.log(`FAILED ${name}`);
    throw error;
  }
  console.log(`ok     ${name}, ${((performance.now() - start) / 1_000).toFixed(1)} s`);
}

/** Follows the installation in README with its first program. */
async function followReadme(folder, packed) {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'main.ts'), program.code);
  const packages = { tidemark: packed, typescript: `typescript@${newest}` };
  same(await follow(section(readme, 'Install'), folder, packages), printed, 'README');
  same(await sh('node main.js', folder), printed, 'README, started again');
}

/** Repeats it with another TypeScript version. */
async function followAgain(folder, typescript) {
  rmSync(path.join(folder, 'main.js'));
  await sh('npm install typescript', folder, { typescript: `--save-dev typescript@${typescript}` });
  const version = await sh('npx tsc --version', folder);
  if (!version.includes(typescript)) throw new Error(`npx tsc is ${version}`);
  same(await sh('npx tsc && node main.js', folder), printed, 'README');
}

/** Waits for all, then throws the first error. */
async function both(...works) {
  const outcomes = await Promise.allSettled(works.map((work) => work()));
  for (const { reason } of outcomes) if (reason) throw reason;
}

/** Compiles the programs of all pages with the settings of README. */
async function compilePages(folder) {
  for (const name of alsoImported)
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  mkdirSync(path.join(folder, 'docs'));
  for (const page of pages) {
    const programs = blocksOf(read(`docs/${page}`)).filter(({ language }) => language === 'ts');
    for (const [i, { code }] of programs.entries())
      writeFileSync(path.join(folder, `docs/${page.replace('.md', '')}-${i + 1}.ts`), code);
  }
  writeFileSync(path.join(folder, 'docs/tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json' }));
  await sh('npx tsc -p docs', folder);
}

/** Runs the programs of all pages, two at a time, each in its own folder. */
async function runPages(folder) {
  const programs = pages.flatMap((page) =>
    Array.from(read(`docs/${page}`).matchAll(/```ts\n.*?```(?:\s*```text\n(.*?)```)?/gs), ([, text], i) => ({
      file: path.join(folder, `docs/${page.replace('.md', '')}-${i + 1}.js`),
      text,
    })),
  );
  const runSome = async () => {
    for (let next = programs.pop(); next !== undefined; next = programs.pop()) {
      const out = await run(process.execPath, [next.file], mkdtempSync(path.join(base, 'run-')));
      if (next.text !== undefined) same(out, next.text, path.basename(next.file));
    }
  };
  await both(runSome, runSome);
}

/** Follows the sections of docs/typescript.md that have commands, each in a copy of the folder of README. */
async function followToolChains(folder) {
  const page = read('docs/typescript.md');
  const kept = ['main.ts', 'tsconfig.json'].map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]);
  rmSync(path.join(folder, 'docs'), { recursive: true });
  for (const heading of Array.from(page.matchAll(/^## (.*)$/gm), ([, name]) => name)) {
    await sh('npm pkg set type=commonjs', folder);
    rmSync(path.join(folder, 'main.js'), { force: true });
    for (const [name, text] of kept) writeFileSync(path.join(folder, name), text);
    await follow(section(page, heading).replace(/```ts\n.*?```(\s*```text\n.*?```)?/gs, ''), folder);
  }
}

/** Runs the commands in README, except the worker, which does not exit. */
async function followCommandLine(folder) {
  const [{ code }] = blocksOf(section(readme, 'Command line'));
  for (const line of code.trim().split('\n')) if (!/ worker /.test(line)) await sh(line, folder);
}

try {
  let packed;
  await step('packs', async () => {
    const [{ filename }] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', base], root));
    packed = path.join(base, filename);
  });
  const folderOf = (version) => path.join(base, `typescript-${version}`);
  const first = folderOf(newest);
  await step(`README, with TypeScript ${newest}`, () => followReadme(first, packed));
  for (const version of earlier) cpSync(first, folderOf(version), { recursive: true, verbatimSymlinks: true });
  await both(
    async () => {
      await step(`pages, with TypeScript ${newest}, and what they print`, async () => {
        await compilePages(first);
        await runPages(first);
      });
      await step("README's command line", () => followCommandLine(first));
      await step('docs/typescript.md', () => followToolChains(first));
    },
    async () => {
      for (const version of earlier) {
        await step(`README, with TypeScript ${version}`, () => followAgain(folderOf(version), version));
        await step(`pages, with TypeScript ${version}`, () => compilePages(folderOf(version)));
      }
    },
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
