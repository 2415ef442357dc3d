import { projects } from './support/project';

const project = projects();
const decorators = "import 'reflect-metadata';\nexport function Mark(): any { return () => {}; }\n";
const typeOf = (property: string, cls = 'Report') => `metadata(load('./main.ts').${cls}.prototype, '${property}')`;

it('emits the types of decorated properties and constructors', async () => {
  const user = project({
    'mark.ts': decorators,
    'main.ts': `
      import { Mark } from './mark.js';
      export class Service {}
      @Mark() export class Report {
        @Mark() service!: Service;
        @Mark() at!: Date;
        constructor(readonly used: Service) {}
      }`,
  });
  const types = `[${typeOf('service')}, ${typeOf('at')}, metadata(load('./main.ts').Report, undefined, 'design:paramtypes')]`;
  expect(await user.print(types)).toBe('[ [class Service], [Function: Date], [ [class Service] ] ]');
});

it('runs tasks with services injected by type', async () => {
  const user = project({
    'main.ts': `
      import { Param, Runner, Task } from 'tidemark';
      import { Service } from 'typedi';
      @Service() class Scale { readonly factor = 3; }
      @Task() class Scaled {
        @Param() n!: number;
        constructor(private readonly scale: Scale) {}
        run(): number { return this.n * this.scale.factor; }
      }
      export const result = new Runner({ storage: 'memory:' }).run(Scaled, { n: 14 });`,
  });
  expect(await user.print("await load('./main.ts').result")).toBe('42');
});

it('loads classes that import each other, in any order', async () => {
  const user = project({
    'mark.ts': decorators,
    'main.ts': "export { Order } from './order';\nexport { Customer } from './customer';",
    'order.ts': `
      import { Customer } from './customer';
      import { Mark } from './mark';
      @Mark() export class Order { @Mark() customer!: Customer; @Mark() all!: Shop.Deep; }
      export namespace Shop { export class Deep {} }`,
    'customer.ts': `
      import { Mark } from './mark';
      import { Order, Shop } from './order';
      export class Customer { @Mark() order!: Order; @Mark() deep!: Shop.Deep; constructor(readonly first: Order) {} @Mark() find(order: Order): Order { return order; } }`,
  });
  const types = `[${typeOf('customer', 'Order')}, ${typeOf('order', 'Customer')}, ${typeOf('deep', 'Customer')}]`;
  expect(await user.print(types)).toBe('[ [class Customer], [Function: Object], [Function: Object] ]');
});

it.each([
  ['./part.js', 'part.ts'],
  ['./part', 'part.ts'],
  ['./part.js', 'part.tsx'],
  ['./part.mjs', 'part.mts'],
  ['./part.cjs', 'part.cts'],
  ['./part.ts', 'part.ts'],
  ['./part', 'part/index.ts'],
  ['./part/index.js', 'part/index.ts'],
  ['./part.service', 'part.service.ts'],
  ['./part.js', 'part.js'],
  ['./part.json', 'part.json'],
])('finds %s in %s', async (request, file) => {
  const content = file.endsWith('.json') ? '{ "found": true }' : 'exports.found = true;';
  const user = project({ 'main.ts': `export { found } from '${request}';`, [file]: content });
  expect(await user.print("load('./main.ts').found")).toBe('true');
});

it('prefers the source to its compiled output beside it', async () => {
  const user = project({
    'main.ts': "export { a } from './a';\nexport { b } from './b.js';",
    'a.ts': "export const a: string = 'source';",
    'a.js': "exports.a = 'old';",
    'b.ts': "export const b: string = 'source';",
    'b.js': "exports.b = 'old';",
  });
  expect(await user.print("Object.entries(load('./main.ts'))")).toBe("[ [ 'a', 'source' ], [ 'b', 'source' ] ]");
});

it('loads packages as they are published', async () => {
  const user = project({
    'main.ts': "export { a } from 'theirs';",
    'node_modules/theirs/index.js': "exports.a = require('./part.js').a;",
    'node_modules/theirs/part.js': "exports.a = 'published';",
    'node_modules/theirs/part.ts': "export const a: string = 'source';",
  });
  expect(await user.print("load('./main.ts').a")).toBe("'published'");
});

it('loads `export =`, `import = require()`, enums, and import() of TypeScript', async () => {
  const user = project({
    'main.ts': `
      import path = require('node:path');
      import settings = require('./settings');
      enum Size { Small = 1 }
      export = { base: path.basename('/a/b'), settings, Size, later: () => import('./later.js') };`,
    'settings.ts': 'export = { depth: 3 as number };',
    'later.ts': 'export const later: boolean = true;',
  });
  expect(await user.print("{ ...load('./main.ts'), later: (await load('./main.ts').later()).later }")).toBe(
    "{ base: 'b', settings: { depth: 3 }, Size: { '1': 'Small', Small: 1 }, later: true }",
  );
});

it('removes imports of types', async () => {
  const user = project({
    'main.ts': `
      import { type A, a } from './parts';
      import { Unused } from './not-there';
      import type { B } from './not-there-either';
      export const all: [A, B?, Unused?] = [a];`,
    'parts.ts': "export type A = string;\nexport const a: A = 'a';",
  });
  expect(await user.print("load('./main.ts').all")).toBe("[ 'a' ]");
});

it('loads TypeScript of packages that are ES modules', async () => {
  const user = project({
    'package.json': '{ "type": "module" }',
    'main.ts':
      "import { name } from './part.js';\nexport { plain } from './plain.js';\nexport const all = [name, import.meta.dirname];",
    'part.ts': "import { basename } from 'node:path';\nexport const name = basename(import.meta.url);",
    'plain.js': "export const plain = 'an ES module';",
  });
  expect(await user.print("[load('./main.ts').plain, load('./main.ts').all]")).toBe(
    `[ 'an ES module', [ 'part.ts', '${user.path}' ] ]`,
  );
});

it('shows the lines of the source in stack traces', async () => {
  const user = project({
    'main.ts': `interface Gone {
  readonly a: string;
}
type AlsoGone = Gone;

export function fail(gone?: AlsoGone): never {
  throw new Error('no' + gone);
}
`,
  });
  expect(
    await user.print("(() => { try { load('./main.ts').fail() } catch ({ stack }) { return stack } })()"),
  ).toContain(`${user.path}/main.ts:7:9`);
});

it('shows the lines of files with decorator metadata', async () => {
  const user = project({
    'mark.ts': decorators,
    'main.ts': `import { Mark } from './mark';
export class Late {
  @Mark() late!: Date;
}
export const stack = new Error().stack;
`,
  });
  expect(await user.print("load('./main.ts').stack")).toContain(`${user.path}/main.ts:5:22`);
});

it('leaves TypeScript to the loader that the program was started with', async () => {
  const user = project({
    'main.ts': `
      import 'reflect-metadata';
      class A { @((): any => () => {}) a!: Date; }
      export const metadata = Reflect.getMetadataKeys(A.prototype, 'a');`,
  });
  expect(await user.print("load('./main.ts').metadata")).toBe("[ 'design:type' ]");
  expect(await user.print("load('./main.ts').metadata", { nodeOptions: ['--import', 'tsx'] })).toBe('[]');
});

it('loads the compiler only when there is TypeScript', async () => {
  const user = project({ 'main.js': 'exports.a = 1;', 'main.ts': 'export const a: number = 1;' });
  const loaded = "Object.keys(require.cache).filter((file) => file.includes('@swc')).length > 0";
  expect(await user.print(`[load('./main.js').a, ${loaded}, load('./main.ts').a, ${loaded}]`)).toBe(
    '[ 1, false, 1, true ]',
  );
});
