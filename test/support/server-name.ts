import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A name that leads to one server or another. Old connections stay as they are. */
export class ServerName {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  /** Sent instead of an answer, while set. */
  says: string | undefined;

  constructor(public leadsTo: number) {
    this.#server = createServer((socket) => {
      this.connections++;
      const up = connect(this.leadsTo, '127.0.0.1');
      for (const one of [socket, up]) this.#sockets.add(one.on('error', () => undefined));
      socket.on('data', (data) => {
        if (this.says === undefined) up.write(data);
        else socket.write(this.says.repeat(data.toString('latin1').match(/^\*/gm)?.length ?? 1));
      });
      up.on('data', (data) => socket.write(data));
      socket.on('close', () => up.destroy());
      up.on('close', () => socket.destroy());
    });
  }

  async uri(rest = ''): Promise<string> {
    if (!this.#server.listening) await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}${rest}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
