import { Heap } from './heap';

/** Parameters of the simulation; times in seconds. */
export interface Scenario {
  readonly workers: number;
  /** How many jobs are in Redis at once: the executor's `concurrency`, over all drivers. */
  readonly outstanding: number;
  readonly taskSeconds: number;
  /** CPU a job, of a driver, of Redis and of a worker. */
  readonly driver: number;
  readonly redis: number;
  readonly worker: number;
  /** CPU of Redis in a second for each worker that is there. */
  readonly redisIdle: number;
  /** Number of drivers, each with its own queue and Redis, that share workers and jobs evenly. */
  readonly drivers: number;
}

export interface Simulated {
  /** Jobs in a second, all drivers together. */
  readonly perSecond: number;
  /** Utilisation of each, from 0 to 1. */
  readonly driverBusy: number;
  readonly redisBusy: number;
  readonly workersBusy: number;
}

type Step = 'add' | 'start' | 'end' | 'answer';

/** A station that serves one job after the other. */
class Station {
  busy = 0;
  #freeAt = 0;
  serve(now: number, seconds: number): number {
    this.#freeAt = Math.max(now, this.#freeAt) + seconds;
    this.busy += seconds;
    return this.#freeAt;
  }
}

/**
 * Simulates jobs, event by event: a driver creates one, Redis stores it, a free worker runs it, Redis stores the
 * answer, the driver reads it and creates the next one. Driver and Redis process one thing at a time. They spend half
 * of the cost of a job on its way to the worker, half on its way back.
 */
export function simulate(scenario: Scenario): Simulated {
  const { drivers, driver, taskSeconds, worker, redisIdle } = scenario;
  const workers = scenario.workers / drivers;
  const outstanding = Math.ceil(scenario.outstanding / drivers);
  // Polling of idle workers takes capacity of Redis.
  const redis = scenario.redis / Math.max(1e-3, 1 - redisIdle * workers);
  const [driving, storing] = [new Station(), new Station()];
  const events = new Heap<Step>();
  let [free, waiting, done, running, now] = [Math.floor(workers), 0, 0, 0, 0];
  const jobs = Math.max(20_000, 30 * outstanding);
  const begin = (): void => {
    for (; free > 0 && waiting > 0; free--, waiting--) {
      running += taskSeconds + worker;
      events.push(now + taskSeconds + worker, 'end');
    }
  };
  for (let i = 0; i < outstanding; i++) events.push(driving.serve(0, driver / 2), 'add');
  while (done < jobs) {
    const [at, step] = events.pop();
    now = at;
    if (step === 'add') events.push(storing.serve(now, redis / 2), 'start');
    else if (step === 'start') waiting++;
    else if (step === 'end') {
      free++;
      events.push(storing.serve(now, redis / 2), 'answer');
    } else {
      done++;
      events.push(driving.serve(now, driver), 'add');
    }
    begin();
  }
  return {
    perSecond: (done / now) * drivers,
    driverBusy: Math.min(1, driving.busy / now),
    redisBusy: Math.min(1, storing.busy / now),
    workersBusy: Math.min(1, running / now / workers),
  };
}
