import { describeLeases } from 'tidemark/testing';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { describeWithRedis } from '../../support/redis-server';

describeWithRedis('with a redis-server', (server) => {
  describeLeases('a Redis store', async () => ({
    open: () => new RedisStore(server.uri('?namespace=of+a%20test*')),
    close: async () => void (await server.cli('flushall')),
  }));
});
