/** What a node gave. */
export interface Outcome {
  readonly value: unknown;
}
