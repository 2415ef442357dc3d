import { inspect } from 'node:util';
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import { graphOf, keyOf } from '../graph/graph-of';

const secret = 'hunter2';
const schema = (validate: (value: unknown) => unknown) =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchema<string>;
const refuses = schema((value) => ({ issues: [{ message: `${value} is too weak`, path: ['password'] }] }));
const throws = schema((value) => {
  throw new Error(`cannot read ${value}`);
});

@Task()
class Login {
  @Param({ secret: true }) password!: string;
  @Param() user = 'ann';
  run() {
    return this.password.length;
  }
}
@Task()
class Checked {
  @Param({ secret: true, schema: refuses }) password!: string;
  run() {}
}
@Task()
class Broken {
  @Param({ secret: true, schema: throws }) password!: string;
  run() {}
}
@Task()
class Typed {
  @Param({ secret: true }) password!: number;
  run() {}
}
@Task()
class Anything {
  @Param({ secret: true }) password!: unknown;
  run() {}
}
@Task()
class Default {
  @Param({ secret: true }) password = secret;
  run() {}
}
@Task()
class HandsOn {
  @Param({ secret: true }) password = 'another';
  @Requires(Default) it!: void;
  run() {}
}
@Task()
class Below {
  @Param({ secret: true }) password!: string;
  @Param() n!: number;
  @Requires((self) => task(Login, { password: self.password, usr: 'x' } as {})) it!: number;
  run() {}
}
@Task()
class Fails {
  @Param({ secret: true }) password!: string;
  run() {
    throw new Error('no connection');
  }
}
@Task()
class Keyed {
  @Param({ secret: true }) password!: string;
  key = 1;
  run() {}
}
Task({ key: () => 'same' })(Keyed);

/** An error as text, with all fields and causes. */
async function toldOf(target: unknown): Promise<string> {
  const error = await new Runner({ storage: 'memory:' }).run(target as typeof Login).catch((thrown) => thrown);
  expect(error).toMatchObject({ message: expect.any(String), stack: expect.any(String) });
  return inspect(error, { depth: 9 });
}

it.each<[string, unknown]>([
  ['does not fit its schema', task(Checked, { password: secret })],
  ['makes its schema throw', task(Broken, { password: secret })],
  ['has the wrong type', task(Typed, { password: secret as unknown as number })],
  ['is no data', task(Anything, { password: { hunter2: () => {} } })],
  ['is no data, in a Map', task(Anything, { password: new Map([[secret, () => {}]]) })],
  ['has another default on the other side', HandsOn],
  ['is passed under a wrong name', task(Login, { pasword: secret } as {})],
  ['is a param of a task on the way to an error', task(Below, { password: secret, n: 1 })],
  [
    'is a param of a ref that stands in a wrong param',
    task(Typed, { password: [[task(Login, { password: secret })]] as never }),
  ],
  [
    'is a param of a ref that stands in the params of one that fails',
    task(Below, { password: 'x', n: [task(Login, { password: secret })] as never }),
  ],
])('is in no error when it %s', async (_, target) => {
  const text = await toldOf(target);
  expect(text).not.toContain(secret);
  expect(text).not.toContain('another');
});

it('is in no name of a node', async () => {
  const { nodes } = await graphOf([task(Login, { password: secret }), Default]);
  expect(nodes.map(String)).toEqual(["Login({ password: (secret), user: 'ann' })", 'Default({ password: (secret) })']);
});

it('is in no message about two nodes with one key', async () => {
  const message = await keyOf([task(Keyed, { password: secret }), task(Keyed, { password: 'x' })]).catch(
    (error) => error.message,
  );
  expect(message).not.toContain(secret);
});

it('does not hide other params', async () => {
  const message = await graphOf(task(Checked, { password: secret })).catch((error) => error.message);
  expect(message).toBe(
    'Checked: the param password is a secret value, which its schema rejects: password: (secret) is too weak',
  );
});

it('is a value like any other to the task, and part of the key', async () => {
  expect(await new Runner({ storage: 'memory:' }).run(Login, { password: secret })).toBe(7);
  expect(await keyOf(task(Login, { password: 'a' }))).not.toBe(await keyOf(task(Login, { password: 'b' })));
});

it('is in no message about a task that fails', async () => {
  const error = await new Runner({ storage: 'memory:' }).run(Fails, { password: secret }).catch((thrown) => thrown);
  expect(error.message).toMatch(/^Fails\({ password: \(secret\) }\) failed: no connection/);
});
