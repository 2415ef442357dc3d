// A graph that grows with a folder: one task lists the files and returns a ref for each of them.
// After one file is added and another one edited, only these two are read again.
//
// Expected output:
//   3 files, 12 words (counted: one.txt, three.txt, two.txt)
//   3 files, 12 words (counted: nothing)
//   added four.txt
//   4 files, 16 words (counted: four.txt)
//   edited two.txt
//   4 files, 18 words (counted: two.txt)
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileFingerprint, Param, Requires, Runner, Task, task } from 'tidemark';

@Task({ save: true })
class CountWords {
  @Param() file!: string;

  /** The content of the file becomes part of the key. */
  fingerprint(): Promise<string> {
    return fileFingerprint(this.file);
  }

  async run(): Promise<number> {
    return (await readFile(this.file, 'utf8')).match(/\w+/g)?.length ?? 0;
  }
}

/** Not saved: each run lists the folder again. */
@Task()
class CountEach {
  @Param() folder!: string;

  async run() {
    const names = (await readdir(this.folder)).sort();
    return names.map((name) => task(CountWords, { file: join(this.folder, name) }));
  }
}

@Task()
class Report {
  @Param() folder!: string;
  @Requires(CountEach) counts!: number[]; // each ref is replaced by its result

  run(): string {
    return `${this.counts.length} files, ${this.counts.reduce((sum, count) => sum + count, 0)} words`;
  }
}

const folder = 'texts';
const runner = new Runner();

async function report(): Promise<void> {
  const run = runner.start(Report, { folder });
  const counted: string[] = [];
  for await (const event of run.events) {
    if (event.type !== 'task-finished' || event.node.task !== 'CountWords') continue;
    counted.push(basename(String(event.node.params.file)));
  }
  console.log(`${await run.result} (counted: ${counted.sort().join(', ') || 'nothing'})`);
}

async function main(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'one.txt'), 'the tide comes in');
  await writeFile(join(folder, 'two.txt'), 'the tide goes out');
  await writeFile(join(folder, 'three.txt'), 'and leaves a mark');
  await report();
  await report();

  console.log('added four.txt');
  await writeFile(join(folder, 'four.txt'), 'that stays till morning');
  await report();

  console.log('edited two.txt');
  await writeFile(join(folder, 'two.txt'), 'the tide goes out at noon');
  await report();
}

void main();
