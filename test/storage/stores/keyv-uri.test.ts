import { StorageError } from '../../../src/storage/errors';
import { KeyvStore } from '../../../src/storage/stores/keyv/keyv-store';
import { openKeyvUri, schemes } from '../../../src/storage/stores/keyv/open-uri';

function failureOf(uri: string, known?: string[]): StorageError {
  try {
    openKeyvUri(uri, known);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

it.each(['postgres://u@host/db', 'postgresql://host:1/db'])('opens %s without connecting', (uri) => {
  expect(openKeyvUri(uri).store).toBeInstanceOf(KeyvStore);
});

it.each([
  ['mysql://host/db', '@keyv/mysql', 'MySQL'],
  ['sqlite:results.db', '@keyv/sqlite', 'SQLite'],
  ['mongodb://host/db', '@keyv/mongo', 'MongoDB'],
  ['mongo://host/db', '@keyv/mongo', 'MongoDB'],
  ['etcd://host:2379', '@keyv/etcd', 'etcd'],
  ['memcached://host', '@keyv/memcache', 'Memcached'],
  ['valkey://host', '@keyv/valkey', 'Valkey'],
])('says what to install for %s', (uri, name, title) => {
  expect(failureOf(uri).message).toBe(
    `a ${title} storage needs the package ${name}: install it with \`npm install ${name}\`, or choose another storage.`,
  );
});

it('lists the supported schemes when a scheme is unknown', () => {
  const { message, operation } = failureOf('postgers://host/db', ['memory:', 'file:PATH']);
  expect(message).toMatch(
    /^'postgers:\/\/host\/db' is not a storage; the supported ones are 'memory:', 'file:PATH', 'postgres:', /,
  );
  for (const scheme of Object.keys(schemes)) expect(message).toContain(`'${scheme}:'`);
  expect(operation).toBe('open');
});

it.each(['constructor:x', '__proto__:x', 'toString:', 'C:\\results', ''])('does not know %j', (uri) => {
  expect(failureOf(uri).message).toContain('is not a storage');
});

it('shows no password', () => {
  expect(openKeyvUri('postgres://ada:sec@ret@host:5432/db?password=secret').location).toBe('postgres://host:5432/db');
  expect(failureOf('nothing://ada:secret@host/db').message).not.toContain('secret');
});
