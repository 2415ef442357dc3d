import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Contestant, type Figures, ours } from './case';
import { machine } from './machine';
import { installPeers, isInstalled } from './peers';
import { programs } from './places';
import type { CaseResult, Outcome } from './results';

export interface MeasureOptions {
  readonly rounds: number;
  /** Where folders are made; it is deleted at the end, since files written after a large deletion cost more on ext4. */
  readonly base: string;
  /** URI of a private Redis, if available. */
  readonly redis: string | undefined;
  readonly hasPeers: boolean;
}

const longest = 15 * 60_000;

/** Runs all contestants of a case in turn, round by round, each time in a new process. */
export function measure(one: Case, options: MeasureOptions): CaseResult {
  const contestants = [
    ...one.beside.filter(({ name }) => options.hasPeers || name === 'floor'),
    { name: ours, packages: [] },
  ];
  const rounds = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  const missing = new Map<string, string>();
  for (const contestant of contestants) {
    const reason = whyNot(one, contestant, options);
    if (reason !== undefined) missing.set(contestant.name, reason);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const { name } of contestants) {
      if (missing.has(name)) continue;
      try {
        rounds.get(name)!.push(once(one, name, round, options));
      } catch (error) {
        missing.set(name, `failed: ${(error as Error).message}`);
      }
    }
  }
  const outcomeOf = (name: string): Outcome =>
    missing.has(name) ? { missing: missing.get(name)! } : { rounds: rounds.get(name)! };
  const outcomes = Object.fromEntries(contestants.map(({ name }) => [name, outcomeOf(name)]));
  return {
    case: one.name,
    measuredOn: `${machine()}; ${options.rounds === 1 ? '1 round' : `${options.rounds} rounds`}`,
    outcomes,
  };
}

function whyNot(one: Case, { packages, needsRedis }: Contestant, { redis }: MeasureOptions): string | undefined {
  const absent = packages.filter((name) => !isInstalled(name));
  if (absent.length > 0) return `not installed: ${installPeers}`;
  if ((one.needsRedis || needsRedis) && redis === undefined) return 'there is no redis-server on the PATH';
  return undefined;
}

function once(one: Case, contestant: string, round: number, { base, redis }: MeasureOptions): Figures {
  const folder = join(base, `${one.name}-${one.sharesFolder ? 'all' : round}-${contestant}`.replace(/\W+/g, '-'));
  const run = (args: readonly string[]) => {
    const filled = args.map((arg) => (arg === 'FOLDER' ? folder : arg));
    return runProgram(one.program, [contestant, ...filled], { BENCH_REDIS: redis });
  };
  if (one.after && !(one.sharesFolder && round > 0)) {
    mkdirSync(base, { recursive: true });
    run(one.after);
  }
  return run(one.args);
}

/** The output of a program: one line of JSON. @throws {Error} if it fails or takes more than 15 minutes */
export function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
  nodeOptions: readonly string[] = [],
): Figures {
  const { status, signal, stdout, stderr, error } = spawnSync(
    process.execPath,
    [...nodeOptions, join(programs, program), ...args],
    { encoding: 'utf8', env: { ...process.env, ...environment }, timeout: longest, maxBuffer: 2 ** 26 },
  );
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}\n${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Figures;
}
