import { resolve } from 'node:path';
import { keeperThread } from '../../src/storage/lease/keeper-thread';

// Jest compiles only what it loads itself.
keeperThread.execArgv = ['-r', resolve(__dirname, 'register.js')];
