import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

type Pair = readonly [client: Socket, server: Socket];

/** Stands between a program and its server, as a network does: it can break, and it can swallow everything in silence. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #isStalled = false;
  #heldUp: string | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#accept(client, port));
  }

  /** @param port of the server on this machine that it leads to */
  static async to(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get uri(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections, and new ones as soon as they come. */
  cut(): void {
    this.#isCut = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Connections stay open, and nothing gets through. */
  stall(): void {
    this.#isStalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** From now on, nothing of what the server says arrives by connections on which this is sent. */
  holdUpAnswers(sent: string): void {
    this.#heldUp = sent;
  }

  /** All is well again. What was held up goes on its way. */
  heal(): void {
    this.#isCut = false;
    this.#isStalled = false;
    this.#heldUp = undefined;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, port: number): void {
    client.on('error', () => undefined);
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1').on('error', () => undefined);
    const pair: Pair = [client, server];
    this.#pairs.add(pair);
    client.on('data', (bytes) => {
      if (this.#heldUp !== undefined && bytes.includes(this.#heldUp)) server.pause();
    });
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#isStalled) for (const socket of pair) socket.pause();
  }
}
