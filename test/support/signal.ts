/** A promise that a test resolves itself, instead of waiting for a time. */
export class Signal<T = void> {
  readonly promise: Promise<T>;
  fire!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.fire = resolve));
  }
}
