// CPU-bound work on worker threads: the area of the Mandelbrot set, in strips that are computed in parallel.
// Each thread loads this file to find the tasks. The second run loads the saved area and starts no thread.
//
// Expected output:
//   area 1.51 (ran: 17, loaded: 0; on worker threads: 16)
//   area 1.51 (ran: 0, loaded: 1; on worker threads: 0)
import { Param, Requires, Runner, Task, task, threads } from 'tidemark';

// The set is within -2 to 0.5 (real) and -1.25 to 1.25 (imaginary).
const side = 2.5;

@Task({ save: true, queue: 'cpu' })
export class CountInside {
  @Param() points!: number;
  @Param() fromRow!: number;
  @Param() toRow!: number;

  run(): number {
    const step = side / this.points;
    let inside = 0;
    for (let row = this.fromRow; row < this.toRow; row++) {
      for (let column = 0; column < this.points; column++) {
        if (staysNear((column + 0.5) * step - 2, (row + 0.5) * step - 1.25)) inside++;
      }
    }
    return inside;
  }
}

@Task({ save: true })
export class Area {
  @Param() points!: number;
  @Param() strips = 16;

  @Requires(({ points, strips }) =>
    Array.from({ length: strips }, (_, i) => {
      const rowAt = (strip: number) => Math.round((strip * points) / strips);
      return task(CountInside, { points, fromRow: rowAt(i), toRow: rowAt(i + 1) });
    }),
  )
  counts!: number[];

  run(): number {
    return (side / this.points) ** 2 * this.counts.reduce((sum, count) => sum + count);
  }
}

/** True if the iteration z² + c, starting at 0, is still bounded after 500 steps. */
function staysNear(re: number, im: number): boolean {
  let [x, y] = [0, 0];
  for (let i = 0; i < 500; i++) {
    if (x * x + y * y > 4) return false;
    [x, y] = [x * x - y * y + re, 2 * x * y + im];
  }
  return true;
}

async function main(): Promise<void> {
  const runner = new Runner({ queues: { cpu: { executor: threads({ modules: [__filename] }) } } });
  for (let i = 0; i < 2; i++) {
    const run = runner.start(Area, { points: 400 });
    let onThreads = 0;
    for await (const event of run.events) if (event.type === 'task-assigned') onThreads++;
    const { ran, loaded } = await run.summary;
    console.log(
      `area ${(await run.result).toFixed(2)} (ran: ${ran}, loaded: ${loaded}; on worker threads: ${onThreads})`,
    );
  }
  await runner.close();
}

// The threads load this file too: only the main thread calls `main`.
if (require.main === module) void main();
