import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { isWhole, sealed } from '../../../src/testing/sealed-bytes';
import { describeWithRedis } from '../../support/redis-server';

/** Lies between a store and a server, and lets through only so much. */
class SlowLine {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  bytesPerSecond: number;

  constructor(port: number, bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  async open(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.push(from);
    const timer = setInterval(() => {
      let left = this.bytesPerSecond / 50;
      for (let chunk: Buffer | null; left > 0 && (chunk = from.read(Math.min(left, from.readableLength))); ) {
        left -= chunk.length;
        to.write(chunk);
      }
    }, 20);
    from.on('readable', () => undefined).on('error', () => undefined);
    from.on('close', () => {
      clearInterval(timer);
      to.destroy();
    });
  }
}

describeWithRedis('with a redis-server', (server) => {
  it('waits for a slow large value, but not for one that is stuck', async () => {
    const line = new SlowLine(server.port, 10 * 2 ** 20);
    const uri = await line.open();
    const [store, other] = [new RedisStore(uri), new RedisStore(uri)];
    const value = sealed(1, 2 ** 26);
    const local = new RedisStore(server.uri());
    await local.set('Task/there', value);
    const started = performance.now();
    const [, got] = await Promise.all([store.set('Task/large', value), other.get('Task/there')]);
    expect(performance.now() - started).toBeGreaterThan(5000);
    expect([isWhole(got), isWhole(await local.get('Task/large'))]).toEqual([true, true]);

    const stuck = [store.set('Task/large', value), other.get('Task/there')].map((asked) =>
      expect(asked).rejects.toThrow('no answer for 4 seconds'),
    );
    setTimeout(() => (line.bytesPerSecond = 0), 500);
    await Promise.all(stuck);
    await Promise.all([store, other, local].map((each) => each.disconnect()));
    line.close();
  });

  it('does not mistake a blocked event loop for a server that hangs', async () => {
    const store = new RedisStore(server.uri());
    const connecting = store.set('Task/a', Uint8Array.of(1));
    block(4500);
    await connecting;
    const getting = Promise.all([store.get('Task/a'), store.append('Task/a', Uint8Array.of(2))]);
    setTimeout(() => block(4500), 1);
    await getting;
    expect(await store.get('Task/a')).toEqual(Uint8Array.of(1, 2));
    await store.disconnect();
  });
});

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
