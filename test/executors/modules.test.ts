import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { projects } from '../load/support/project';

const project = projects();

/** Runs the task `Greet` of a module on a pool, and prints what it gives. */
const run = (pool: string, module: string) => `
  const lib = (name) => require('tidemark/' + name + '.js');
  const { ${pool} } = lib('executors/${pool}');
  const { buildGraph } = lib('graph/build-graph');
  const { typediContainer: container } = lib('task/container');
  const { importModule } = lib('load/load-module');
  async function main() {
    const { Greet } = ${module === '__filename' ? 'exports' : `await importModule(${module})`};
    const pool = ${pool}({ modules: [${module}], size: 1 });
    const { targets: [node] } = await buildGraph(Greet, { container, templates: new Map(), maxNodes: 10 });
    const { signal } = new AbortController();
    const result = await pool.execute({ node, requirements: [], context: { attempt: 1, signal }, container });
    console.log(await result.value());
  }
`;
const start = 'main().catch((error) => console.log(error));';
const typeScript = `
  import { Param, Task } from 'tidemark';
  import { Service } from 'typedi';
  @Service() class Greeting { word: string = 'hello'; }
  @Task() export class Greet {
    @Param() name: string = 'you';
    constructor(private readonly greeting: Greeting) {}
    run(): string { return this.greeting.word + ' ' + this.name; }
  }
`;
const javaScript = (imports: string, exports: string) => `
  ${imports}
  class Greet { run() { return 'hello you'; } }
  Task()(Greet);
  ${exports}
`;

describe.each(['threads', 'processes'])('%s', (pool) => {
  it.each([
    ['TypeScript, with decorators and their metadata', 'tasks.ts', typeScript],
    ['CommonJS', 'tasks.cjs', javaScript("const { Task } = require('tidemark');", 'exports.Greet = Greet;')],
    [
      'an ES module',
      'tasks.mjs',
      javaScript("import tidemark from 'tidemark'; const { Task } = tidemark; await 0;", 'export { Greet };'),
    ],
  ])('load %s', async (_, file, code) => {
    const user = project({ [file]: code, 'main.cjs': run(pool, JSON.stringify(`./${file}`)) + start });
    expect(await output(user.path)).toBe('hello you\n');
  });

  it('load the program itself, which does not start again', async () => {
    const itself = javaScript("const { Task } = require('tidemark');", 'exports.Greet = Greet;');
    const user = project({ 'main.cjs': `${itself} ${run(pool, '__filename')} if (require.main === module) ${start}` });
    expect(await output(user.path)).toBe('hello you\n');
  });
});

function output(cwd: string): Promise<string> {
  return new Promise((printed) =>
    execFile(process.execPath, [join(cwd, 'main.cjs')], { cwd }, (_, stdout, stderr) => printed(stderr + stdout)),
  );
}
