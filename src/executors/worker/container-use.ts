import type { Awaitable } from '../../awaitable';
import { explainError } from '../../base/describe-error';
import type { Container } from '../../task/container';

/** How long a container may take to close, in milliseconds. */
const closeMayTake = 5_000;

/** How many workers of this process use a container. */
const users = new WeakMap<Container, number>();

/** The use of a container by one worker; the last one in a process closes the container. */
export class ContainerUse {
  readonly #container: Container;
  readonly #file: string;
  #ending: Promise<string | undefined> | undefined;

  /** @param file the one that exports the container */
  constructor(container: Container, file: string) {
    this.#container = container;
    this.#file = file;
    users.set(container, (users.get(container) ?? 0) + 1);
  }

  /** Never rejects: gives why the container could not be closed. */
  end(): Promise<string | undefined> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<string | undefined> {
    const others = users.get(this.#container)! - 1;
    users.set(this.#container, others);
    if (others > 0 || typeof this.#container.close !== 'function') return undefined;
    try {
      await withinTime(this.#container.close());
      return undefined;
    } catch (error) {
      return `the container ${this.#file} could not be closed: ${explainError(error)}`;
    }
  }
}

async function withinTime(closing: Awaitable<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    const error = new Error(`its close() did not end within ${closeMayTake / 1000} s`);
    timer = setTimeout(reject, closeMayTake, error);
  });
  try {
    await Promise.race([closing, late]);
  } finally {
    clearTimeout(timer);
  }
}
