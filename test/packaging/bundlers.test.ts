import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { write } from '../cli/support/cli';
import { temporaryFolder } from '../support/temporary-folder';
import { bundlers } from './support/bundlers';

const root = resolve(__dirname, '../..');
const folder = temporaryFolder();
beforeEach(() => {
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(root, join(folder.path, 'node_modules/tidemark'), 'junction');
});

/** Runs with an argument, so that the threads, which load it too, only find its tasks. */
const program = `
  import { Param, Requires, Runner, Task, task, threads } from 'tidemark';
  import { pictureOf, RunRecorder, toMermaid } from 'tidemark/report';

  @Task({ save: true })
  export class Square {
    @Param() n!: number;
    run(): number { return this.n ** 2; }
  }

  @Task({ queue: 'here' })
  export class Main {
    @Requires(() => [1, 2, 3].map((n) => task(Square, { n }))) squares!: number[];
    run(): string { return this.squares.join(); }
  }

  async function main(file: string) {
    const executor = threads({ modules: [file], size: 1 });
    const runner = new Runner({ storage: 'file:saved', executor });
    const recorder = new RunRecorder(pictureOf(await runner.plan(Main)));
    const run = runner.start(Main);
    const recording = (async () => { for await (const event of run.events) recorder.record(event); })();
    const result = await run.result;
    await recording;
    const { ran, loaded } = await run.summary;
    console.log(result, 'ran', ran, 'loaded', loaded, toMermaid(recorder.picture()).includes('Square'));
    await runner.close();
  }
  if (process.argv[2] === 'start') void main(process.argv[1]!);
`;

it.each(Object.keys(bundlers))('runs tasks in threads and saves them, bundled by %s', async (name) => {
  write(folder.path, { 'main.ts': program, 'package.json': '{}' });
  await bundlers[name]!(folder.path);
  const run = () => execFileSync(process.execPath, ['out/main.js', 'start'], { cwd: folder.path, encoding: 'utf8' });
  expect([run(), run()]).toEqual(['1,4,9 ran 4 loaded 0 true\n', '1,4,9 ran 1 loaded 3 true\n']);
});
