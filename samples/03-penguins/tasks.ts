// The tasks, each after its requirements. Params of the same name are passed on from task to task.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileFingerprint, Param, Requires, Task, task } from 'tidemark';
import { z } from 'zod';
import type { Examples, ModelOptions } from './models';
import { ModelTrainer, type SavedModel, Shuffler } from './services';
import { accuracy, macroF1, type Spread, spreadOf } from './statistics';

const dataFile = join(dirname(require.resolve('vega-datasets')), '../data/penguins.json');
const species = ['Adelie', 'Chinstrap', 'Gentoo'];
const measurements = ['Beak Length (mm)', 'Beak Depth (mm)', 'Flipper Length (mm)', 'Body Mass (g)'];

type Row = Record<string, string | number | null>;

@Task({ save: true })
export class LoadPenguins {
  /** Makes the file part of the key: when it changes, this task and its dependents are recomputed. */
  fingerprint(): Promise<string> {
    return fileFingerprint(dataFile);
  }

  async run(): Promise<Row[]> {
    return JSON.parse(await readFile(dataFile, 'utf8'));
  }
}

/** Removes penguins with missing values. */
@Task({ save: true })
export class CleanPenguins {
  @Requires(LoadPenguins) rows!: Row[];

  run(): Examples {
    const complete = this.rows.filter((row) => Object.values(row).every((value) => value !== null && value !== '.'));
    return {
      features: complete.map((row) => measurements.map((name) => Number(row[name]))),
      labels: complete.map((row) => species.indexOf(String(row['Species']))),
    };
  }
}

/** Assigns each penguin to a fold: at random, with the same share of each species in every fold. */
@Task({ save: true })
export class MakeFolds {
  @Param() folds!: number;
  @Param() seed!: number;
  @Requires(CleanPenguins) penguins!: Examples;

  constructor(private readonly shuffler: Shuffler) {}

  run(): number[] {
    const { labels } = this.penguins;
    const order = this.shuffler.shuffle([...labels.keys()], this.seed).sort((a, b) => labels[a]! - labels[b]!);
    const foldOf = new Array<number>(labels.length);
    for (const [position, penguin] of order.entries()) foldOf[penguin] = position % this.folds;
    return foldOf;
  }
}

interface Split {
  train: Examples;
  test: Examples;
}

/** One fold as the test set, the others as the training set, both scaled by the training set. */
@Task({ save: true })
export class SplitPenguins {
  @Param() fold!: number;
  @Param() folds!: number;
  @Param() seed!: number;
  @Requires(CleanPenguins) penguins!: Examples;
  @Requires(MakeFolds) foldOf!: number[];

  run(): Split {
    const train = this.#pick((fold) => fold !== this.fold);
    const test = this.#pick((fold) => fold === this.fold);
    const scales = measurements.map((_, column) => spreadOf(train.features.map((row) => row[column]!)));
    return { train: standardise(train, scales), test: standardise(test, scales) };
  }

  #pick(isPicked: (fold: number) => boolean): Examples {
    const { features, labels } = this.penguins;
    const at = (_: unknown, penguin: number) => isPicked(this.foldOf[penguin]!);
    return { features: features.filter(at), labels: labels.filter(at) };
  }
}

function standardise({ features, labels }: Examples, scales: Spread[]): Examples {
  const scaled = features.map((row) => row.map((value, i) => (value - scales[i]!.mean) / scales[i]!.deviation));
  return { features: scaled, labels };
}

@Task({ save: true })
export class TrainModel {
  @Param() model!: ModelOptions;
  @Param() fold!: number;
  @Param() folds!: number;
  @Param() seed!: number;
  @Requires(SplitPenguins) split!: Split;

  constructor(private readonly trainer: ModelTrainer) {}

  run(): SavedModel {
    return this.trainer.train(this.model, this.split.train, this.seed);
  }
}

interface Score {
  accuracy: number;
  macroF1: number;
}

@Task({ save: true })
export class ScoreModel {
  @Param() model!: ModelOptions;
  @Param() fold!: number;
  @Param() folds!: number;
  @Param() seed!: number;
  @Requires(TrainModel) trained!: SavedModel;
  @Requires(SplitPenguins) split!: Split;

  constructor(private readonly trainer: ModelTrainer) {}

  run(): Score {
    const { features, labels } = this.split.test;
    const predicted = this.trainer.predict(this.model, this.trained, features);
    return { accuracy: accuracy(labels, predicted), macroF1: macroF1(labels, predicted) };
  }
}

interface Comparison {
  model: ModelOptions;
  accuracy: Spread;
  macroF1: Spread;
}

const count = z.int().positive();

/** Trains and scores each model once per fold; the best model comes first. */
@Task({ save: true })
export class CompareModels {
  @Param(z.int().min(2)) folds = 5;
  @Param(z.int()) seed = 1;
  @Param(count) depth = 4;
  @Param(count) trees = 30;
  @Param(count) k = 5;
  @Param(count) steps = 500;
  @Param(z.number().positive()) rate = 0.005;

  @Requires(({ models, folds, seed }) =>
    models.map((model) => Array.from({ length: folds }, (_, fold) => task(ScoreModel, { model, fold, folds, seed }))),
  )
  scores!: Score[][];

  get models(): ModelOptions[] {
    return [
      { kind: 'decision tree', depth: this.depth },
      { kind: 'random forest', trees: this.trees },
      { kind: 'k nearest neighbours', k: this.k },
      { kind: 'naive Bayes' },
      { kind: 'logistic regression', steps: this.steps, rate: this.rate },
    ];
  }

  run(): Comparison[] {
    const comparisons = this.models.map((model, i) => ({
      model,
      accuracy: spreadOf(this.scores[i]!.map((score) => score.accuracy)),
      macroF1: spreadOf(this.scores[i]!.map((score) => score.macroF1)),
    }));
    return comparisons.sort((a, b) => b.accuracy.mean - a.accuracy.mean);
  }
}
