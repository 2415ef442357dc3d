import { aesGcm, encoder, Param, Requires, Runner, Storage, Task, type TaskRef, task } from 'tidemark';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
let ran: string[] = [];
beforeEach(() => void (ran = []));

/** A helper that makes a task for each table, as programs have them. */
function fetchTable(table: string, isNamed = false) {
  @Task({ save: true, ...(isNamed && { name: `Fetch-${table}` }) })
  class FetchTable {
    @Param() limit = 10;
    run(): string {
      ran.push(table);
      return `rows of ${table}`;
    }
  }
  return FetchTable;
}

/** Two files, each with a class of one name. */
function files() {
  const a = () => {
    @Task({ save: true })
    class Load {
      run(): string {
        return 'users';
      }
    }
    return Load;
  };
  const b = () => {
    @Task({ save: true })
    class Load {
      run(): string {
        return 'the orders';
      }
    }
    return Load;
  };
  return [a(), b()] as const;
}

const quiet = { onWarning: () => {} };

describe('the classes that a function makes', () => {
  it.each([
    ['in memory', () => new Map()],
    ['in files', () => `file:${folder.path}`],
    ['encrypted', () => Storage.open(new Map(), { encoder: encoder({ encrypter: aesGcm({ key: 'a passphrase' }) }) })],
  ])('have their own results %s, of one runner and of several', async (_, open) => {
    const [Users, Orders] = [fetchTable('users'), fetchTable('orders')];
    const storage = open();
    const runner = new Runner({ storage, ...quiet });
    for (let round = 0; round < 2; round++) {
      expect(await runner.run(Users)).toBe('rows of users');
      expect(await runner.run(Orders)).toBe('rows of orders');
      expect(await new Runner({ storage, ...quiet }).run(Users)).toBe('rows of users');
    }
  });

  it('have their own results at the same time, and when they are made after the first has run', async () => {
    const runner = new Runner({ storage: 'memory:', ...quiet });
    const results = await Promise.all(['a', 'b', 'c'].map((table) => runner.run(fetchTable(table))));
    expect(results).toEqual(['rows of a', 'rows of b', 'rows of c']);
    expect(await runner.run(fetchTable('d'))).toBe('rows of d');
  });

  it('have them where they are required, and plans say why', async () => {
    const [Users, Orders] = [fetchTable('users'), fetchTable('orders')];
    @Task()
    class Above {
      @Requires(Orders) rows!: string;
      @Param() limit = 10;
      run() {
        return this.rows;
      }
    }
    const runner = new Runner({ storage: 'memory:', ...quiet });
    await runner.run(Users);
    const [planned] = (await runner.plan(Above)).nodes;
    expect(planned).toMatchObject({ action: 'run', why: 'another class called FetchTable saved it' });
    expect(await runner.run(Above)).toBe('rows of orders');
  });

  it('load what they saved themselves, and what they saved before there was another', async () => {
    const make = () => {
      @Task({ save: true })
      class Counted {
        @Param() n = 1;
        run(): number {
          ran.push(String(this.n));
          return this.n;
        }
      }
      return Counted;
    };
    const storage = new Map();
    const run = (cls: ReturnType<typeof make>, n: number) => new Runner({ storage, ...quiet }).run(cls, { n });
    const First = make();
    await run(First, 1);
    await new Promise((resolve) => setTimeout(resolve, 3));
    const Second = make();
    await run(Second, 2);
    await run(First, 1);
    await run(Second, 2);
    expect(ran).toEqual(['1', '2']);
  });

  it('load each what they saved when they have names of their own', async () => {
    const tell = jest.fn();
    const runner = new Runner({ storage: 'memory:', onWarning: tell });
    const [Users, Orders] = [fetchTable('users', true), fetchTable('orders', true)];
    for (let round = 0; round < 2; round++)
      expect([await runner.run(Users), await runner.run(Orders)]).toEqual(['rows of users', 'rows of orders']);
    expect(ran).toEqual(['users', 'orders']);
    expect(tell).not.toHaveBeenCalled();
  });

  it('are warned of once', async () => {
    const [A, B] = [fetchTable('a'), fetchTable('b')];
    const tell = jest.fn();
    for (const cls of [A, B, A, B]) await new Runner({ storage: 'memory:', onWarning: tell }).run(cls);
    expect(tell.mock.calls).toEqual([[expect.stringMatching(/^several classes called FetchTable.*@Task\(\{ name/s)]]);
  });
});

it('two files that declare a class of one name have their own results', async () => {
  const [A, B] = files();
  const storage = new Map();
  const warnings: string[] = [];
  const run = (cls: typeof A | typeof B) =>
    new Runner({ storage, onWarning: (message) => void warnings.push(message) }).run(cls as typeof A);
  expect([await run(A), await run(B), await run(A), await run(B)]).toEqual([
    'users',
    'the orders',
    'users',
    'the orders',
  ]);
  expect(warnings.some((message) => message.includes('several classes called Load'))).toBe(true);
});

it('a ref in a saved result that several classes answer to is told', async () => {
  const [Users] = [fetchTable('users'), fetchTable('orders')];
  @Task({ save: true })
  class Names {
    run(): TaskRef<string> {
      return task(Users);
    }
  }
  const told = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const storage = new Map();
  for (let i = 0; i < 3; i++) await new Runner({ storage, ...quiet }).run(Names);
  const messages = told.mock.calls.map(([message]) => message);
  told.mockRestore();
  expect(messages).toEqual([expect.stringContaining('a saved result contains a ref to the task FetchTable')]);
});

describe('names that a build made', () => {
  it.each([
    ['a', true],
    ['aB', true],
    ['t2', true],
    ['Load_2', true],
    ['Load$1', true],
    ['Sum', false],
    ['Load2', false],
  ])('%s is warned of: %s', async (name, isWarned) => {
    const named = (options: object) => {
      const cls = {
        [name]: class {
          run() {}
        },
      }[name]!;
      Task(options)(cls);
      return cls;
    };
    const tell = jest.fn();
    const run = (options: object) => new Runner({ storage: 'memory:', onWarning: tell }).run(named(options));
    await run({});
    await run({ save: true, name });
    expect(tell).not.toHaveBeenCalled();
    const cls = named({ save: true });
    for (let i = 0; i < 2; i++) await new Runner({ storage: 'memory:', onWarning: tell }).run(cls);
    expect(tell.mock.calls).toEqual(
      isWarned ? [[expect.stringContaining(`the class ${name} is saved under a name that looks like`)]] : [],
    );
  });
});
