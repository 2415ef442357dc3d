import { describeLeases } from 'tidemark/testing';
import { MemoryStore } from '../../../src/storage/stores/memory';

const immortal = 'an owner in the same process is never silent';

describeLeases(
  'a memory store',
  async () => {
    const entries = new Map<string, Uint8Array>();
    return { open: () => new MemoryStore(entries), close: async () => undefined };
  },
  {
    skip: {
      'frees the lease of an owner who is silent': immortal,
      'refuses what a late owner writes, and keeps what the next one wrote': immortal,
      'refuses what a late owner writes after the next one has written, also over what was stale': immortal,
      'writes what a late owner has when the next one gave up': immortal,
      'does not give back what another has': immortal,
      'takes a lease again that the store has lost, and tells an owner who was replaced': 'nothing is lost here',
    },
  },
);
