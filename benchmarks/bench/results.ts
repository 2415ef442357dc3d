import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from './case';
import { sources } from './places';

/** The figures of one contestant in each round, or why they are missing. */
export type Outcome = { readonly rounds: readonly Figures[] } | { readonly missing: string };

/** The figures of one case. */
export interface CaseResult {
  readonly case: string;
  /** Machine and versions as text. */
  readonly measuredOn: string;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

const file = join(sources, 'figures.json');

/** The saved figures, by case. */
export function readResults(): Map<string, CaseResult> {
  if (!existsSync(file)) return new Map();
  const results = JSON.parse(readFileSync(file, 'utf8')) as CaseResult[];
  return new Map(results.map((result) => [result.case, result]));
}

/** Saves figures; drops cases that no longer exist. */
export function writeResults(results: ReadonlyMap<string, CaseResult>, cases: readonly { name: string }[]): void {
  const kept = cases.flatMap(({ name }) => results.get(name) ?? []);
  writeFileSync(file, `[\n${kept.map((one) => JSON.stringify(rounded(one))).join(',\n')}\n]\n`);
}

function rounded(result: CaseResult): CaseResult {
  return JSON.parse(JSON.stringify(result, (_, value) => (typeof value === 'number' ? +value.toPrecision(5) : value)));
}
