import fc from 'fast-check';
import {
  describeCauses,
  describeError,
  explainError,
  isError,
  isInstance,
  toError,
} from '../../src/base/describe-error';
import { errorToJson } from '../../src/base/error';
import { hostile } from '../support/hostile';

const refused = (port: number, address = '127.0.0.1') =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}:${port}`), { code: 'ECONNREFUSED' });

it('describes an error by its message, and other values as Node inspects them', () => {
  expect(
    [new Error('boom'), new RangeError(), 'text', 5n, Symbol('x'), undefined, { a: 1 }].map(describeError),
  ).toEqual(['boom', 'RangeError', 'text', '5', 'Symbol(x)', 'undefined', '{ a: 1 }']);
  expect(describeError(class Odd {})).toBe('[class Odd]');
});

it.each(Object.entries(hostile))('describes %s', (_, make) => {
  const thrown = make();
  for (const text of [describeError(thrown), explainError(thrown)]) expect(typeof text).toBe('string');
  expect(JSON.parse(JSON.stringify(errorToJson(thrown)))).toMatchObject({ message: expect.any(String) });
  const nested = new Error('outer', { cause: new AggregateError([thrown], 'several', { cause: thrown }) });
  expect(explainError(nested)).toMatch(/^outer\n {4}caused by: AggregateError: several/);
  expect(JSON.parse(JSON.stringify(errorToJson(nested)))).toMatchObject({ cause: { message: 'several' } });
  expect(typeof toError(thrown).message).toBe('string');
  expect([isError(thrown), isInstance(thrown, TypeError)].every((is) => typeof is === 'boolean')).toBe(true);
});

it('describes any value, alone and as a cause', () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withSet: true, withNullPrototype: true, withBigInt: true }), (value) => {
      expect(typeof explainError(value)).toBe('string');
      expect(explainError(new Error('a', { cause: value })).startsWith('a')).toBe(true);
      JSON.stringify(errorToJson(new Error('a', { cause: value })));
    }),
  );
});

it('includes the chain of causes, and all errors of an AggregateError', () => {
  const failed = new TypeError('fetch failed', {
    cause: Object.assign(new AggregateError([refused(1, '::1'), refused(1)]), { code: 'ECONNREFUSED' }),
  });
  expect(explainError(failed)).toBe(
    `fetch failed
    caused by: AggregateError (ECONNREFUSED)
    caused by: connect ECONNREFUSED ::1:1
    caused by: connect ECONNREFUSED 127.0.0.1:1`,
  );
});

it('adds class names and codes that the messages of causes omit', () => {
  const closed = Object.assign(new Error('other side closed'), { name: 'SocketError', code: 'UND_ERR_SOCKET' });
  expect(explainError(new Error('outer', { cause: new RangeError('inner', { cause: closed }) }))).toBe(
    'outer\n    caused by: RangeError: inner\n    caused by: SocketError: other side closed (UND_ERR_SOCKET)',
  );
});

it('omits causes that a message repeats, but not their own causes', () => {
  const inner = new Error('reset', { cause: refused(5) });
  expect(explainError(new Error(`cannot load: ${inner.message}`, { cause: inner }))).toBe(
    'cannot load: reset\n    caused by: connect ECONNREFUSED 127.0.0.1:5 (ECONNREFUSED)'.replace(' (ECONNREFUSED)', ''),
  );
  expect(explainError(new Error('reset', { cause: inner }))).not.toContain('reset\n    caused by: reset');
});

it('cuts long chains, many errors and long messages', () => {
  const chain = Array.from({ length: 50 }).reduce<Error>(
    (cause, _, i) => new Error(`link ${i}`, { cause }),
    new Error('0'),
  );
  expect(explainError(chain).split('\n')).toHaveLength(12);
  expect(explainError(chain)).toMatch(/caused by: …$/);
  const many = new AggregateError(Array.from({ length: 1_000 }, (_, i) => new Error(`error ${i}`)));
  expect(explainError(many).split('\n')).toHaveLength(22);
  expect(describeError(new Error('x'.repeat(1e6))).length).toBeLessThan(11_000);
  expect(describeCauses(new Error('a', { cause: new Error('y'.repeat(1e6)) }), 'a').length).toBeLessThan(1_100);
});

it('converts the whole chain to JSON, with codes and stacks', () => {
  const failed = new TypeError('fetch failed', {
    cause: Object.assign(new AggregateError([refused(1)]), { code: 'E' }),
  });
  expect(errorToJson(failed)).toMatchObject({
    name: 'TypeError',
    message: 'fetch failed',
    stack: expect.stringContaining('describe-error.test'),
    cause: {
      name: 'AggregateError',
      code: 'E',
      errors: [{ message: 'connect ECONNREFUSED 127.0.0.1:1', code: 'ECONNREFUSED' }],
    },
  });
});

it('omits fields of foreign errors from JSON, since they may contain secrets', () => {
  const failed = Object.assign(new Error('401'), { config: { headers: { authorization: 'Bearer abc' } } });
  expect(JSON.stringify(errorToJson(failed))).not.toContain('Bearer');
});
