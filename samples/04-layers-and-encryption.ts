// Two storage layers: a plain local folder and an encrypted shared one. Results that a colleague computed are loaded
// from the shared folder, decrypted, and copied into the local one. Without the key, none of them can be read.
//
// Expected output:
//   Ada computes: 3 tasks ran, 0 were loaded
//   Ben loads: 0 tasks ran, 1 were loaded
//   Ben, offline: 0 tasks ran, 1 were loaded
//
//   The shared folder tells Eve Forecast { '$encrypted': true }
//   Eve gets nothing: it is encrypted (aes-256-gcm, key <id>), and no key was given
import { aesGcm, encoder, Param, Requires, Runner, Storage, Task, task } from 'tidemark';

@Task({ save: true })
class Sales {
  @Param() region!: string;
  run(): number[] {
    return Array.from({ length: 12 }, (_, month) => this.region.length * 10 + month);
  }
}

@Task({ save: true })
class Forecast {
  @Param() regions!: string[];
  @Requires((self) => self.regions.map((region) => task(Sales, { region })))
  sales!: number[][];
  run(): number {
    return this.sales.flat().reduce((sum, one) => sum + one);
  }
}

const target = task(Forecast, { regions: ['north', 'south'] });

/** The storage of one person: a local folder first, then the shared one. */
function storageOf(person: string, key: string): Storage {
  const shared = Storage.open('file:shared', { encoder: encoder({ encrypter: aesGcm({ key }) }) });
  return Storage.chain(Storage.open(`file:${person}`), shared, { write: 'all', promote: true });
}

async function run(what: string, storage: Storage): Promise<void> {
  const { ran, loaded } = await new Runner({ storage }).start(target).summary;
  console.log(`${what}: ${ran} tasks ran, ${loaded} were loaded`);
}

async function main(): Promise<void> {
  const key = 'correct horse battery staple'; // or 32 bytes, from `openssl rand -base64 32`
  await run('Ada computes', storageOf('ada', key));
  await run('Ben loads', storageOf('ben', key));
  await run('Ben, offline', Storage.open('file:ben'));

  const eve = Storage.open('file:shared');
  for await (const { task, params } of eve.list({ task: Forecast }))
    console.log('\nThe shared folder tells Eve', task, params);
  await new Runner({ storage: eve }).run(target).catch((error: Error) => {
    console.log('Eve gets nothing:', /it is encrypted .*?given/.exec(error.message)?.[0]);
  });
}

void main();
