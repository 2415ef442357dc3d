import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A private redis-server without persistence. */
export class Redis {
  readonly uri: string;
  readonly #server: ChildProcess;

  private constructor(port: number, server: ChildProcess) {
    this.uri = `redis://127.0.0.1:${port}`;
    this.#server = server;
  }

  /** Undefined if redis-server is not on the PATH. */
  static async start(folder: string): Promise<Redis | undefined> {
    if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const server = spawn('redis-server', args, { stdio: 'ignore' });
    // It ends with this process, however that ends.
    process.once('exit', () => server.kill('SIGKILL'));
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries === 100 || server.exitCode !== null) throw new Error('redis-server does not start');
      await wait(50);
    }
    return new Redis(port, server);
  }

  async stop(): Promise<void> {
    const ended = once(this.#server, 'exit');
    this.#server.kill('SIGKILL');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => settle(true)).once('error', () => settle(false));
    const settle = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
  });
}
