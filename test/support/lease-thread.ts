import { resolve } from 'node:path';
import { renewalThread } from '../../src/storage/leases/renewal-thread';

// Jest compiles only what it loads itself.
renewalThread.execArgv = ['-r', resolve(__dirname, 'register.js')];
