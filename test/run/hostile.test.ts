import 'reflect-metadata';
import {
  type Container,
  DeclarationError,
  encoder,
  json,
  Param,
  Requires,
  type RunEvent,
  RunFailedError,
  Runner,
  type RunnerOptions,
  Storage,
  Task,
  TidemarkError,
  task,
  typediContainer,
} from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import { pictureOf, RunRecorder, toHtml, toJson } from '../../src/entry/report';
import { collect } from '../support/collect';
import { hostile } from '../support/hostile';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

const kinds = Object.keys(hostile);
const thrown = (which: string) => hostile[which]!();
const quiet: RunnerOptions = { onWarning: () => {} };
const open = (options: RunnerOptions = {}) => new Runner({ storage: 'memory:', ...quiet, ...options });

@Task()
class Throws {
  @Param() which!: string;
  @Param() isLate = false;
  run(): unknown {
    if (!this.isLate) throw thrown(this.which);
    return new Promise((_, reject) => setTimeout(() => reject(thrown(this.which)), 1));
  }
}

@Task({ save: true })
class Sibling {
  @Param() n!: number;
  async run(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 3));
    return this.n;
  }
}

@Task()
class Both {
  @Param() which!: string;
  @Param() isLate = false;
  @Requires(Throws) throws!: unknown;
  @Requires(() => [1, 2, 3].map((n) => task(Sibling, { n }))) siblings!: number[];
  run(): number {
    return 1;
  }
}

/** An error can be told to people and programs. */
async function expectTold(error: unknown): Promise<void> {
  expect(error).toBeInstanceOf(RunFailedError);
  const failed = error as RunFailedError;
  expect(typeof failed.message).toBe('string');
  const written = JSON.parse(JSON.stringify(failed));
  expect(written).toMatchObject({ name: 'RunFailedError', message: failed.message });
}

describe.each(kinds)('%s', (which) => {
  it.each([false, true])('fails its task alone, the others go on (late: %s)', async (isLate) => {
    const runner = open({ onFailure: 'continue' });
    const plan = await runner.plan(Both, { which, isLate });
    const recorder = new RunRecorder(pictureOf(plan));
    const run = runner.start(Both, { which, isLate });
    const recording = (async () => {
      for await (const event of run.events) {
        recorder.record(event);
        JSON.stringify(event);
      }
    })();
    const { error, summary } = await outcomeOf(run);
    await recording;
    await expectTold(error);
    expect(error.errors).toHaveLength(1);
    expect(Object.is(error.errors[0].cause, error.cause)).toBe(true);
    expect(summary).toMatchObject({ failed: 1, skipped: 1, ran: 3, saved: 3 });
    expect(await toHtml(recorder.picture())).toContain('Throws');
    expect(toJson(recorder.picture())).toContain('"failed"');
  });

  it('is retried as any failure', async () => {
    @Task({ retries: 1 })
    class Retried {
      run(): unknown {
        throw thrown(which);
      }
    }
    const { error } = await outcomeOf(open().start(Retried));
    expect(error.errors[0].attempts).toBe(2);
  });

  it('ends a run that was cancelled by it', async () => {
    const run = open().start(Sibling, { n: 5 });
    run.cancel(thrown(which));
    const { error } = await outcomeOf(run);
    expect(error.message).toMatch(/^the run was cancelled: /);
  });

  it('is reported when a hook throws it', async () => {
    @Task()
    class Hooked {
      run(): number {
        return 1;
      }
      restore(): never {
        throw thrown(which);
      }
      async checkpoint(): Promise<never> {
        throw thrown(which);
      }
    }
    const warnings: string[] = [];
    const run = open({ onWarning: (text) => void warnings.push(text) }).start(
      Hooked,
      {},
      {
        restore: () => {
          throw thrown(which);
        },
        checkpoint: () => Promise.reject(thrown(which)),
      },
    );
    const events = collect(run.events);
    const { result, summary } = await outcomeOf(run);
    expect([result, summary.hookErrors.length, warnings.length]).toEqual([1, 4, 4]);
    for (const { message } of summary.hookErrors) expect(typeof message).toBe('string');
    const written: unknown[] = JSON.parse(JSON.stringify([{ ...summary }, ...(await events)]));
    const messages = summary.hookErrors.map(({ message }) => ({ message }));
    expect(written[0]).toMatchObject({ hookErrors: messages });
    expect(written.filter((event) => (event as RunEvent).type === 'hook-failed')).toMatchObject(
      messages.map((error) => ({ error })),
    );
  });

  it('fails the task whose fingerprint throws it', async () => {
    @Task({ save: true })
    class Outside {
      fingerprint(): never {
        throw thrown(which);
      }
      run(): number {
        return 1;
      }
    }
    const { error, summary } = await outcomeOf(
      open({ onFailure: 'continue' }).start([Outside, task(Sibling, { n: 1 })]),
    );
    await expectTold(error);
    expect(summary).toMatchObject({ failed: 1, ran: 1 });
    await expect(open().plan(Outside)).rejects.toThrow(TidemarkError);
  });

  it.each([true, false])('fails the task whose key throws it (saved: %s)', async (save) => {
    @Task({
      save,
      key: () => {
        throw thrown(which);
      },
    })
    class Keyed {
      run(): number {
        if (save) return 1;
        throw thrown(which);
      }
    }
    const { error, summary } = await outcomeOf(open({ onFailure: 'continue' }).start([Keyed, task(Sibling, { n: 1 })]));
    await expectTold(error);
    expect(summary.failed + summary.storageErrors.length).toBe(1);
  });

  it.each([false, true])('is a declaration error when a schema throws it (late: %s)', async (isLate) => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          if (isLate) return Promise.reject(thrown(which));
          throw thrown(which);
        },
      },
    } as StandardSchema<number>;
    @Task()
    class Validated {
      @Param(schema) n!: number;
      run(): number {
        return 1;
      }
    }
    await expect(open().run(Validated, { n: 1 })).rejects.toThrow(DeclarationError);
  });

  it('is a declaration error when a schema gives it', async () => {
    const answers = [
      () => thrown(which),
      () => ({ issues: thrown(which) ?? 1 }),
      () => ({ issues: [thrown(which)] }),
      () => ({ issues: [{ message: thrown(which) }] }),
      () => ({ issues: [{ message: 'x', path: [thrown(which)] }] }),
    ];
    // One that never answers is never answered.
    for (const validate of which === 'a pending promise' ? [] : answers) {
      @Task()
      class Validated {
        @Param({ '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<number>) n!: number;
        run(): number {
          return 1;
        }
      }
      const failure: unknown = await open()
        .run(Validated, { n: 1 })
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      // An error may be a literal of a requirement, of which each task gets a copy; one that cannot be copied fails the task.
      if (failure !== undefined && !(failure instanceof RunFailedError))
        expect(failure).toBeInstanceOf(DeclarationError);
    }
  });

  it.each([false, true])('fails what a container cannot make (late: %s)', async (isLate) => {
    let isBroken = false;
    const container: Container = {
      resolve: (cls) => {
        if (!isBroken) return typediContainer.resolve(cls);
        if (isLate) return Promise.reject(thrown(which)) as never;
        throw thrown(which);
      },
    };
    const runner = open({ container, onFailure: 'continue' });
    expect(await runner.run(Sibling, { n: 1 }, { force: true })).toBe(1);
    isBroken = true;
    const { error } = await outcomeOf(runner.start(Sibling, { n: 2 }));
    await expectTold(error);
    await expectTold((await outcomeOf(open({ container }).start(Sibling, { n: 3 }))).error);
  });

  it('is a declaration error when a function of @Requires throws it or gives it', async () => {
    @Task()
    class Asks {
      @Requires((): unknown => {
        throw thrown(which);
      })
      asked!: unknown;
      run(): number {
        return 1;
      }
    }
    await expect(open().run(Asks)).rejects.toThrow(/^the function in @Requires of Asks.asked failed: /);
    @Task()
    class Gets {
      @Requires((): unknown => [{ part: thrown(which) }])
      got!: unknown;
      run(): number {
        return 1;
      }
    }
    const failure: unknown = await open()
      .run(Gets)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    // Each task gets a copy of what is literal there; one that cannot be copied fails the task.
    const isRefused = failure instanceof DeclarationError || failure instanceof RunFailedError;
    expect(failure === undefined || isRefused).toBe(true);
  });

  it('is a declaration error when it is a param, unless it is data', async () => {
    @Task()
    class Takes {
      @Param() value!: unknown;
      run(): number {
        return 1;
      }
    }
    for (const value of [thrown(which), { inside: [thrown(which)] }]) {
      const failure: unknown = await open()
        .run(Takes, { value })
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      if (failure !== undefined) expect(failure).toBeInstanceOf(DeclarationError);
    }
  });

  it('fails the task whose encoder throws it', async () => {
    for (const serializer of [
      {
        serialize: () => {
          throw thrown(which);
        },
        deserialize: () => 1,
      },
      { serialize: () => Promise.reject(thrown(which)), deserialize: () => 1 },
    ]) {
      @Task({ save: true, encoder: encoder({ serializer: { id: 'odd', ...serializer } as never, compressor: null }) })
      class Encoded {
        run(): number {
          return 1;
        }
      }
      const { error, summary } = await outcomeOf(
        open({ onFailure: 'continue' }).start([Encoded, task(Sibling, { n: 1 })]),
      );
      await expectTold(error);
      expect(summary).toMatchObject({ failed: 1, ran: 1 });
    }
  });

  it('is a storage error when a compressor or a decoder throws it', async () => {
    let isBroken = false;
    const stub = <T>(value: T): T => {
      if (isBroken) throw thrown(which);
      return value;
    };
    const parts = encoder({
      serializer: {
        id: 'stub',
        serialize: (value: unknown) => json.serialize(stub(value), '') as never,
        deserialize: stub,
      } as never,
      compressor: { id: 'stub', compress: stub, decompress: stub },
    });
    @Task({ save: true, encoder: parts })
    class Packed {
      run(): string {
        return 'x'.repeat(1_000);
      }
    }
    const store = new ObservedStore();
    isBroken = true;
    await expectTold((await outcomeOf(open({ storage: store }).start(Packed))).error);
  });

  it.each(['get', 'set'])('is a storage error when %s of a store throws it', async (operation) => {
    for (const isLate of [false, true]) {
      const store = new ObservedStore();
      store.before = (done) => {
        if (done !== operation) return undefined;
        if (isLate) return Promise.reject(thrown(which));
        throw thrown(which);
      };
      const { error, summary } = await outcomeOf(open({ storage: store }).start(Sibling, { n: 1 }));
      await expectTold(error);
      expect(summary.storageErrors.length).toBeGreaterThan(0);
      const computed = await outcomeOf(open({ storage: store, onStorageError: 'compute' }).start(Sibling, { n: 1 }));
      expect(computed.result).toBe(1);
      if (operation !== 'get') continue;
      const key = await open().key(Sibling, { n: 1 });
      await expect(Storage.open(store).get(key)).rejects.toThrow(TidemarkError);
    }
  });

  it('fails what an executor throws it for', async () => {
    for (const execute of [
      () => {
        throw thrown(which);
      },
      () => Promise.reject(thrown(which)),
    ]) {
      const executor = { name: 'odd', execute };
      const { error, summary } = await outcomeOf(
        open({ onFailure: 'continue', queues: { Throws: { executor } } }).start([
          task(Throws, { which }),
          task(Sibling, { n: 1 }),
        ]),
      );
      await expectTold(error);
      expect(summary).toMatchObject({ failed: 1, ran: 1 });
    }
  });

  it('as a result, is a result or has failed its task', async () => {
    @Task()
    class Gives {
      @Param() isLate!: boolean;
      run(): unknown {
        return this.isLate ? Promise.resolve().then(() => [thrown(which)]) : { part: thrown(which) };
      }
    }
    @Task({ save: true })
    class Saves {
      @Requires(() => [task(Gives, { isLate: true }), task(Gives, { isLate: false })]) both!: unknown;
      run(): unknown {
        return { part: thrown(which), both: this.both };
      }
    }
    const { error, summary } = await outcomeOf(open({ onFailure: 'continue' }).start([Saves, task(Sibling, { n: 1 })]));
    if (error !== undefined) await expectTold(error);
    expect(summary.ran + summary.failed + summary.skipped).toBe(4);
  });
});
