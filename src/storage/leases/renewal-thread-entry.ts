import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { andThen } from '../../base/awaitable';
import type { LeaseBackend } from './lease';
import { RenewalLoop, systemClock } from './renewal';
import type { FromRenewalThread, ToRenewalThread } from './renewal-thread';

const port = parentPort!;
const boards = new Map<string, LeaseBackend>();
const tell = (message: FromRenewalThread) => port.postMessage(message);

// What was said before is heard before anything is renewed, also by a thread that was asleep meanwhile.
const renewals = new RenewalLoop(systemClock, () => {
  for (let said = receiveMessageOnPort(port); said; said = receiveMessageOnPort(port))
    take(said.message as ToRenewalThread);
});

/** Stores are opened when the first of their leases has lasted for a while: most do not. */
function boardOf(uri: string): LeaseBackend {
  let board = boards.get(uri);
  if (!board) {
    const { openStore } = require('../open') as typeof import('../open');
    boards.set(uri, (board = openStore(uri).store.leases!));
  }
  return board;
}

function take(message: ToRenewalThread): void {
  const { id } = message;
  if (message.type === 'keep') {
    const { uri, key, token, expiresAfter } = message;
    renewals.start(id, { key, token, expiresAfter, onLost: () => tell({ type: 'lost', id }) }, () => boardOf(uri));
    return;
  }
  void andThen(renewals.release(id), (token) => {
    if (message.isAsked) tell({ type: 'handed-back', id, token });
  });
}

port.on('message', take);
