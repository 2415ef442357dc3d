import { join } from 'node:path';
import type { Case } from './case';
import { elsewhere } from './elsewhere';
import { installedPeers } from './peers';
import { root, sources } from './places';
import type { CaseResult } from './results';
import { replaceSection, writeSection } from './sections';
import { mainTable, peerTable, shortTable } from './tables';

type Results = ReadonlyMap<string, CaseResult>;

/** All tables as Markdown. */
export function report(cases: readonly Case[], results: Results): string {
  const machines = [...new Set([...results.values()].map(({ measuredOn }) => measuredOn))];
  const measuredOn = machines.map((one) => {
    const names = [...results.values()].filter(({ measuredOn: on }) => on === one).map((result) => result.case);
    return machines.length === 1 ? one : `${one}: ${names.join('; ')}`;
  });
  const peers = installedPeers();
  const groups = [...new Set(cases.map(({ group }) => group))].map((name) =>
    cases.filter(({ group }) => group === name),
  );
  const tables = groups.flatMap((group) => {
    const made = peerTable(group, results);
    return made === undefined ? [] : [`**${group[0]!.name.split(',')[0]}**\n\n${made}`];
  });
  return [
    `${measuredOn.join('\n\n')}. Medians; each run is a new process, contestants take turns; ratios are medians of ratios round by round.`,
    mainTable(cases, results),
    ...(tables.length > 0
      ? [
          `### Comparison with other packages\n\n${peers.join(', ') || 'None is installed'}. In brackets: multiples of the floor.`,
          ...tables,
        ]
      : []),
    elsewhere(),
  ].join('\n\n');
}

/** Puts the tables into both READMEs. */
export function writeReport(cases: readonly Case[], results: Results): void {
  writeSection(join(sources, 'README.md'), 'figures', report(cases, results));
  if (!replaceSection(join(root, 'README.md'), 'speed', shortTable(cases, results)))
    console.error('README.md has no part between <!-- speed --> and <!-- /speed -->: its short table was not written');
}
