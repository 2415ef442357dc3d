import { describeStore } from 'tidemark/testing';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { describeWithRedis } from '../../support/redis-server';

describeWithRedis('with a redis-server', (server) => {
  for (const [name, uri] of [
    ['over TCP', () => server.uri()],
    ['over a unix socket', () => `redis+unix://${server.socket}?db=3&namespace=of+a%20test*`],
  ] as const) {
    describeStore(`a Redis store ${name}`, async () => {
      const store = new RedisStore(uri());
      return {
        store,
        async reopen() {
          await store.disconnect();
          return new RedisStore(uri());
        },
        async close() {
          await server.cli('flushall');
          await store.disconnect();
        },
      };
    });
  }
});
