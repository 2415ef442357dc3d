import { Notices } from '../../src/cli/notices';
import { divertPrinted } from '../../src/cli/printed';

/** A screen that keeps what is written. */
function screen() {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text) > 0 };
}

it('says at once what no progress would draw over', () => {
  const { written, ...plain } = screen();
  new Notices(plain as unknown as NodeJS.WriteStream, { isDrawnOver: false }).say('careful');
  expect(written).toEqual(['careful\n']);
});

it('keeps what is printed above a progress, line by line', () => {
  const { written, ...plain } = screen();
  const notices = new Notices(plain as unknown as NodeJS.WriteStream, { isDrawnOver: true });
  const original = [process.stdout.write, process.stderr.write];
  const end = divertPrinted(notices);
  process.stdout.write('one\ntw');
  process.stderr.write('an error\n');
  process.stdout.write(Buffer.from('o\nthr'));
  notices.stream.write('\u001b[1A\rTrain 1/2\n');
  end();
  notices.end();
  expect([process.stdout.write, process.stderr.write]).toEqual(original);
  expect(written.join('').replaceAll('\u001b[K', '')).toBe('\u001b[1A\rone\nan error\ntwo\nTrain 1/2\nthr\n');
});

it('says above a progress what that would draw over, and the rest at the end', () => {
  const { written, ...plain } = screen();
  const notices = new Notices(plain as unknown as NodeJS.WriteStream, { isDrawnOver: true });
  notices.say('careful');
  notices.stream.write('\u001b[2A\rTrain 1/2\n');
  notices.say('done');
  notices.end();
  expect(written).toEqual(['\u001b[2A\rcareful\u001b[K\nTrain 1/2\n', 'done\u001b[K\n']);
});
