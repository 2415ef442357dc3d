import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';

const register = join(__dirname, '../support/register.js');
const folder = temporaryFolder();

/** Names no storage. Prints its results and where they came from. */
const program = `
  import { Param, Requires, Runner, Task, task } from 'tidemark';

  @Task({ save: true })
  class Roots {
    @Param() count!: number;
    run(): Float64Array {
      return Float64Array.from({ length: this.count }, (_, i) => Math.sqrt(i));
    }
  }

  @Task({ save: true })
  class Sum {
    @Param() count!: number;
    @Requires(Roots) roots!: Float64Array;
    run(): Map<string, number> {
      return new Map([['sum', Math.round(this.roots.reduce((sum, root) => sum + root))]]);
    }
  }

  async function main(): Promise<void> {
    const run = new Runner().start({ roots: task(Roots, { count: 6000 }), sum: task(Sum, { count: 6000 }) });
    const { roots, sum } = await run.result;
    const { ran, loaded, saved } = await run.summary;
    const got = [roots.constructor.name, roots.length, sum.constructor.name, ...sum];
    console.log(JSON.stringify({ got, ran, loaded, saved }));
  }
  void main();
`;
const got = ['Float64Array', 6000, 'Map', ['sum', 309_800]];
const computed = { got, ran: 2, loaded: 0, saved: 2 };
const resumed = { got, ran: 0, loaded: 2, saved: 0 };

beforeEach(() => writeFileSync(join(folder.path, 'program.ts'), program));

const configure = (storage: string) =>
  writeFileSync(join(folder.path, 'tidemark.config.json'), JSON.stringify({ storage }));

/** Runs the program in a process of its own. @param uri the value of TIDEMARK_STORAGE @param within the working folder */
async function start(uri = '', within = '.'): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-r', register, join(folder.path, 'program.ts')], {
    cwd: join(folder.path, within),
    env: { ...process.env, TIDEMARK_STORAGE: uri },
  });
  return JSON.parse(stdout);
}

it.each(['file:kept', 'lmdb:kept'])(
  'resumes in another process and folder when the config says %s',
  async (storage) => {
    configure(storage);
    mkdirSync(join(folder.path, 'below'));
    expect(await start()).toEqual(computed);
    expect(await start('', 'below')).toEqual(resumed);
    expect(readdirSync(folder.path).sort()).toEqual(['below', 'kept', 'program.ts', 'tidemark.config.json']);
  },
);

it('computes in each process when the config says memory:', async () => {
  configure('memory:');
  expect([await start(), await start()]).toEqual([computed, computed]);
  expect(readdirSync(folder.path).sort()).toEqual(['program.ts', 'tidemark.config.json']);
});

it('uses TIDEMARK_STORAGE instead of the config, and the config again without it', async () => {
  configure('file:kept');
  expect([await start('lmdb:other'), await start('lmdb:other')]).toEqual([computed, resumed]);
  expect([await start(), await start(), await start('lmdb:other')]).toEqual([computed, resumed, resumed]);
});

describeWithRedis('with a redis-server', (server) => {
  it('resumes from Redis by the config or TIDEMARK_STORAGE', async () => {
    configure(server.uri());
    expect([await start(), await start()]).toEqual([computed, resumed]);
    configure('file:kept');
    expect([await start(server.uri()), await start()]).toEqual([resumed, computed]);
  });
});
