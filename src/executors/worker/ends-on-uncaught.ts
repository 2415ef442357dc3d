import { explainError } from '../../base/describe-error';
import type { Service } from './service';

/** Tells the pool of errors that nobody catches, before they end this worker; unless the modules deal with them. */
export function endsOnUncaught(service: Service): void {
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    service.crash(error);
    print(error);
    process.exit(1);
  });
}

function print(error: unknown): void {
  try {
    console.error(error);
  } catch {
    // It throws when it is shown.
    console.error(`Uncaught ${explainError(error)}`);
  }
}
