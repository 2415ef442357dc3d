import type { Service } from './service';

/** Tells the pool of errors that nobody catches, before they end this worker; unless the modules deal with them. */
export function endsOnUncaught(service: Service): void {
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    service.crash(error);
    console.error(error);
    process.exit(1);
  });
}
