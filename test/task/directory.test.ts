import { join } from 'node:path';
import { inspect } from 'node:util';
import { cbor, Requires, Task, TaskDirectory } from 'tidemark';
import { definitionOf } from '../../src/task/definition';

const directory = new TaskDirectory('/data/run');

it('returns its own path, paths of files, and its path as text', () => {
  expect([directory.path, `${directory}/a.txt`]).toEqual(['/data/run', '/data/run/a.txt']);
  expect(directory.file('a', 'b.txt')).toBe(join('/data/run', 'a', 'b.txt'));
  expect(directory.file()).toBe('/data/run');
  expect(inspect({ directory })).toBe('{ directory: TaskDirectory(/data/run) }');
  expect(new TaskDirectory('here').path).toBe(join(process.cwd(), 'here'));
});

it.each([['..'], ['a', '../../b'], ['../running']])('rejects %j, which is outside', (...segments) => {
  expect(() => directory.file(...segments)).toThrow('is outside of the task directory /data/run');
});

it('is found by reflection, and by name', () => {
  @Task()
  class Unpack {
    @Requires() reflected!: TaskDirectory;
    @Requires(TaskDirectory) named!: TaskDirectory;
    run() {}
  }
  const { requirements, hasDirectory } = definitionOf(Unpack);
  expect(requirements.map(({ property, source }) => [property, source.from])).toEqual([
    ['named', 'directory'],
    ['reflected', 'directory'],
  ]);
  expect(hasDirectory).toBe(true);
});

it('crosses to another process of this machine with its path', async () => {
  const { bytes, format } = await cbor.serialize({ directory });
  const { directory: read } = (await cbor.deserialize(bytes, format, true)) as { directory: TaskDirectory };
  expect([read instanceof TaskDirectory, read.path]).toEqual([true, '/data/run']);
});
