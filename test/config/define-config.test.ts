import { defineConfig, type TidemarkConfig } from '../../src/config/define-config';

it('returns its argument', () => {
  const config: TidemarkConfig = { storage: 'memory:' };
  expect(defineConfig(config)).toBe(config);
});

it('is checked by the compiler', () => {
  // @ts-expect-error: unknown option.
  defineConfig({ storge: 'memory:' });
  // @ts-expect-error: not a storage.
  defineConfig({ storage: 5 });
  expect(defineConfig({ storage: new Map() }).storage).toBeInstanceOf(Map);
});
