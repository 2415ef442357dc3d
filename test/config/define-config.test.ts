import { defineConfig, type TidemarkConfig } from '../../src/config/define-config';

it('gives back what it is given', () => {
  const config: TidemarkConfig = { storage: 'memory:' };
  expect(defineConfig(config)).toBe(config);
});

it('is checked by the compiler', () => {
  // @ts-expect-error: there is no such option.
  defineConfig({ storge: 'memory:' });
  // @ts-expect-error: this is no storage.
  defineConfig({ storage: 5 });
  expect(defineConfig({ storage: new Map() }).storage).toBeInstanceOf(Map);
});
