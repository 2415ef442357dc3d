import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { andThen } from '../../base/awaitable';
import type { LeaseBackend } from './lease';
import { RenewalLoop, systemClock } from './renewal';
import type { FromRenewalThread, ToRenewalThread } from './renewal-thread';

const port = parentPort!;
const boards = new Map<string, LeaseBackend>();
const tell = (message: FromRenewalThread) => port.postMessage(message);

// Messages are handled before leases are renewed, even if the thread was suspended meanwhile.
const renewals = new RenewalLoop(systemClock, () => {
  for (let said = receiveMessageOnPort(port); said; said = receiveMessageOnPort(port))
    take(said.message as ToRenewalThread);
});

/** A store is opened for its first lease that lasts long enough to be renewed: most do not. */
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
