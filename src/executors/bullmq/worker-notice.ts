/** What a worker says of itself. */
export interface WorkerNotice {
  readonly id: string;
  /** `host/pid`, for people. */
  readonly name: string;
  readonly queues: readonly string[];
  /** The tasks that it can run, with their versions. */
  readonly tasks: readonly (readonly [name: string, version: string | number | null])[];
}
