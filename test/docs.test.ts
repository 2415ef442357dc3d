import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Child } from './support/child';

const root = resolve(__dirname, '..');
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
/** A program, and what it prints when that is shown below it. */
const block = /```ts\n(.*?)```(?:\s*```text\n(.*?)```)?/gs;

const programs = pages.flatMap((page) =>
  Array.from(readFileSync(join(root, 'docs', page), 'utf8').matchAll(block), ([, code, printed], i) => ({
    name: `${page}, program ${i + 1}`,
    file: `${page.replace('.md', '')}-${i + 1}.ts`,
    code: code!,
    printed,
  })),
);
const sources = join(root, 'build/docs');

beforeAll(() => {
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  for (const { file, code } of programs) writeFileSync(join(sources, file), code);
});

it('has programs on every page', () => {
  expect(programs.length).toBeGreaterThanOrEqual(pages.length);
});

it('type-checks', () => {
  const compilerOptions = {
    noEmit: true,
    rootDir: '../..',
    types: ['node'],
    paths: { tidemark: ['../../src/entry/index.ts'], 'tidemark/*': ['../../src/entry/*.ts'] },
  };
  const extended = { extends: '../../tsconfig.json', compilerOptions };
  writeFileSync(join(sources, 'tsconfig.json'), JSON.stringify({ ...extended, include: ['*.ts'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  expect(execFileSync(process.execPath, [tsc, '-p', sources], { encoding: 'utf8' })).toBe('');
}, 60_000);

it.each(programs)('runs: $name', async ({ file, printed }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'tidemark-docs-'));
  try {
    const { code, output } = await new Child(join(sources, file), [], { cwd }).ended;
    expect([code, printed === undefined ? undefined : output]).toEqual([0, printed]);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
