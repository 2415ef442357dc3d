// Services injected into the tasks and the program. They do not depend on the tasks.
import { Service } from 'typedi';
import { type Examples, type ModelKind, type ModelOptions, modelKinds } from './models';

/** A trained model as plain data, since results cannot contain class instances. */
export interface SavedModel {
  readonly [part: string]: unknown;
}

@Service()
export class ModelTrainer {
  train(options: ModelOptions, examples: Examples, seed: number): SavedModel {
    const kind: ModelKind<ModelOptions> = modelKinds[options.kind];
    return JSON.parse(JSON.stringify(kind.train(options, examples, seed)));
  }

  predict(options: ModelOptions, model: SavedModel, features: number[][]): number[] {
    // A copy, since inputs of a task are frozen, and ml-knn and ml-logistic-regression write to the object they load.
    return modelKinds[options.kind].load(structuredClone(model)).predict(features);
  }
}

@Service()
export class Shuffler {
  /** A shuffled copy, determined by the seed. */
  shuffle<T>(items: readonly T[], seed: number): T[] {
    const random = mulberry32(seed);
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}

@Service()
export class TablePrinter {
  /** Prints a table: the first column left-aligned, the others right-aligned. */
  print(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
    const line = ([first, ...rest]: readonly string[]) =>
      [first!.padEnd(widths[0]!), ...rest.map((cell, i) => cell.padStart(widths[i + 1]!))].join('   ');
    console.log(line(header));
    console.log(line(widths.map((width) => '─'.repeat(width))));
    for (const row of rows) console.log(line(row));
    console.log();
  }
}

/** A pseudorandom number generator: numbers from 0 to below 1. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
