import { existsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { mkdirp } from '../../base/mkdirp';
import { UsageError } from '../errors';
import { printMessage } from '../output';

const main = `import { Param, Requires, Task } from 'tidemark';

/** Saved: runs once for the same params. */
@Task({ save: true })
export class FindPrimes {
  @Param({ describe: 'primes below this number' }) below = 1000;

  run(): number[] {
    const primes: number[] = [];
    for (let n = 2; n < this.below; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
    return primes;
  }
}

/** What \`tidemark run main.ts\` runs. */
@Task()
export class Main {
  @Param({ describe: 'primes below this number' }) below = 1000;
  @Requires(FindPrimes) primes!: number[]; // inherits the param \`below\`

  run(): string {
    return \`There are \${this.primes.length} primes below \${this.below}.\`;
  }
}
`;

const tsconfig = `{
  "compilerOptions": {
    "target": "es2022",
    "module": "nodenext",
    "strict": true,
    "skipLibCheck": true,
    "experimentalDecorators": true,
    "emitDecoratorMetadata": true
  }
}
`;

const config = `{
  "storage": "file:.tidemark"
}
`;

const files: Readonly<Record<string, string>> = {
  'main.ts': main,
  'tsconfig.json': tsconfig,
  'tidemark.config.json': config,
};

export function define(command: Command): void {
  command
    .argument('[folder]', 'folder of the project, created if missing', '.')
    .action((folder: string) => init(folder));
}

/** Creates the files of a project. Existing files stay unchanged. */
function init(folder: string): void {
  if (existsSync(join(folder, 'main.ts')))
    throw new UsageError(`${join(folder, 'main.ts')} already exists; choose another folder: tidemark init my-project`);
  mkdirp(folder);
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    if (existsSync(file)) printMessage(`kept   ${file}`);
    else {
      writeFileSync(file, text, { flag: 'wx' });
      printMessage(`wrote  ${file}`);
    }
  }
  printMessage(
    `\nRun it twice; the second run loads the saved result:\n  npx tidemark run ${relative('', join(folder, 'main.ts'))}`,
  );
}
