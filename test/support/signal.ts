/** A promise that a test fulfils itself, so that nothing waits for a time. */
export class Signal<T = void> {
  readonly promise: Promise<T>;
  fire!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.fire = resolve));
  }
}
