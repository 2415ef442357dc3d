import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { andThen } from '../../base/awaitable';
import type { LeaseBackend } from './lease';
import { RenewalLoop, systemClock } from './renewal';
import type { FromRenewalThread, ToRenewalThread } from './renewal-thread';

const port = parentPort!;
const backends = new Map<string, LeaseBackend>();
const send = (message: FromRenewalThread) => port.postMessage(message);

// Messages are handled before leases are renewed, even if the thread was suspended meanwhile.
const renewals = new RenewalLoop(systemClock, () => {
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port))
    handle(received.message as ToRenewalThread);
});

/** A store is opened for its first lease that lasts long enough to be renewed: most do not. */
function backendOf(uri: string): LeaseBackend {
  let backend = backends.get(uri);
  if (!backend) {
    const { openStore } = require('../open') as typeof import('../open');
    backends.set(uri, (backend = openStore(uri).store.leases!));
  }
  return backend;
}

function handle(message: ToRenewalThread): void {
  const { id } = message;
  if (message.type === 'start') {
    const { uri, key, token, expiresAfter } = message;
    renewals.start(id, { key, token, expiresAfter, onLost: () => send({ type: 'lost', id }) }, () => backendOf(uri));
    return;
  }
  void andThen(renewals.release(id), (token) => {
    if (message.isAsked) send({ type: 'released', id, token });
  });
}

port.on('message', handle);
