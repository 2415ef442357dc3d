// A realistic program: compares five models by cross-validation, in a graph of 59 tasks. Started again in the same
// folder, it runs nothing. With another param for one model, such as `--k 7`, only the tasks that depend on it run.
//
// Expected output:
//   Which model distinguishes Adelie, Chinstrap and Gentoo penguins best?
//
//   model                                                 accuracy        macro F1
//   ──────────────────────────────────────────────   ─────────────   ─────────────
//   logistic regression, steps = 500, rate = 0.005   0.991 ± 0.020   0.990 ± 0.023
//   k nearest neighbours, k = 5                      0.985 ± 0.018   0.982 ± 0.022
//   random forest, trees = 30                        0.976 ± 0.023   0.972 ± 0.025
//   naive Bayes                                      0.970 ± 0.024   0.965 ± 0.028
//   decision tree, depth = 4                         0.952 ± 0.029   0.945 ± 0.031
//
//   task            ran   loaded
//   ─────────────   ───   ──────
//   LoadPenguins      1        0
//   CleanPenguins     1        0
//   MakeFolds         1        0
//   SplitPenguins     5        0
//   TrainModel       25        0
//   ScoreModel       25        0
//   CompareModels     1        0
//
//   59 tasks ran, 0 were loaded, in <time> s.
import { parseArgs } from 'node:util';
import { type Run, Runner } from 'tidemark';
import { Container } from 'typedi';
import type { ModelOptions } from './models';
import { TablePrinter } from './services';
import type { Spread } from './statistics';
import { CompareModels } from './tasks';

async function main(): Promise<void> {
  const params = paramsFromCommandLine();
  console.log('Which model distinguishes Adelie, Chinstrap and Gentoo penguins best?\n');

  const run = new Runner().start(CompareModels, params);
  const counts = await countTasks(run);
  const comparisons = await run.result;
  const { ran, loaded, seconds } = await run.summary;

  const table = Container.get(TablePrinter);
  table.print(
    ['model', 'accuracy', 'macro F1'],
    comparisons.map(({ model, accuracy, macroF1 }) => [nameOf(model), show(accuracy), show(macroF1)]),
  );
  table.print(
    ['task', 'ran', 'loaded'],
    Array.from(counts, ([task, count]) => [task, String(count.ran), String(count.loaded)]),
  );
  const what = ran === 0 ? 'Nothing ran: the comparison was loaded' : `${ran} tasks ran, ${loaded} were loaded`;
  console.log(`${what}, in ${seconds.toFixed(2)} s.`);
}

interface Count {
  ran: number;
  loaded: number;
}

/** Number of tasks that ran and were loaded, by task name; resolves when the run is over. */
async function countTasks(run: Run<unknown>): Promise<Map<string, Count>> {
  const counts = new Map<string, Count>();
  for await (const event of run.events) {
    if (event.type !== 'task-finished' && event.type !== 'task-loaded') continue;
    const count = counts.get(event.node.task) ?? { ran: 0, loaded: 0 };
    counts.set(event.node.task, count);
    count[event.type === 'task-finished' ? 'ran' : 'loaded'] += 1;
  }
  return counts;
}

function nameOf({ kind, ...options }: ModelOptions): string {
  return [kind, ...Object.entries(options).map(([name, value]) => `${name} = ${value}`)].join(', ');
}

function show({ mean, deviation }: Spread): string {
  return `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
}

/** Reads the params of CompareModels from the command line: `--k 7`. */
function paramsFromCommandLine(): Record<string, number> {
  const type = 'string';
  const { values } = parseArgs({
    options: {
      folds: { type },
      seed: { type },
      depth: { type },
      trees: { type },
      k: { type },
      steps: { type },
      rate: { type },
    },
  });
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
}

main().catch((error: Error) => {
  console.log(error.message);
  process.exitCode = 1;
});
