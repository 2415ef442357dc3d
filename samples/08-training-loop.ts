// A training loop that resumes: each epoch is a saved task that returns a ref to the next one.
// The first run fails halfway. The second one loads the finished epochs and trains only the others.
//
// Expected output:
//   first run: epoch 6 of 10: the power is gone
//   epochs trained: 1 2 3 4 5
//   second run: y = 3.00 x + 2.00
//   epochs trained: 6 7 8 9 10
//   third run: y = 3.00 x + 2.00
//   epochs trained: none
import { Param, RunFailedError, Runner, Task, type TaskRef, task } from 'tidemark';

interface Line {
  readonly slope: number;
  readonly offset: number;
}

// Points on a line, and a switch that simulates an interruption.
const points = Array.from({ length: 21 }, (_, i) => ({ x: i / 10 - 1, y: (3 * i) / 10 - 1 }));
let hasPower = false;

@Task({ save: true })
class Train {
  @Param() epochs!: number;
  @Param() epoch = 1;
  @Param() line: Line = { slope: 0, offset: 0 };

  run(): Line | TaskRef<any> {
    if (this.epoch === 6 && !hasPower) throw new Error(`epoch 6 of ${this.epochs}: the power is gone`);
    const line = descend(this.line, 100);
    return this.epoch === this.epochs ? line : task(Train, { epochs: this.epochs, epoch: this.epoch + 1, line });
  }
}

/** Takes this many gradient descent steps on the mean squared error. */
function descend({ slope, offset }: Line, steps: number): Line {
  const rate = 0.02;
  for (let step = 0; step < steps; step++) {
    let [bySlope, byOffset] = [0, 0];
    for (const { x, y } of points) {
      const error = slope * x + offset - y;
      bySlope += (2 * error * x) / points.length;
      byOffset += (2 * error) / points.length;
    }
    slope -= rate * bySlope;
    offset -= rate * byOffset;
  }
  return { slope, offset };
}

const runner = new Runner();

async function train(name: string): Promise<void> {
  const run = runner.start(Train, { epochs: 10 });
  const trained: unknown[] = [];
  for await (const event of run.events) if (event.type === 'task-finished') trained.push(event.node.params.epoch);
  try {
    const { slope, offset } = await run.result;
    console.log(`${name}: y = ${slope.toFixed(2)} x + ${offset.toFixed(2)}`);
  } catch (error) {
    if (!(error instanceof RunFailedError)) throw error;
    console.log(`${name}: ${(error.cause as Error).message}`);
  }
  console.log(`epochs trained: ${trained.join(' ') || 'none'}`);
}

async function main(): Promise<void> {
  await train('first run');
  hasPower = true;
  await train('second run');
  await train('third run');
}

void main();
