/** A terminal that draws nothing and counts how often it is drawn on. */
export class FakeTerminal {
  readonly isTTY = true;
  readonly columns = 120;
  readonly rows = 40;
  readonly writableLength = 0;
  pictures = 0;
  longestGap = 0;
  last = '';
  #drawnAt = performance.now();

  write(text: string): boolean {
    const now = performance.now();
    this.longestGap = Math.max(this.longestGap, now - this.#drawnAt);
    this.#drawnAt = now;
    this.pictures++;
    this.last = text;
    return true;
  }

  reset(): void {
    this.pictures = 0;
    this.longestGap = 0;
    this.#drawnAt = performance.now();
  }

  /** Stands where stderr is, in an environment where progress is drawn. */
  stand(): void {
    Object.defineProperty(process, 'stderr', { value: this });
    delete process.env['CI'];
    process.env['TERM'] = 'xterm-256color';
  }
}
