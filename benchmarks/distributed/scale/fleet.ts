import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Drive, Used } from './child';

/** The processes that are measured. */
export class Fleet {
  readonly #redis: string;
  readonly #workers: ChildProcess[] = [];

  constructor(redis: string) {
    this.#redis = redis;
  }

  async workers(count: number, concurrency: number): Promise<void> {
    for (let i = 0; i < count; i++) this.#workers.push(await this.#start('worker', concurrency));
  }

  async stopWorkers(): Promise<void> {
    const workers = this.#workers.splice(0);
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map((worker) => worker.exitCode ?? worker.signalCode ?? once(worker, 'exit')));
  }

  /** Seconds of CPU that all workers have used so far. */
  async cpuOfWorkers(): Promise<number> {
    let sum = 0;
    for (const worker of this.#workers) {
      worker.send('how much');
      const [{ cpu }] = (await once(worker, 'message')) as [Used];
      sum += cpu;
    }
    return sum;
  }

  /** Drives jobs from a separate process; the first drive is the warm-up. */
  async drive(warmUp: Drive, drive: Drive, onStart: () => Promise<void>): Promise<Used> {
    const driver = await this.#start('driver', 0);
    try {
      await this.#ask(driver, warmUp);
      await onStart();
      return await this.#ask(driver, drive);
    } finally {
      driver.kill('SIGKILL');
    }
  }

  /** Starts to drive, and lets the caller look meanwhile. Nothing needs to take the jobs. */
  async whileDriven(drive: Drive, look: () => Promise<void>): Promise<void> {
    const driver = await this.#start('driver', 0);
    driver.send(drive);
    try {
      await look();
    } finally {
      driver.kill('SIGKILL');
    }
  }

  async #ask(driver: ChildProcess, drive: Drive): Promise<Used> {
    driver.send(drive);
    return (await once(driver, 'message'))[0] as Used;
  }

  async #start(role: string, concurrency: number): Promise<ChildProcess> {
    const env = { ...process.env, REDIS: this.#redis };
    const child = fork(join(__dirname, 'child.js'), [role, String(concurrency)], { env });
    await once(child, 'message');
    return child;
  }
}
