import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A Redis server for this program only: on a free port, without persistence. Real programs use a shared one. */
export class PrivateRedis {
  private constructor(
    readonly uri: string,
    private readonly server: ChildProcess,
  ) {}

  static isInstalled(): boolean {
    return spawnSync('redis-server', ['--version']).status === 0;
  }

  static async start(): Promise<PrivateRedis> {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
    const server = spawn('redis-server', args, { stdio: 'ignore' });
    process.once('exit', () => server.kill('SIGKILL'));
    for (let tries = 0; !(await accepts(port)); tries++) {
      if (tries === 100) throw new Error('redis-server does not start');
      await wait(50);
    }
    return new PrivateRedis(`redis://127.0.0.1:${port}`, server);
  }

  async stop(): Promise<void> {
    this.server.kill('SIGKILL');
    await once(this.server, 'exit');
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

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
