/** The class of every error that Tidemark itself throws, so that `catch` can tell them from a task's own. */
export class TidemarkError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}
