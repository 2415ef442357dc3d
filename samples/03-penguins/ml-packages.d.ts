// Types for the ml-* packages that have none, as far as this sample uses them.

declare module 'ml-cart' {
  export class DecisionTreeClassifier {
    constructor(options: { maxDepth?: number });
    train(features: number[][], labels: number[]): void;
    predict(features: number[][]): number[];
    toJSON(): unknown;
    static load(model: unknown): DecisionTreeClassifier;
  }
}

declare module 'ml-knn' {
  export default class KNN {
    constructor(features: number[][], labels: number[], options: { k?: number });
    predict(features: number[][]): number[];
    toJSON(): unknown;
    static load(model: unknown): KNN;
  }
}

declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  export default class LogisticRegression {
    constructor(options: { numSteps?: number; learningRate?: number });
    train(features: Matrix, labels: Matrix): void;
    predict(features: Matrix): number[];
    toJSON(): unknown;
    static load(model: unknown): LogisticRegression;
  }
}
