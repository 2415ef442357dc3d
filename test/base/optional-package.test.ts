import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { projects } from '../load/support/project';

const project = projects();
const { peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(
  readFileSync(resolve(__dirname, '../../package.json'), 'utf8'),
);

/** An installed package without code. */
const installed = (name: string, version: string) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version, main: 'lib/index.js' }),
  [`node_modules/${name}/lib/index.js`]: '',
  [`node_modules/${name}/lib/package.json`]: '{ "type": "commonjs" }',
});

/** The result of an expression, or its error, in a process with the given working folder. */
function print({ path, tidemark }: { path: string; tidemark: string }, expression: string): Promise<string> {
  const program = `
    const { Runner, Storage, Task } = require(${JSON.stringify(join(tidemark, 'entry/index.js'))});
    const { bullmq } = require(${JSON.stringify(join(tidemark, 'entry/bullmq.js'))});
    class Main { run() {} }
    Task()(Main);
    const runOn = (executor) => new Runner({ storage: 'memory:', executor }).run(Main).catch(({ errors: [first] }) => { throw first.cause; });
    (async () => console.log(await (${expression})))().catch(({ name, message }) => console.log(name + ': ' + message));`;
  return new Promise((printed) =>
    execFile(process.execPath, ['-e', program], { cwd: path }, (_, out, err) => printed((err + out).trim())),
  );
}

it.each([
  ['bullmq', '5.58.1', "runOn(bullmq({ connection: 'redis://localhost:1' }))", 'QueueError: tasks on other machines: '],
  ['ioredis', '5.4.1', "runOn(bullmq({ connection: 'redis://localhost:1' }))", 'QueueError: tasks on other machines: '],
  ['bullmq', '6.6.9', "runOn(bullmq({ connection: 'redis://localhost:1' }))", 'QueueError: tasks on other machines: '],
  ['@keyv/redis', '4.0.0', "Storage.open('redis://localhost:1').has('A/1')", 'StorageError: a Redis storage: '],
  ['lmdb', '2.9.4', "Storage.open('lmdb:saved').stack.mark('A')", 'StorageError: an LMDB storage: '],
  ['lmdb', '4.0.0-beta.1', "Storage.open('lmdb:saved').stack.mark('A')", 'StorageError: an LMDB storage: '],
])('names the supported version of %s when %s is used', async (name, version, expression, start) => {
  const user = project({ ...installed('ioredis', '6.0.0'), ...installed(name, version) });
  const least = devDependencies[name];
  const message = await print(user, expression);
  expect(message.slice(0, start.length)).toBe(start);
  expect(message).toMatch(
    new RegExp(`${name} [\\d.]+ or a later ${least.split('.')[0]}.x is needed, but ${version} is `),
  );
  expect(message).toContain(`installed in ${user.path}/node_modules/${name}: npm install ${name}@`);
});

it('ignores packages that are not used', async () => {
  const user = project({
    ...installed('bullmq', '5.0.0'),
    ...installed('ioredis', '5.0.0'),
    ...installed('lmdb', '1.0.0'),
  });
  expect(await print(user, "new Runner({ storage: 'memory:' }).storage.location")).toContain('memory');
});

it('accepts the versions that the tests use, and has no peer versions for npm to check', () => {
  // npm fails with ERESOLVE if a program has another version of a package that it does not even use with Tidemark.
  expect(new Set(Object.values(peerDependencies))).toEqual(new Set(['*']));
  expect(Object.keys(peerDependenciesMeta)).toEqual(Object.keys(peerDependencies));
  for (const { optional } of Object.values<{ optional: boolean }>(peerDependenciesMeta)) expect(optional).toBe(true);
});
