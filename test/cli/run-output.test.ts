import { RunOutput, redirectPrinted } from '../../src/cli/run-output';

/** A screen that records its output. */
function screen() {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text) > 0 };
}

it('writes at once without a live progress display', () => {
  const { written, ...plain } = screen();
  new RunOutput(plain as unknown as NodeJS.WriteStream, { isDrawnOver: false }).printMessage('careful');
  expect(written).toEqual(['careful\n']);
});

it('writes printed lines above the progress display', () => {
  const { written, ...plain } = screen();
  const notices = new RunOutput(plain as unknown as NodeJS.WriteStream, { isDrawnOver: true });
  const original = [process.stdout.write, process.stderr.write];
  const end = redirectPrinted(notices);
  process.stdout.write('one\ntw');
  process.stderr.write('an error\n');
  process.stdout.write(Buffer.from('o\nthr'));
  notices.progressStream.write('\u001b[1A\rTrain 1/2\n');
  end();
  notices.flush();
  expect([process.stdout.write, process.stderr.write]).toEqual(original);
  expect(written.join('').replaceAll('\u001b[K', '')).toBe('\u001b[1A\rone\nan error\ntwo\nTrain 1/2\nthr\n');
});

it('writes messages above the progress display, and the rest at the end', () => {
  const { written, ...plain } = screen();
  const notices = new RunOutput(plain as unknown as NodeJS.WriteStream, { isDrawnOver: true });
  notices.printMessage('careful');
  notices.progressStream.write('\u001b[2A\rTrain 1/2\n');
  notices.printMessage('done');
  notices.flush();
  expect(written).toEqual(['\u001b[2A\rcareful\u001b[K\nTrain 1/2\n', 'done\u001b[K\n']);
});
