import { inspect } from 'node:util';
import fc from 'fast-check';
import { StorageError } from '../../../src/storage/errors';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { parseRedisUri } from '../../../src/storage/stores/redis/redis-uri';

const nobody = { username: undefined, password: undefined, database: 0, prefix: 'tidemark:' };

function refusalOf(uri: string): StorageError {
  try {
    new RedisStore(uri);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error(`${uri} was not refused`);
}

it.each([
  ['redis://', 'localhost', 6379, 'redis://localhost:6379/0'],
  ['redis://example.com', 'example.com', 6379, 'redis://example.com:6379/0'],
  ['redis://10.0.0.1:7000/', '10.0.0.1', 7000, 'redis://10.0.0.1:7000/0'],
  ['redis://[::1]:7000', '::1', 7000, 'redis://[::1]:7000/0'],
])('finds host and port in %s', (uri, host, port, location) => {
  expect(parseRedisUri(uri)).toEqual({ ...nobody, server: { host, port, tls: false }, location });
});

it('parses user, password, database and namespace, and shows neither user nor password', () => {
  expect(parseRedisUri('rediss://ann:p%40ss%2F@example.com/2?namespace=x')).toEqual({
    server: { host: 'example.com', port: 6379, tls: true },
    username: 'ann',
    password: 'p@ss/',
    database: 2,
    prefix: 'x:',
    location: 'rediss://example.com:6379/2?namespace=x',
  });
});

it.each([
  'redis+unix:///run/redis.sock?db=2',
  'redis+unix:/run/redis.sock?db=2',
  'unix:///run/redis.sock?db=2',
  'unix:/run/redis.sock?db=2',
])('finds the socket in %s', (uri) => {
  const location = 'redis+unix:///run/redis.sock?db=2';
  expect(parseRedisUri(uri)).toEqual({ ...nobody, server: { path: '/run/redis.sock' }, database: 2, location });
});

it('parses user and password before a socket', () => {
  expect(parseRedisUri('redis+unix://ann:a%3Ab@/run/a%20b.sock?namespace=x')).toEqual({
    server: { path: '/run/a b.sock' },
    username: 'ann',
    password: 'a:b',
    database: 0,
    prefix: 'x:',
    location: 'redis+unix:///run/a b.sock?db=0&namespace=x',
  });
});

it('accepts any percent-encoded user, password and namespace', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(text, text, text, (username, password, namespace) => {
      const [user, word, name] = [username, password, namespace].map(encodeURIComponent);
      for (const place of ['redis://@example.com:1/7?db=7', 'redis+unix://@/run/redis.sock?db=7']) {
        const uri = `${place.replace('@', `${user}:${word}@`)}&namespace=${name}`;
        expect(parseRedisUri(uri)).toMatchObject({ username, password, database: 7, prefix: `${namespace}:` });
      }
    }),
  );
});

it.each([
  ['redis:example.com', 'it is neither redis://host, rediss://host nor redis+unix:///path/to.sock'],
  ['redis+unix://run/redis.sock', 'it is neither'],
  ['redis://:se#cret@example.com', 'it has no valid host and port'],
  ['redis://example.com:se/cret@1', 'it has no valid host and port'],
  ['redis://:%se%zzcret@example.com', 'its password is not percent-encoded properly'],
  ['redis://example.com#se', 'there is a # or @ after the host'],
  ['redis://ann:12/34@example.com', 'there is a # or @ after the host'],
  ['redis://ann:12?34@example.com', 'there is a # or @ after the host'],
  ['redis://example.com/first', 'its database is "first", which is not a number'],
  ['redis://example.com?db=-1', 'its database is "-1", which is not a number'],
  ['redis://example.com/1?db=2', 'it names two databases, 1 and 2'],
  [
    'redis://example.com?namspace=x',
    'it has ?namspace=, but only ?namespace=, ?db=, ?readonly= and ?patience= are supported',
  ],
  ['redis://example.com?namespace=', 'its ?namespace= is empty'],
])('refuses %s', (uri, problem) => {
  const error = refusalOf(uri);
  expect(error.message).toContain(`the URI of the Redis storage cannot be used: ${problem}`);
  expect(error.message).toContain("Write 'redis://user:password@host:6379/0?namespace=name'");
  expect([error.operation, error.cause]).toEqual(['open', undefined]);
});

it('never repeats a password that it could not parse', () => {
  for (const uri of ['redis://:secret#1@example.com', 'redis://:secret@example.com:port', 'redis//:secret@host']) {
    expect(inspect(refusalOf(uri))).not.toContain('secret@');
  }
  const store = new RedisStore('redis://:secret@example.com/2');
  expect(store.location).toBe('redis://example.com:6379/2');
  expect(inspect(store, { showHidden: true, getters: true })).not.toContain('secret');
});
