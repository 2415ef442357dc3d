import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { andThen } from '../../awaitable';
import { systemClock } from './clock';
import type { FromKeeper, ToKeeper } from './keeper-messages';
import type { LeaseBoard } from './lease-board';
import { Renewals } from './renewals';

const port = parentPort!;
const boards = new Map<string, LeaseBoard>();
const tell = (message: FromKeeper) => port.postMessage(message);

// What was said before is heard before anything is renewed, also by a thread that was asleep meanwhile.
const renewals = new Renewals(systemClock, () => {
  for (let said = receiveMessageOnPort(port); said; said = receiveMessageOnPort(port)) take(said.message as ToKeeper);
});

/** Stores are opened when the first of their leases has lasted for a while: most do not. */
function boardOf(uri: string): LeaseBoard {
  let board = boards.get(uri);
  if (!board) {
    const { openStore } = require('../open') as typeof import('../open');
    boards.set(uri, (board = openStore(uri).store.leases!));
  }
  return board;
}

function take(message: ToKeeper): void {
  const { id } = message;
  if (message.type === 'keep') {
    const { uri, key, token, expiresAfter } = message;
    renewals.keep(id, { key, token, expiresAfter, onLost: () => tell({ type: 'lost', id }) }, () => boardOf(uri));
    return;
  }
  void andThen(renewals.handBack(id), (token) => {
    if (message.isAsked) tell({ type: 'handed-back', id, token });
  });
}

port.on('message', take);
