import { type Allowed, longestTime, milliseconds, numberFrom } from '../check-options';
import { DeclarationError } from './declaration-error';
import type { RetryOptions, TaskOptions } from './options';
import { showValue } from './show';

const retryOptions: Readonly<Record<keyof RetryOptions, Allowed>> = {
  attempts: {
    includes: (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1),
    text: 'a whole number from 1 on',
  },
  delay: milliseconds(0),
  factor: numberFrom(0),
  maxDelay: milliseconds(0),
};
const names = Object.keys(retryOptions).join(', ');

/** @throws {DeclarationError} for an invalid timeout or invalid retries, such as a time longer than timers support */
export function checkTimes(name: string, { timeout, retries }: TaskOptions): void {
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout <= longestTime))
    throw new DeclarationError(
      `${name}: the timeout is ${showValue(timeout)}; it must be a number of milliseconds from 1 to ${longestTime}`,
    );
  if (retries !== undefined) checkRetries(name, retries);
}

function checkRetries(name: string, retries: unknown): void {
  if (retries === Number.POSITIVE_INFINITY || (Number.isInteger(retries) && (retries as number) >= 0)) return;
  if (typeof retries !== 'object' || retries === null)
    throw new DeclarationError(
      `${name}: retries is ${showValue(retries)}; it must be a whole number from 0 on, or an object with ${names}`,
    );
  const { attempts } = retries as Partial<RetryOptions>;
  for (const [option, value] of Object.entries({ ...retries, attempts })) {
    const allowed = Object.hasOwn(retryOptions, option) ? retryOptions[option as keyof RetryOptions] : undefined;
    if (!allowed) throw new DeclarationError(`${name}: retries has no ${option}; it has ${names}`);
    if ((value !== undefined || option === 'attempts') && !allowed.includes(value))
      throw new DeclarationError(`${name}: ${option} of retries is ${showValue(value)}; it must be ${allowed.text}`);
  }
}
