import { RedisStore } from '../../../src/storage/stores/redis/redis-store';

jest.mock('@keyv/redis', () => {
  throw Object.assign(new Error("Cannot find module '@keyv/redis'"), { code: 'MODULE_NOT_FOUND' });
});

it('names the missing package at the first use', async () => {
  const store = new RedisStore('redis://127.0.0.1:1');
  const failure = expect.objectContaining({
    name: 'StorageError',
    operation: 'open',
    message: expect.stringContaining('install it with `npm install @keyv/redis`'),
  });
  await expect(store.get('Task/a')).rejects.toEqual(failure);
  await expect(store.keys().next()).rejects.toEqual(failure);
  await store.disconnect();
});
