/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

// CommonJS, since Node versions that read TypeScript themselves warn about `import` and `export` here.
const swcOptions = require('./test/support/swc-options.json');

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', swcOptions] },
  moduleNameMapper: {
    '^tidemark$': '<rootDir>/src/entry/index.ts',
    '^tidemark/(\\w+)$': '<rootDir>/src/entry/$1.ts',
    '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'],
  },
  setupFiles: ['<rootDir>/test/support/lease-thread.ts'],
  testTimeout: 60_000,
  maxWorkers: '100%',
  // A worker that has run many files collects garbage for longer than a new one takes to start.
  workerIdleMemoryLimit: '800MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
};

module.exports = config;
