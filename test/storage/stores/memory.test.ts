import { describeStore } from 'tidemark/testing';
import { MemoryStore } from '../../../src/storage/stores/memory';

describeStore('a memory store', async () => {
  const entries = new Map<string, Uint8Array>();
  return {
    store: new MemoryStore(entries),
    reopen: async () => new MemoryStore(entries),
    close: async () => entries.clear(),
  };
});

it('keeps entries in the given map, and leaves its other values', () => {
  const map = new Map<string, any>([['theirs', { any: 'thing' }]]);
  const store = new MemoryStore(map);
  store.set('Task/a', Uint8Array.of(1));
  expect([...map.keys()]).toEqual(['theirs', 'Task/a']);
  expect([...store.keys('')]).toEqual(['Task/a']);
  store.clear();
  expect([...map.keys()]).toEqual(['theirs']);
});
