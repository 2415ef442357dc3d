import { Redis as Client } from 'ioredis';

/** Resources that a Redis has used since it started. */
export interface RedisUsed {
  /** Seconds of CPU. */
  readonly cpu: number;
  readonly commands: number;
  /** Bytes to and from it. */
  readonly network: number;
  readonly memory: number;
  readonly connections: number;
}

/** Reads the statistics of a Redis. */
export class RedisMeter {
  readonly client: Client;

  constructor(uri: string) {
    this.client = new Client(uri);
  }

  async read(): Promise<RedisUsed> {
    const lines = (await this.client.info()).split('\r\n').map((line) => line.split(':') as [string, string]);
    const values = new Map(lines);
    const of = (name: string) => Number(values.get(name));
    return {
      cpu: of('used_cpu_user') + of('used_cpu_sys'),
      commands: of('total_commands_processed'),
      network: of('total_net_input_bytes') + of('total_net_output_bytes'),
      memory: of('used_memory'),
      connections: of('connected_clients'),
    };
  }

  /** The commands that took most of its time, with their calls and microseconds. */
  async commands(): Promise<readonly (readonly [name: string, calls: number, microseconds: number])[]> {
    const text = await this.client.info('commandstats');
    const found = [...text.matchAll(/cmdstat_(\S+?):calls=(\d+),usec=(\d+)/g)];
    return found
      .map(([, name, calls, usec]) => [name!, Number(calls), Number(usec)] as const)
      .sort((a, b) => b[2] - a[2]);
  }

  close(): void {
    this.client.disconnect();
  }
}
