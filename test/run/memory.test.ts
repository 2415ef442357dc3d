import { join } from 'node:path';
import { runChild } from '../support/child';

interface Held {
  readonly most: number;
  readonly left: number;
}

it('holds results only while something still needs them', async () => {
  const { chain, wide } = await runChild<{ chain: Held; wide: Held }>(join(__dirname, 'fixtures/held-results.ts'), [], {
    nodeOptions: ['--expose-gc'],
  });
  // Of 200 results: the one that is needed, the one that is made, and what the last few promises still hold.
  expect(chain.most).toBeLessThan(8);
  expect(wide.most).toBeLessThan(8);
  expect(chain.left).toBeLessThan(3);
  expect(wide.left).toBeLessThan(3);
});

it('leaves no rejection unhandled, whatever fails', async () => {
  expect(await runChild(join(__dirname, 'fixtures/rejections.ts'))).toEqual({ failed: true, uncaught: [] });
});
