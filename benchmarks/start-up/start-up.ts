// How long a process takes from its start to its end when it does nothing, and when it imports the package.
//
// node start-up.js floor|ours
import { spawnSync } from 'node:child_process';

const program = process.argv[2] === 'floor' ? '' : "require('tidemark')";
const samples: number[] = [];
for (let i = 0; i < 11; i++) {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, ['-e', program], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`exit code ${status}`);
  samples.push(performance.now() - start);
}
console.log(JSON.stringify({ ms: samples.sort((a, b) => a - b)[5] }));
