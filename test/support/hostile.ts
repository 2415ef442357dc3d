// Thrown values that are hard to inspect.

function throwing(what: string): () => never {
  return () => {
    throw new Error(`no ${what}`);
  };
}

/** A proxy whose every trap throws, except that it can be awaited. */
function guarded(): object {
  const traps = ['getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor', 'has', 'set', 'defineProperty'] as const;
  const handler: ProxyHandler<object> = Object.fromEntries(traps.map((trap) => [trap, throwing(trap)]));
  handler.get = (_, name) => (name === 'then' ? undefined : throwing(`get ${String(name)}`)());
  return new Proxy(new Error('guarded'), handler);
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

class Unnamed extends Error {
  override get name(): string {
    return throwing('name')();
  }
  override get message(): string {
    return throwing('message')();
  }
}

/** An error with a getter that throws, or a value, in place of a property. */
function withProperty(name: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error(`its ${name} is hostile`), name, { configurable: true, ...descriptor });
}

function inItself(): Error {
  const error = new AggregateError([], 'in itself');
  error.cause = error;
  error.errors.push(error, error.cause);
  return error;
}

/** Creates a new instance of each. */
export const hostile: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  'a string': () => 'no luck',
  'an empty string': () => '',
  NaN: () => Number.NaN,
  'a bigint': () => 5n,
  'a symbol': () => Symbol('odd'),
  'a function': () => () => 1,
  'a class': () => class Odd {},
  'a pending promise': () => new Promise(() => {}),
  // biome-ignore lint/suspicious/noThenProperty: what is only like a promise is what this is about
  'a thenable': () => ({ then: throwing('then') }),
  'an object': () => ({ status: 404 }),
  'an object without a prototype': () => Object.create(null),
  'an object without toString': () => ({ toString: undefined, message: { toString: null } }),
  'a primitive that cannot be': () => ({ message: { [Symbol.toPrimitive]: throwing('primitive') } }),
  'an object that inspects itself': () => ({ [Symbol.for('nodejs.util.inspect.custom')]: throwing('inspect') }),
  'a class of an error': () => TypeError,
  'an Error without a message': () => new RangeError(),
  'an Error without a prototype': () => Object.setPrototypeOf(new Error('bare'), null),
  'a frozen Error': () => Object.freeze(new Error('cold')),
  'an Error with a message that throws': () => withProperty('message', { get: throwing('message') }),
  'an Error with a message that is a symbol': () => withProperty('message', { value: Symbol('text') }),
  'an Error with a message that is itself': () => {
    const error = withProperty('message', { value: '' });
    return Object.defineProperty(error, 'message', { value: error });
  },
  'an Error with a name that throws': () => withProperty('name', { get: throwing('name') }),
  'an Error with a name that is a symbol': () => withProperty('name', { value: Symbol('name') }),
  'an Error with a stack that throws': () => withProperty('stack', { get: throwing('stack') }),
  'an Error with a code that throws': () => withProperty('code', { get: throwing('code') }),
  'an Error with a code that is a symbol': () => withProperty('code', { value: Symbol('code'), enumerable: true }),
  'an Error with a cause that throws': () => withProperty('cause', { get: throwing('cause') }),
  'an Error with a cause that is hostile': () => withProperty('cause', { value: guarded() }),
  'an Error with a toString that throws': () => withProperty('toString', { value: throwing('toString') }),
  'an Error with a toJSON that throws': () => withProperty('toJSON', { value: throwing('toJSON') }),
  'an Error with a constructor that throws': () => withProperty('constructor', { get: throwing('constructor') }),
  'an Error with errors that throw': () => withProperty('errors', { get: throwing('errors') }),
  'an Error of a class with getters that throw': () => new Unnamed(),
  'an Error in itself': inItself,
  'a long chain of Errors': () =>
    Array.from({ length: 20_000 }).reduce<Error>(
      (cause, _, i) => new Error(`link ${i}`, { cause }),
      new Error('first'),
    ),
  'a proxy with traps': guarded,
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of a function': () => revoked(() => 1),
  'a revoked proxy of an array': () => revoked([]),
};
