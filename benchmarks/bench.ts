// Measures workloads beside their floors and other packages, in turn and in fresh processes; prints Markdown.
//
// npm run bench                  all
// npm run bench -- w1 w3         those whose names start so
// npm run bench -- --rounds 9
// npm run bench -- --no-peers    the floor and Tidemark only
// npm run bench -- --write       keeps the figures, and writes the tables of benchmarks/README.md and README.md
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case } from './bench/case';
import { cases } from './bench/cases';
import { measure } from './bench/measure';
import { Redis } from './bench/redis';
import { report, writeReport } from './bench/report';
import { type CaseResult, readResults, writeResults } from './bench/results';

interface Options {
  readonly chosen: readonly Case[];
  readonly rounds: number;
  readonly hasPeers: boolean;
  readonly writes: boolean;
}

function options(): Options {
  const { values, positionals } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      peers: { type: 'boolean', default: true },
      write: { type: 'boolean', default: false },
    },
    allowPositionals: true,
    allowNegative: true,
  });
  const starts = positionals.map((start) => start.toLowerCase());
  const chosen = cases.filter(({ name }) => starts.length === 0 || starts.some((start) => name.startsWith(start)));
  const rounds = Number(values.rounds);
  if (chosen.length === 0) throw new Error(`nothing is called ${positionals.join(' or ')}; there is:\n${names()}`);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: give a number from 1 on`);
  return { chosen, rounds, hasPeers: values.peers, writes: values.write };
}

function names(): string {
  return cases.map(({ name }) => `  ${name}`).join('\n');
}

async function main(): Promise<void> {
  const { chosen, rounds, hasPeers, writes } = options();
  const base = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  const redis = await Redis.start(base);
  const measured = new Map<string, CaseResult>();
  const kept = writes ? readResults() : measured;
  try {
    for (const one of chosen) {
      console.error(one.name);
      const result = measure(one, { rounds, base, redis: redis?.uri, hasPeers });
      measured.set(one.name, result);
      kept.set(one.name, result);
      for (const [contestant, outcome] of Object.entries(result.outcomes))
        if ('missing' in outcome) console.error(`  ${contestant}: ${outcome.missing}`);
      // After each case, so that its figures are kept if a later one fails.
      if (writes) writeResults(kept, cases);
    }
  } finally {
    await redis?.stop();
    rmSync(base, { recursive: true, force: true });
  }
  console.log(report(chosen, measured));
  if (writes) writeReport(cases, kept);
  const hasFailed = [...measured.values()].some(({ outcomes }) =>
    Object.values(outcomes).some((outcome) => 'missing' in outcome && outcome.missing.startsWith('failed')),
  );
  if (hasFailed) process.exitCode = 1;
}

void main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
