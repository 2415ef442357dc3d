import fc from 'fast-check';
import { Attachments } from '../../src/executors/remote/attachments';
import { readFailure, writeFailure } from '../../src/executors/remote/failure';

/** What is thrown on the other side when this is thrown here. */
async function sent(thrown: unknown): Promise<any> {
  const outbox = new Attachments();
  const failure = structuredClone(writeFailure(thrown, outbox));
  return readFailure(failure, outbox.bytes, []);
}

const names = fc.string({ minLength: 1 }).filter((name) => !['__proto__', 'message', 'stack', 'name'].includes(name));
const values = fc.anything({ withDate: true, withMap: true, withBigInt: true, withTypedArray: true });

it('any data in any field of an error comes back', () =>
  fc.assert(
    fc.asyncProperty(fc.string(), fc.dictionary(names, values), async (message, fields) => {
      const error = Object.assign(new RangeError(message), fields);
      const received = await sent(error);
      expect(received).toBeInstanceOf(RangeError);
      expect([received.message, received.stack, { ...received }]).toEqual([message, error.stack, { ...error }]);
    }),
  ));

it('anything that is thrown becomes something, whatever its getters and fields are', async () => {
  const bad = new Error('bad');
  Object.defineProperties(bad, {
    name: {
      get: () => {
        throw new Error('no name');
      },
    },
    message: { value: { toString: () => 'an object' } },
  });
  expect(await sent(bad)).toMatchObject({ name: 'Error', message: 'an object' });
  expect(await sent(() => 1)).toBe('[Function (anonymous)]');
  expect(await sent(Object.assign(new Error('a'), { request: { send() {} }, status: 404 }))).toMatchObject({
    status: 404,
  });
});
