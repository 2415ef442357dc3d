import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RedisOptions {
  readonly password?: string;
  /** In the syntax of Redis, such as `3mb`; above this limit, writes are rejected. */
  readonly maxmemory?: string;
  /** Files of a certificate and its key; enables TLS on `tlsPort`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** More arguments, such as `['--replicaof', '127.0.0.1 6379']`. */
  readonly args?: readonly string[];
}

/** A private redis-server with its own folder, on 127.0.0.1 and on a unix socket. */
export class RedisServer {
  readonly #options: RedisOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
  #process: ChildProcess | undefined;
  #guardian: ChildProcess | undefined;
  #log = '';
  port = 0;
  tlsPort = 0;

  constructor(options: RedisOptions = {}) {
    this.#options = options;
  }

  /** `redis://127.0.0.1:port`, with the password if set. @param rest appended, such as `/2?namespace=x` */
  uri(rest = ''): string {
    const { password } = this.#options;
    return `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${this.port}${rest}`;
  }

  /** The path of its unix socket. */
  get socket(): string {
    return join(this.#folder, 'redis.sock');
  }

  /** Resolves when the server answers. A restarted server has the same port and no data. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      // Another process may take the port in between.
      if (this.port === 0 || attempt > 1) this.port = await freePort();
      if (this.#options.tls) this.tlsPort ||= await freePort();
      this.#spawn();
      if (await this.#answers()) return;
      await this.kill();
      if (attempt === 3) throw new Error(`redis-server does not start:\n${this.#log}`);
    }
  }

  /** Freezes the server, connections stay open: simulates a machine that hangs. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Kills the server, as a crash does. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    this.#guardian?.kill('SIGKILL');
    if (!server || server.pid === undefined || hasEnded(server)) return;
    const exited = once(server, 'exit');
    server.ref();
    server.kill('SIGKILL');
    await exited;
  }

  /** Kills the server and removes its files. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** The output of a `redis-cli` command. */
  async cli(...command: string[]): Promise<string> {
    const { password } = this.#options;
    const env = { ...process.env, ...(password !== undefined && { REDISCLI_AUTH: password }) };
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...command], { env });
    return stdout.trimEnd();
  }

  #spawn(): void {
    const { password, maxmemory, tls, args = [] } = this.#options;
    const settings: Record<string, string> = {
      bind: '127.0.0.1',
      port: String(this.port),
      unixsocket: this.socket,
      dir: this.#folder,
      save: '',
      appendonly: 'no',
      ...(password !== undefined && { requirepass: password }),
      ...(maxmemory !== undefined && { maxmemory, 'maxmemory-policy': 'noeviction' }),
      ...(tls && {
        'tls-port': String(this.tlsPort),
        'tls-cert-file': tls.cert,
        'tls-key-file': tls.key,
        'tls-auth-clients': 'no',
      }),
    };
    const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const server = spawn('redis-server', [...given, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = server;
    this.#log = '';
    server.on('error', (error) => void (this.#log += error.message));
    for (const output of [server.stdout, server.stderr]) output.on('data', (text) => void (this.#log += text));
    if (server.pid !== undefined) this.#guardian = guard(server.pid, this.#folder);
    // Jest can exit even if a failed test does not stop the server.
    for (const held of [server, server.stdout, server.stderr]) (held as { unref?(): void }).unref?.();
  }

  async #answers(): Promise<boolean> {
    const server = this.#process;
    for (const end = Date.now() + 10_000; Date.now() < end; await wait(10)) {
      if (server?.pid === undefined || hasEnded(server)) return false;
      if (await answersPing(this.socket)) return true;
    }
    return false;
  }
}

/** A running server; the caller stops it. */
export async function startRedis(options?: RedisOptions): Promise<RedisServer> {
  const server = new RedisServer(options);
  await server.start();
  return server;
}

/**
 * A `describe` with a server that runs while its tests do. Without a redis-server on the PATH the tests are
 * skipped, or fail where `CI` is set.
 *
 * @example
 * describeWithRedis('a Redis store', (server) => {
 *   it('answers', async () => expect(await server.cli('ping')).toBe('PONG'));
 * });
 */
export function describeWithRedis(name: string, tests: (server: RedisServer) => void, options?: RedisOptions): void {
  const runs = () => {
    const server = new RedisServer(options);
    beforeAll(() => server.start());
    afterAll(() => server.stop());
    tests(server);
  };
  if (hasRedis()) {
    describe(name, runs);
  } else if (process.env['CI']) {
    it(`${name}: redis-server`, () => {
      throw new Error('redis-server not found on the PATH: install it, since tests may not be skipped where CI is set');
    });
  } else {
    // Jest does not show the names of skipped tests.
    process.stderr.write(`${name}: skipped: redis-server not found\n`);
    describe.skip(name, runs);
  }
}

/** True if redis-server is on the PATH. */
function hasRedis(): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    const file = join(folder || '.', 'redis-server');
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** True if redis-server supports TLS: it then rejects only the second of these settings. */
export function hasTls(): boolean {
  const input = 'tls-port 0\nno-such-setting 0\n';
  return spawnSync('redis-server', ['-'], { input, encoding: 'utf8' }).stderr?.includes('no-such-setting') === true;
}

/** Kills a server and removes its files when this process has ended, for whatever reason. */
function guard(pid: number, folder: string): ChildProcess {
  const script = 'cat; kill -9 "$0"; rm -rf "$1"';
  const guardian = spawn('sh', ['-c', script, String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  for (const held of [guardian, guardian.stdin]) (held as { unref?(): void }).unref?.();
  return guardian;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** True if a Redis answers on a unix socket, even if it requires a password. */
function answersPing(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => socket.write('PING\r\n'));
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.on('error', () => settle(false)).on('close', () => settle(false));
    socket.on('data', (reply) => settle(/^(\+PONG|-NOAUTH)/.test(reply.toString())));
  });
}
