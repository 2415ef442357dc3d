// Which folder may import which: see "Map" in CONTRIBUTING.md. Type-only imports count like any others.
const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from }, to });
const folders = (...names) => ({ path: `^src/(?:${names.join('|')})/` });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid('no-circular', '^src/', { circular: true }, 'No file imports itself by way of others.'),
    forbid('base-comes-first', '^src/base/', { path: '^src/(?!base/)' }, 'What all share depends on none of them.'),
    forbid(
      'task-comes-first',
      '^src/task/',
      folders('graph', 'storage', 'run', 'executors'),
      'What a task is does not depend on what is done with it.',
    ),
    forbid(
      'task-names-an-encoder',
      '^src/task/',
      { path: '^src/encoding/', pathNot: '^src/encoding/encoder\\.ts$' },
      'Of encoding, tasks see the interface only.',
    ),
    forbid(
      'task-loads-no-encoder',
      '^src/task/',
      { path: '^src/encoding/encoder\\.ts$', dependencyTypesNot: ['type-only'] },
      'Of encoding, tasks import types only.',
    ),
    forbid('graph-before-run', '^src/graph/', folders('run', 'executors'), 'Imports go task <- graph <- run.'),
    forbid(
      'storage-knows-no-graph',
      '^src/(?:encoding|storage)/',
      folders('graph', 'run', 'executors'),
      'Results are kept without knowing the graph that they came from.',
    ),
    forbid(
      'redis-is-shared',
      '^src/redis/',
      { path: '^src/', pathNot: '^src/(?:base|redis)/' },
      'The store and the queue share it, so it knows neither.',
    ),
    forbid(
      'files-know-no-store',
      '^src/storage/files/',
      { path: '^src/', pathNot: '^src/(?:base|storage/files)/|^src/storage/errors\\.ts$' },
      'Stores and task directories share these operations on files.',
    ),
    forbid(
      'stores-know-no-checkpoint',
      '^src/storage/stores/',
      {
        path: '^src/storage/(?:marks|format)/|^src/storage/(?:checkpoint-store|storage-stack|write-checkpoint|store-client)\\.ts$',
      },
      'A store keeps bytes by key.',
    ),
    forbid(
      'only-storage-knows-stores',
      '^src/(?!storage/|entry/)',
      { path: '^src/storage/stores/' },
      'Other folders use storage, whatever keeps its bytes.',
    ),
    forbid(
      'directories-use-no-store',
      '^src/storage/directories/',
      { path: '^src/storage/stores/' },
      'They share files/ with the store of files.',
    ),
    forbid(
      'encoding-on-base',
      '^src/encoding/',
      { path: '^src/(?!base/|encoding/)' },
      'Values and bytes need neither tasks nor a storage.',
    ),
    forbid(
      'encoder-parts-apart',
      '^src/encoding/(?:compression|encryption)/',
      { path: '^src/encoding/(?!compression/|encryption/|encoder\\.ts$|errors\\.ts$)' },
      'Compressors and encrypters know bytes only.',
    ),
    forbid(
      'serialization-apart',
      '^src/encoding/serialization/',
      { path: '^src/encoding/(?:compression|encryption|copies)/' },
      'A serialization knows nothing of how its bytes are packed.',
    ),
    forbid('load-on-base', '^src/load/', { path: '^src/(?!base/|load/)' }, 'Modules are loaded for any part.'),
    forbid('executors-know-no-runner', '^src/executors/', folders('run'), 'An executor runs what it is given.'),
    forbid(
      'run-sees-the-executor-interface',
      '^src/run/',
      { path: '^src/executors/', pathNot: '^src/executors/(?:remote/|(?:executor|errors|inline|timeout)\\.ts$)' },
      'A run knows executors by their interface, and handles of the results of workers.',
    ),
    forbid(
      'queues-know-no-pool',
      '^src/executors/bullmq/(?!worker/job-backend\\.ts$)',
      { path: '^src/executors/pool/|^src/storage/stores/' },
      'What queues and pools share is in remote/; a worker starts its pool in job-backend.ts.',
    ),
    forbid(
      'driver-side-of-a-queue',
      '^src/executors/bullmq/driver/',
      { path: '^src/executors/(?:bullmq/)?worker/' },
      'Driver and worker meet in protocol/ only.',
    ),
    forbid(
      'worker-side-of-a-queue',
      '^src/executors/bullmq/worker/',
      { path: '^src/executors/bullmq/driver/' },
      'Driver and worker meet in protocol/ only.',
    ),
    forbid(
      'outermost',
      '^src/(?:task|graph|encoding|storage|run|executors)/(?!report\\.ts$)',
      folders('entry', 'report', 'cli', 'testing'),
      'Nothing inside imports what is built on top of it.',
    ),
    forbid(
      'one-report',
      '^src/run/report\\.ts$',
      { path: '^src/(?:entry|report|cli|testing)/', pathNot: '^src/report/progress/show-progress\\.ts$' },
      'The option `report` of a runner shows progress, which is loaded when it is first used.',
    ),
    forbid(
      'browser-code-stands-alone',
      '^src/report/html/browser/',
      {
        path: '^',
        pathNot: '^src/report/(?:html/browser/|html/page-data\\.ts$|(?:distinguishing-params|states|units)\\.ts$)',
      },
      'Code for a browser imports what runs there, and types of the data that it reads.',
    ),
    forbid(
      'browser-code-is-bundled',
      '^src/(?!report/html/browser/)',
      { path: '^src/report/html/browser/' },
      'Code for a browser comes as text: scripts/build-page.mjs bundles it.',
    ),
    forbid(
      'ships-what-it-needs',
      '^src/',
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer', 'npm-optional'] },
      'What src imports must be installed with it: a dependency, or an optional peer.',
    ),
    forbid('resolvable', '^src/', { couldNotResolve: true }, 'Every import must lead somewhere.'),
    forbid('src-only', '^src/', { path: '^(?:test|samples|benchmarks|dist|build)/' }, 'src stands alone.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['types', 'require', 'node', 'default'],
    },
  },
};
