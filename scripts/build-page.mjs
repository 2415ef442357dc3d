// Bundles the browser code of the HTML page into src/report/html/page-script.ts, a file of the repository, so that
// nothing has to be built before the source can run. With --check it writes nothing and fails when that file is old.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const html = path.resolve(import.meta.dirname, '../src/report/html');
const file = path.join(html, 'page-script.ts');

/** The text of the file, as the browser code is now. */
async function generatedText() {
  const { outputFiles } = await build({
    entryPoints: [path.join(html, 'browser/main.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
  });
  const script = outputFiles[0].text.trim();
  return `// Generated from browser/*.ts by scripts/build-page.mjs; do not edit.\n\n/** The page's script. */\nexport const pageScript =\n  ${JSON.stringify(script)};\n`;
}

export async function generate() {
  const text = await generatedText();
  if (text !== (await readFile(file, 'utf8').catch(() => ''))) await writeFile(file, text);
}

async function check() {
  if ((await generatedText()) === (await readFile(file, 'utf8'))) return;
  console.error(`${path.relative('', file)} is older than the browser code; run \`npm run build:page\``);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await (process.argv.includes('--check') ? check() : generate());
