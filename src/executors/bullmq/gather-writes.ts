import type { Socket } from 'node:net';

/** What is written in one turn of the event loop goes in one call of the system. */
export function gatherWrites(stream: Socket): void {
  const write = stream.write;
  let isGathering = false;
  const uncork = () => {
    isGathering = false;
    stream.uncork();
  };
  stream.write = function gathered(this: Socket, ...args: Parameters<Socket['write']>) {
    if (!isGathering) {
      isGathering = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write.apply(this, args);
  } as Socket['write'];
}
