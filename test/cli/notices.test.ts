import { Notices } from '../../src/cli/notices';

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

it('says above a progress what that would draw over, and the rest at the end', () => {
  const { written, ...plain } = screen();
  const notices = new Notices(plain as unknown as NodeJS.WriteStream, { isDrawnOver: true });
  notices.say('careful');
  notices.stream.write('\u001b[2A\rTrain 1/2\n');
  notices.say('done');
  notices.end();
  expect(written).toEqual(['\u001b[2A\rcareful\u001b[K\nTrain 1/2\n', 'done\u001b[K\n']);
});
