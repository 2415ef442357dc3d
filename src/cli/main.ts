#!/usr/bin/env node
const args = process.argv.slice(2);

// Loads nothing else to print the version.
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  const { version } = require('../../package.json') as { readonly version: string };
  const { exitOnWriteError, print } = require('./output') as typeof import('./output');
  exitOnWriteError();
  print(`${version}\n`);
} else {
  const { runCommandLine } = require('./command-line') as typeof import('./command-line');
  void runCommandLine(args);
}
