import { Param, Task } from 'tidemark';
import { z } from 'zod';
import { readParams } from '../../src/cli/read-params';

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
  ['number', '0x10', 16],
  ['number', '9007199254740993e0', 9007199254740992],
  ['number', '-Infinity', Number.NEGATIVE_INFINITY],
  ['number', '.5', 0.5],
  ['number', '0e5', 0],
  ['big', '9007199254740993', 9007199254740993n],
  ['date', '2026-01-31', new Date('2026-01-31')],
  ['date', '2024-02-29', new Date('2024-02-29')],
  ['date', '2026-01-31T10:00Z', new Date('2026-01-31T10:00Z')],
  ['date', '2026-01-31T23:59:59.5+05:30', new Date('2026-01-31T18:29:59.500Z')],
  ['bytes', 'aGk', Buffer.from('hi')],
  ['bytes', '_-8=', Buffer.from([0xff, 0xef])],
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

it('accepts a flag without a value, and its negation', async () => {
  expect(await read(['--flag', '--number', '1'])).toEqual({ flag: true, number: 1 });
  expect(await read(['--no-flag'])).toEqual({ flag: false });
});

it('makes a list from a repeated option', async () => {
  expect(await read(['--list', '2', '--list=3'])).toEqual({ list: [2, 3] });
});

it('accepts names with hyphens', async () => {
  expect(await read(['--learning-rate', '0.1'])).toEqual({ learningRate: 0.1 });
});

it('accepts JSON for a schema', async () => {
  expect(await read([], '{"zDate":"2026-01-31","zText":"20"}')).toEqual({ zDate: new Date('2026-01-31'), zText: '20' });
});

it('converts JSON values to declared types that JSON lacks', async () => {
  const json = '{"date":"2026-01-31","big":2,"set":["a"],"map":{"a":1},"number":1}';
  expect(await read([], json)).toEqual({
    date: new Date('2026-01-31'),
    big: 2n,
    set: new Set(['a']),
    map: new Map([['a', 1]]),
    number: 1,
  });
});

it('keeps a number inside a JSON string as text', async () => {
  expect(await read([], '{"text":"1e999","list":["12345678901234567890 \\" 1e999"]}')).toEqual({
    text: '1e999',
    list: ['12345678901234567890 " 1e999'],
  });
});

it.each([
  [['--number', 'many'], "Typed: the param number must be a number, but is 'many'"],
  [['--byDefault', 'many'], "must be a number, as its default is, but is 'many'; --params '{\"byDefault\": …}'"],
  [['--numbr', '1'], 'Typed has no param numbr, and there is no option --numbr; did you mean --number?'],
  [['--storag', 'file:a'], 'there is no option --storag; did you mean --storage?'],
  [['--number'], 'the param number has no value: --number <value>'],
  [['--number', '1', '--number', '2'], 'Typed: the param number is given 2 times'],
  ...['2026-02-30', '2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '2026-01', '2026', '31.01.2026'].map(
    (text) => [['--date', text], `must be a date such as 2026-01-31, but is '${text}'`] as const,
  ),
  ...['2026-01-31T24:00Z', '2026-02-30T10:00Z', '2026-01-31T10:60Z', '2026-01-31T10:00:00.1234Z', '2026-01-31T10Z'].map(
    (text) => [['--date', text], 'must be a date such as 2026-01-31'] as const,
  ),
  ...['2026-01-31T10:00', '2026-01-31T10:00:00', '2026-01-31 10:00:30.5'].map(
    (text) => [['--date', text], 'must be a date with its time zone, such as 2026-01-31T10:00'] as const,
  ),
  ...['0x', '', ' ', '1_000', '1,5', '5px', '0b2', '--1', 'infinity'].map(
    (text) => [[`--number=${text}`], `must be a number, but is '${text}'`] as const,
  ),
  [['--number', '1e999'], "must be a number of at most 1.8e+308, but is '1e999'"],
  [['--number', '1e-999'], "must be a number that is 0 or at least 5e-324, but is '1e-999'"],
  [['--number', '9007199254740993'], 'must be a number that JavaScript can hold exactly'],
  [['--number', '0x20000000000001'], 'must be a number that JavaScript can hold exactly'],
  [['--zNumber', '1e999'], 'must be a number of at most 1.8e+308'],
  [['--union', '12345678901234567890'], 'must be a number that JavaScript can hold exactly'],
  [['--list', '[1,[1e999]]'], 'must be a number of at most 1.8e+308'],
  [['--flag=constructor'], "must be true or false, but is 'constructor'"],
  [['--bytes', 'a'], "must be bytes in base64, but is 'a'"],
  [['--bytes', 'aGk=='], 'must be bytes in base64'],
  [['--secret', 'hush'], 'Typed: the param secret must be a number, but is a secret of another type'],
  [['--map', '[1]'], 'the param map must be a JSON object'],
  [['Other'], 'unexpected argument Other'],
] as readonly (readonly [readonly string[], string])[])('refuses %j', async (args, message) => {
  await expect(read([...args])).rejects.toThrow(message);
});

it.each([
  ['[1]', '--params is [ 1 ]; it must be an object of params'],
  ['{', '--params is not JSON'],
  ['{"zNumber":1e999}', '--params contains 1e999: it must be a number of at most 1.8e+308'],
  ['{"number":-12345678901234567890}', '--params contains -12345678901234567890: it must be a number that JavaScript'],
  ['{"date":"2026-02-30"}', 'the param date must be a date such as 2026-01-31'],
])('rejects %s as params', async (json, message) => {
  await expect(read([], json)).rejects.toThrow(message);
});
