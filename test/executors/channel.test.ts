import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Channel } from '../../src/executors/pool/channel';

const messages = fc.array(
  fc.record({
    message: fc.oneof(fc.string(), fc.bigInt(), fc.constant(undefined), fc.dictionary(fc.string(), fc.double())),
    bytes: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
  }),
  { maxLength: 6 },
);

it('takes what was sent, however it is cut', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (all, cuts) => {
      const written: Buffer[] = [];
      const sender = new Channel(recorder(written), () => undefined);
      for (const { message, bytes } of all) sender.send(message, bytes);
      const received: typeof all = [];
      const receiver = recorder([]);
      new Channel<(typeof all)[0]['message'], never>(receiver, (message, bytes) =>
        received.push({ message, bytes: bytes.map((one) => Uint8Array.from(one)) }),
      );
      let rest = Buffer.concat(written);
      for (let i = 0; rest.length > 0; i++) {
        const cut = cuts[i % cuts.length]!;
        receiver.emit('data', rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      expect(received).toEqual(all.map(({ message, bytes }) => ({ message, bytes: bytes.map((one) => one.slice()) })));
    }),
  );
});

/** A socket that keeps what is written to it. */
function recorder(written: Buffer[]): Socket {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      written.push(Buffer.from(chunk));
      done();
    },
  }) as Socket;
}
