import { projects } from './support/project';

const project = projects();

const fields =
  'class Base { set a(value: number) {} }\nclass Sub extends Base { a = 1; }\nexport const isDefined = Object.hasOwn(new Sub(), "a");';

it.each([
  ['{ "target": "es2021" }', false],
  ['{ "target": "ES6" }', false],
  ['{ "target": "es2022" }', true],
  ['{ "target": "ESNext" }', true],
  ['{}', true],
  ['{ "target": "es2021", "useDefineForClassFields": true }', true],
  ['{ "target": "es2022", "useDefineForClassFields": false }', false],
])('defines or assigns class fields as %s says', async (options, isDefined) => {
  const user = project({ 'tsconfig.json': `{ "compilerOptions": ${options} }`, 'main.ts': fields });
  expect(await user.print("load('./main.ts').isDefined")).toBe(String(isDefined));
});

it.each([
  ['{ "emitDecoratorMetadata": false }', '[]'],
  ['{ "experimentalDecorators": true }', "[ 'design:type' ]"],
])('emits metadata as %s says', async (options, keys) => {
  const user = project({
    'tsconfig.json': `{ "compilerOptions": ${options} }`,
    'main.ts':
      "import 'reflect-metadata';\nclass A { @((): any => {}) a!: Date; }\nexport const keys = Reflect.getMetadataKeys(A.prototype, 'a');",
  });
  expect(await user.print("load('./main.ts').keys")).toBe(keys);
});

it('compiles standard decorators if the tsconfig.json enables them', async () => {
  const user = project({
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": false } }',
    'main.ts':
      'export let kind = "";\nfunction see(_: unknown, context: DecoratorContext) { kind = context.kind; }\nclass A { @see a = 1; }',
  });
  expect(await user.print("load('./main.ts').kind")).toBe("'field'");
});

const element =
  'const h = (...args: unknown[]) => args;\nconst React = { createElement: (name: string) => "React " + name };\nexport const made = <b>x</b>;';
const runtime = {
  'node_modules/react/jsx-runtime.js': 'exports.jsx = (name) => "automatic " + name;',
  'node_modules/preact/jsx-runtime.js': 'exports.jsx = (name) => "preact " + name;',
};

it.each([
  ['{ "jsx": "react" }', "'React b'"],
  ['{ "jsx": "react", "jsxFactory": "h" }', "[ 'b', null, 'x' ]"],
  ['{ "jsx": "react-jsx" }', "'automatic b'"],
  ['{ "jsx": "preserve", "jsxImportSource": "preact" }', "'preact b'"],
])('compiles JSX as %s says', async (options, made) => {
  const user = project({ ...runtime, 'tsconfig.json': `{ "compilerOptions": ${options} }`, 'main.tsx': element });
  expect(await user.print("load('./main.tsx').made")).toBe(made);
});

it('reads comments, trailing commas and a byte order mark', async () => {
  const user = project({
    'tsconfig.json':
      '\uFEFF{\n  // "target": "es2022",\n  "compilerOptions": { /* ,} */ "target": "es2021", "//": ",}", },\n}',
    'main.ts': fields,
  });
  expect(await user.print("load('./main.ts').isDefined")).toBe('false');
});

it('prefers its own options to extended ones, and later ones to earlier ones', async () => {
  const user = project({
    'tsconfig.json':
      '{ "extends": ["./base/strict", "theirs/node", "@theirs/all"], "compilerOptions": { "jsx": "react" } }',
    'base/strict.json': '{ "compilerOptions": { "target": "es2022" } }',
    'node_modules/theirs/node.json': '{ "extends": "./lower.json", "compilerOptions": { "jsx": "react-jsx" } }',
    'node_modules/theirs/lower.json': '{ "compilerOptions": { "target": "es2020" } }',
    'node_modules/@theirs/all/tsconfig.json': '{}',
    'main.ts': fields,
    'part.tsx': element,
  });
  expect(await user.print("[load('./main.ts').isDefined, load('./part.tsx').made]")).toBe("[ false, 'React b' ]");
});

it.each([
  ['{ "extends": "./gone" }', "it extends './gone', which does not exist"],
  ['{ "extends": "./tsconfig.json" }', 'it extends itself: '],
  ['{ "compilerOptions": }', "Unexpected token '}'"],
])('refuses %s, naming the file', async (content, reason) => {
  const user = project({ 'tsconfig.json': content, 'main.ts': '' });
  expect(await user.print("load('./main.ts')")).toContain(
    `LoadError: cannot load ${user.path}/tsconfig.json: ${reason}`,
  );
});

it('uses the nearest tsconfig.json of each file', async () => {
  const user = project({
    'tsconfig.json': '{ "compilerOptions": { "target": "es2021" } }',
    'part/tsconfig.json': '{ "compilerOptions": { "target": "es2022" } }',
    'part/deep/main.ts': fields,
    'main.ts': `export { isDefined as deep } from './part/deep/main.js';\n${fields}`,
  });
  expect(await user.print("[load('./main.ts').isDefined, load('./main.ts').deep]")).toBe('[ false, true ]');
});

it.each([
  ['{ "paths": { "@/*": ["./lib/*"] } }', '@/part'],
  ['{ "paths": { "@/*": ["./lib/*"] } }', '@/part.js'],
  ['{ "paths": { "@/*": ["./gone/*", "./lib/*"], "*": ["./gone/*"] } }', '@/part'],
  ['{ "paths": { "@part": ["./lib/part.ts"], "@*": ["./gone/*"] } }', '@part'],
  ['{ "baseUrl": "./lib", "paths": { "@*": ["*"] } }', '@part'],
  ['{ "baseUrl": "." }', 'lib/part'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how tsconfig.json writes it.
  ['{ "paths": { "#*": ["${configDir}/lib/*"] } }', '#part'],
])('with %s finds %s', async (options, request) => {
  const user = project({
    'tsconfig.json': `{ "compilerOptions": ${options} }`,
    'lib/part.ts': 'export const found: boolean = true;',
    'main.ts': `import 'node:path';\nimport 'typedi';\nexport { found } from '${request}';`,
  });
  expect(await user.print("load('./main.ts').found")).toBe('true');
});

it('calls a namespace import where there is no esModuleInterop', async () => {
  const user = project({
    'tsconfig.json': '{ "compilerOptions": { "esModuleInterop": false } }',
    'double.js': 'module.exports = (n) => n * 2;',
    'main.ts': "import * as double from './double';\nexport const four = (double as any)(2);",
  });
  expect(await user.print("load('./main.ts').four")).toBe('4');
});

it('keeps imports other than types with verbatim syntax', async () => {
  const user = project({
    'tsconfig.json': '{ "compilerOptions": { "verbatimModuleSyntax": true } }',
    'seen.ts': 'export const seen: string[] = [];',
    'part.ts': "import { seen } from './seen';\nseen.push('part');\nexport class Part {}",
    'main.ts': "import { Part } from './part';\nexport { seen } from './seen';\nexport type Of = Part;",
  });
  expect(await user.print("load('./main.ts').seen")).toBe("[ 'part' ]");
});
