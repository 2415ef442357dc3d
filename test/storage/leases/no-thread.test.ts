import { Storage, type TaskKey } from 'tidemark';
import { renewalThread } from '../../../src/storage/leases/renewal-thread';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
const open = () => Storage.open(`file:${folder.path}`, { lease: { expiresAfter: 600 } });

it('warns when no thread can start, and renews leases on the event loop', async () => {
  renewalThread.execArgv = ['-r', '/no/such/file'];
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const [a, b] = [open(), open()];
  const lease = (await a.stack.leases!.acquire('Choose/a' as TaskKey))!;
  const waiting = b.stack.leases!.whenFree('Choose/a' as TaskKey, AbortSignal.timeout(2000));
  await expect(waiting).rejects.toThrow('timeout');
  expect(lease.signal.aborted).toBe(false);
  expect(warned.mock.calls).toEqual([
    [expect.stringMatching(/^the thread that renews leases ended \(Cannot find module/), { type: 'TidemarkWarning' }],
  ]);
  expect(await lease.write({ bytes: Buffer.from('x'), durable: false, isStale: () => false })).toBe(true);
  await Promise.all([a.close(), b.close()]);
});
