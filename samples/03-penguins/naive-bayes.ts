import type { Examples } from './models';
import { type Spread, spreadOf } from './statistics';

interface ClassModel {
  readonly share: number;
  readonly spreads: readonly Spread[];
}

/** Gaussian naive Bayes: assumes that the measurements of a class are normally distributed and independent. */
export class NaiveBayes {
  constructor(private readonly classes: readonly ClassModel[]) {}

  static train({ features, labels }: Examples): NaiveBayes {
    const classes = Array.from({ length: Math.max(...labels) + 1 }, (_, label) => {
      const members = features.filter((_, i) => labels[i] === label);
      const spreads = members[0]!.map((_, column) => spreadOf(members.map((row) => row[column]!)));
      return { share: members.length / labels.length, spreads };
    });
    return new NaiveBayes(classes);
  }

  static load(saved: unknown): NaiveBayes {
    return new NaiveBayes((saved as { classes: ClassModel[] }).classes);
  }

  predict(features: number[][]): number[] {
    return features.map((row) => {
      const likelihoods = this.classes.map((one) => logLikelihood(row, one));
      return likelihoods.indexOf(Math.max(...likelihoods));
    });
  }

  toJSON(): unknown {
    return { classes: this.classes };
  }
}

function logLikelihood(row: readonly number[], { share, spreads }: ClassModel): number {
  return spreads.reduce(
    (sum, { mean, deviation }, i) => sum - Math.log(deviation) - ((row[i]! - mean) / deviation) ** 2 / 2,
    Math.log(share),
  );
}
