import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { hasTls, type RedisServer, startRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';

const run = promisify(execFile);
const register = join(__dirname, '../../support/register.js');
const fixture = join(__dirname, 'fixtures/use-redis.ts');
const folder = temporaryFolder();
let server: RedisServer | undefined;
afterEach(() => server?.stop());

const itWithTls = hasTls() && spawnSync('openssl', ['version']).status === 0 ? it : it.skip;

/** A certificate for this machine that nobody else has signed. */
function makeCertificate(): { cert: string; key: string } {
  const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'pipe' });
  return { cert, key };
}

itWithTls('speaks TLS with a server whose certificate it trusts, and only with that', async () => {
  const tls = makeCertificate();
  server = await startRedis({ tls, password: 'open sesame' });
  const uri = server.uri().replace('redis:', 'rediss:').replace(String(server.port), String(server.tlsPort));

  const store = new RedisStore(uri);
  await expect(store.get('Task/a')).rejects.toMatchObject({
    message: expect.stringMatching(/its certificate is not trusted\. .*NODE_EXTRA_CA_CERTS/),
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  });
  await store.disconnect();

  for (const host of ['127.0.0.1', 'localhost']) {
    const args = [register, fixture, uri.replace('127.0.0.1', host), 'set', 'get', 'disconnect', 'resources'];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: tls.cert };
    const { stdout } = await run(process.execPath, ['-r', ...args], { env });
    expect(JSON.parse(stdout)).toEqual([true, [1, 2, 3], 'disconnected', []]);
  }
  expect(await server.cli('keys', '*')).toBe('tidemark:Task/a');
});
