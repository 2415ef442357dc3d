import type { Run } from '../run/run';
import { ExitCode } from './explain';
import type { Notices } from './notices';

/** The first Ctrl-C stops a run, the second the process. Gives whether one came; asked after the run. */
export function stopOnInterrupt(run: Run<unknown>, notices: Notices): () => boolean {
  let count = 0;
  const listener = () => {
    if (++count > 1) {
      notices.sayAtOnce('\nstopped at once; the same command goes on from what is saved');
      process.exit(ExitCode.interrupted);
    }
    notices.say('stopping: what is running finishes and is saved; Ctrl-C again stops at once');
    run.stop();
  };
  process.on('SIGINT', listener);
  return () => {
    process.off('SIGINT', listener);
    return count > 0;
  };
}
