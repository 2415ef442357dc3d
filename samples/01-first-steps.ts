// Runs two tasks three times: the first run computes both, the second loads the target, the third has a new param and
// recomputes only the task that depends on it. Results are saved in `.tidemark` in the working directory: started there
// a second time, the program computes nothing.
//
// Expected output:
//   705 pairs of primes below 50000 are 2 apart (ran: 2, loaded: 0)
//   705 pairs of primes below 50000 are 2 apart (ran: 0, loaded: 1)
//   1419 pairs of primes below 50000 are 6 apart (ran: 1, loaded: 1)
import { Param, Requires, Runner, Task } from 'tidemark';

@Task({ save: true })
class FindPrimes {
  @Param() below!: number;

  run(): number[] {
    const primes: number[] = [];
    for (let n = 2; n < this.below; n++) {
      if (primes.every((prime) => n % prime !== 0)) primes.push(n);
    }
    return primes;
  }
}

@Task({ save: true })
class CountPairs {
  @Param() below!: number;
  @Param() apart = 2;
  @Requires(FindPrimes) primes!: number[]; // FindPrimes also has a param `below`: it is passed on by name

  run(): number {
    const known = new Set(this.primes);
    return this.primes.filter((prime) => known.has(prime + this.apart)).length;
  }
}

const runner = new Runner();

async function count(below: number, apart: number): Promise<void> {
  const run = runner.start(CountPairs, { below, apart });
  const pairs = await run.result;
  const { ran, loaded } = await run.summary;
  console.log(`${pairs} pairs of primes below ${below} are ${apart} apart (ran: ${ran}, loaded: ${loaded})`);
}

async function main(): Promise<void> {
  await count(50_000, 2);
  await count(50_000, 2);
  await count(50_000, 6);
}

void main();
