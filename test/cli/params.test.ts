import { Param, Task } from 'tidemark';
import { z } from 'zod';
import { readParams } from '../../src/cli/given-params';

@Task()
class Typed {
  @Param({ optional: true }) number!: number;
  @Param({ optional: true }) text!: string;
  @Param({ optional: true }) big!: bigint;
  @Param() flag: boolean = false;
  @Param({ optional: true }) date!: Date;
  @Param({ optional: true }) pattern!: RegExp;
  @Param({ optional: true }) list!: unknown[];
  @Param({ optional: true }) set!: Set<string>;
  @Param({ optional: true }) map!: Map<string, number>;
  @Param({ optional: true }) bytes!: Buffer;
  @Param() byDefault = 10;
  @Param() texts = ['1'];
  @Param({ optional: true }) union!: number | string;
  @Param({ optional: true }) learningRate!: number;
  @Param({ optional: true, secret: true }) secret!: number;
  @Param(z.number().optional()) zNumber: unknown;
  @Param(z.string().optional()) zText: unknown;
  @Param(z.date().optional()) zDate: unknown;
  @Param(z.array(z.number()).optional()) zList: unknown;
  run(): void {}
}

const read = (args: string[], json?: string) =>
  readParams(Typed, { args, json, file: undefined, options: ['storage', 'json'] });

it.each([
  ['number', '-3e2', -300],
  ['text', '20', '20'],
  ['big', '20', 20n],
  ['flag', 'yes', true],
  ['flag', 'no', false],
  ['date', '2026-01-31', new Date('2026-01-31')],
  ['pattern', '/a+/i', /a+/i],
  ['list', '1,2', [1, 2]],
  ['list', '[1,[2]]', [1, [2]]],
  ['set', 'a,b', new Set(['a', 'b'])],
  ['map', '{"a":1}', new Map([['a', 1]])],
  ['bytes', 'aGk=', Buffer.from('hi')],
  ['byDefault', '20', 20],
  ['texts', '2,3', ['2', '3']],
  ['union', '3', 3],
  ['union', 'auto', 'auto'],
  ['zNumber', '20', 20],
  ['zNumber', 'many', 'many'],
  ['zList', '1,2', [1, 2]],
  ['zList', '[1', '[1'],
  ['zText', '20', '20'],
  ['zDate', '2026-01-31', new Date('2026-01-31')],
])('reads the param %s from %s', async (name, text, value) => {
  expect(await read([`--${name}`, text])).toEqual({ [name]: value });
});

it('takes a flag without a value, and its denial', async () => {
  expect(await read(['--flag', '--number', '1'])).toEqual({ flag: true, number: 1 });
  expect(await read(['--no-flag'])).toEqual({ flag: false });
});

it('takes a list from an option that is repeated', async () => {
  expect(await read(['--list', '2', '--list=3'])).toEqual({ list: [2, 3] });
});

it('takes names with hyphens', async () => {
  expect(await read(['--learning-rate', '0.1'])).toEqual({ learningRate: 0.1 });
});

it('takes what a schema takes from JSON', async () => {
  expect(await read([], '{"zDate":"2026-01-31","zText":"20"}')).toEqual({ zDate: new Date('2026-01-31'), zText: '20' });
});

it('takes what JSON cannot say from JSON, by the declared type', async () => {
  const json = '{"date":"2026-01-31","big":2,"set":["a"],"map":{"a":1},"number":1}';
  expect(await read([], json)).toEqual({
    date: new Date('2026-01-31'),
    big: 2n,
    set: new Set(['a']),
    map: new Map([['a', 1]]),
    number: 1,
  });
});

it.each([
  [['--number', 'many'], "Typed: the param number must be a number, but is 'many'"],
  [['--byDefault', 'many'], "must be a number, as its default is, but is 'many'; --params '{\"byDefault\": …}'"],
  [['--numbr', '1'], 'Typed has no param numbr, and there is no option --numbr; did you mean --number?'],
  [['--storag', 'file:a'], 'there is no option --storag; did you mean --storage?'],
  [['--number'], 'the param number has no value: --number <value>'],
  [['--number', '1', '--number', '2'], 'Typed: the param number is given 2 times'],
  [['--secret', 'hush'], 'Typed: the param secret must be a number, but is a secret that is something else'],
  [['--map', '[1]'], 'the param map must be a JSON object'],
  [['Other'], 'what is Other?'],
])('refuses %j', async (args, message) => {
  await expect(read(args)).rejects.toThrow(message);
});

it.each([
  ['[1]', '--params is [ 1 ]; it must be an object with params by name'],
  ['{', '--params is no JSON'],
])('refuses %s as params', async (json, message) => {
  await expect(read([], json)).rejects.toThrow(message);
});
