// The compared models, most of them from the ml-* packages.
import { DecisionTreeClassifier } from 'ml-cart';
import KNN from 'ml-knn';
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { RandomForestClassifier } from 'ml-random-forest';
import { NaiveBayes } from './naive-bayes';

/** The kind of a model and its training params. */
export type ModelOptions =
  | { readonly kind: 'decision tree'; readonly depth: number }
  | { readonly kind: 'random forest'; readonly trees: number }
  | { readonly kind: 'k nearest neighbours'; readonly k: number }
  | { readonly kind: 'naive Bayes' }
  | { readonly kind: 'logistic regression'; readonly steps: number; readonly rate: number };

/** Measurements and species (as a number) of each penguin. */
export interface Examples {
  features: number[][];
  labels: number[];
}

/** Trains one kind of model, and restores it from JSON. */
export interface ModelKind<Options> {
  train(options: Options, examples: Examples, seed: number): { toJSON(): unknown };
  load(saved: unknown): { predict(features: number[][]): number[] };
}

export const modelKinds: { readonly [K in ModelOptions['kind']]: ModelKind<Extract<ModelOptions, { kind: K }>> } = {
  'decision tree': {
    train({ depth }, { features, labels }) {
      const tree = new DecisionTreeClassifier({ maxDepth: depth });
      tree.train(features, labels);
      return tree;
    },
    load: (saved) => DecisionTreeClassifier.load(saved),
  },

  'random forest': {
    train({ trees }, { features, labels }, seed) {
      const forest = new RandomForestClassifier({
        nEstimators: trees,
        seed,
        maxFeatures: 0.75,
        replacement: false,
        noOOB: true,
      });
      forest.train(features, labels);
      return forest;
    },
    load: (saved) => RandomForestClassifier.load(saved as ReturnType<RandomForestClassifier['toJSON']>),
  },

  'k nearest neighbours': {
    train: ({ k }, { features, labels }) => new KNN(features, labels, { k }),
    load: (saved) => KNN.load(saved),
  },

  'naive Bayes': {
    train: (_options, examples) => NaiveBayes.train(examples),
    load: (saved) => NaiveBayes.load(saved),
  },

  'logistic regression': {
    train({ steps, rate }, { features, labels }) {
      const regression = new LogisticRegression({ numSteps: steps, learningRate: rate });
      regression.train(new Matrix(features), Matrix.columnVector(labels));
      return regression;
    },
    load(saved) {
      const regression = LogisticRegression.load(saved);
      return { predict: (features) => regression.predict(new Matrix(features)) };
    },
  },
};
