// Two tasks, run three times: all is computed; the answer is loaded; a new param computes only what depends on it.
// Results are kept in `.tidemark` in the working folder: start this there once more, and nothing is computed at all.
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
  @Requires(FindPrimes) primes!: number[]; // FindPrimes has a param `below` as well: it is handed on

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
