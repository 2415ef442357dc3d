// How long a process takes from its start to its end: node that does nothing (the floor), and
//
// import   a program that imports the package
// version  tidemark --version
// run      tidemark run FILE, with a task of one line in TypeScript that is not saved
//
// node start-up.js floor|ours import|version|run FOLDER
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bench/places';
import { median } from '../bench/statistics';

const samples = 11;
const commandLine = join(root, 'dist/cli/main.js');
const program = "import { Task } from 'tidemark';\n\n@Task()\nexport class Main {\n  run() {\n    return 42;\n  }\n}\n";

/** Arguments of node, working folder, and expected output. */
interface Started {
  readonly args: readonly string[];
  readonly prints: RegExp;
  readonly cwd?: string;
}

function argumentsOf(what: string, folder: string): Started {
  switch (what) {
    case 'import':
      return { args: ['-e', "require('tidemark')"], prints: /^$/ };
    case 'version':
      return { args: [commandLine, '--version'], prints: /^\d+\.\d+\.\d+/ };
    case 'run': {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'main.ts');
      writeFileSync(file, program);
      return { args: [commandLine, 'run', file], prints: /^42$/, cwd: folder };
    }
    default:
      throw new Error(`there is nothing called ${what} to start`);
  }
}

function main(contestant: string, what: string, folder: string): void {
  const nothing: Started = { args: ['-e', ''], prints: /^$/ };
  const { args, prints, cwd = root } = contestant === 'floor' ? nothing : argumentsOf(what, folder);
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd });
    times.push(performance.now() - start);
    if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
    if (!prints.test(stdout.trim())) throw new Error(`it printed ${stdout}`);
  }
  console.log(JSON.stringify({ ms: median(times) }));
}

main(process.argv[2]!, process.argv[3]!, process.argv[4]!);
