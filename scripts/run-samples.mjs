// Runs each compiled sample in an empty folder and compares its output with the `// Expected output:` in its first
// comment. `<…>`, or a word such as `<time>`, in the expected text matches any text on that line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const anything = /<(?:…|\.\.\.|[a-z][a-z ]*)>/g;

const samples = readdirSync(path.join(root, 'samples'))
  .filter((name) => /^\d+-/.test(name))
  .sort()
  .map((name) => (name.endsWith('.ts') ? name : `${name}/main.ts`))
  .filter((file) => existsSync(path.join(root, 'samples', file)));

const failed = samples.filter((file) => {
  const started = performance.now();
  const problem = check(file);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problem ? 'FAILED' : 'ok    '} samples/${file} (${seconds} s)`);
  if (problem) console.log(`\n${indent(problem)}\n`);
  return problem !== undefined;
});

console.log(`${samples.length - failed.length} of ${samples.length} samples print the expected output`);
if (failed.length > 0 || samples.length === 0) process.exit(1);

/** Runs a sample; returns the problem, or undefined. */
function check(file) {
  const expected = expectedOutput(readFileSync(path.join(root, 'samples', file), 'utf8'));
  if (!expected) return 'its first comment has no `// Expected output:`';

  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-sample-'));
  try {
    const program = path.join(root, 'build/samples', file.replace(/\.ts$/, '.js'));
    const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, ['--enable-source-maps', program], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 120_000,
    });
    // A requirement is missing on this machine.
    if (status === 0 && stdout.startsWith('skipped:') && !process.env.CI) return console.log(stdout.trim());
    const printed = stdout.trimEnd().split('\n');
    const ended = error?.message ?? (status === 0 ? undefined : `ended with ${signal ?? `exit code ${status}`}`);
    if (!ended && printed.length === expected.length && printed.every((line, i) => fits(expected[i], line))) return;
    return [ended, difference(expected, printed), stderr.trimEnd()].filter(Boolean).join('\n\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The comment lines after `// Expected output:`, without their `//` and up to three spaces. */
function expectedOutput(source) {
  const lines = source.split('\n');
  const code = lines.findIndex((line) => !line.startsWith('//') && !line.startsWith('#!'));
  const head = code === -1 ? lines : lines.slice(0, code);
  const start = head.findIndex((line) => /^\/\/ Expected output:\s*$/.test(line));
  if (start === -1) return undefined;
  const text = head.slice(start + 1).map((line) => line.replace(/^\/\/ {0,3}/, '').trimEnd());
  return text.join('\n').trimEnd().split('\n');
}

function fits(expected, line) {
  const pattern = expected
    .split(anything)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(line.trimEnd());
}

/** A line diff: `-` is expected but missing, `+` is unexpected. */
function difference(expected, printed) {
  // common[i][j]: length of the longest common subsequence of the lines from i and j on.
  const common = Array.from({ length: expected.length + 1 }, () => new Array(printed.length + 1).fill(0));
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = printed.length - 1; j >= 0; j--) {
      common[i][j] = fits(expected[i], printed[j])
        ? common[i + 1][j + 1] + 1
        : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < printed.length) {
    if (i < expected.length && j < printed.length && fits(expected[i], printed[j])) {
      lines.push(`  ${printed[j++]}`);
      i++;
    } else if (j === printed.length || (i < expected.length && common[i + 1][j] >= common[i][j + 1])) {
      lines.push(`- ${expected[i++]}`);
    } else {
      lines.push(`+ ${printed[j++]}`);
    }
  }
  return lines.join('\n');
}

function indent(text) {
  return text.replaceAll(/^/gm, '    ');
}
