import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';
import type { TaskKey } from '../task/context';

/** A checkpoint is not what was saved: cut short, changed, mixed up. It is set aside and computed again. */
export class DamagedCheckpointError extends TidemarkError {
  static {
    shareClass(DamagedCheckpointError, 'DamagedCheckpointError');
  }

  readonly key: TaskKey;
  /** What is wrong, without the key. */
  readonly problem: string;

  constructor(key: TaskKey, problem: string, options?: ErrorOptions) {
    super(`the checkpoint ${key} is damaged: ${problem}`, options);
    this.key = key;
    this.problem = problem;
  }
}

/** A checkpoint was cleared, deleted or replaced between the read of its record and that of its bytes: no damage. */
export class GoneCheckpointError extends TidemarkError {
  static {
    shareClass(GoneCheckpointError, 'GoneCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey) {
    super(`the checkpoint ${key} is not there any more: it was cleared or deleted while it was read`);
    this.key = key;
  }
}

/** A checkpoint is not encrypted where all are to be: anybody who can write to the storage can have put it there. It does not count. */
export class UnencryptedCheckpointError extends TidemarkError {
  static {
    shareClass(UnencryptedCheckpointError, 'UnencryptedCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey, location: string) {
    super(
      `the checkpoint ${key} is not encrypted, and ${location} is opened with an encrypter: anybody who can write there can have put it there, so it does not count. Open the storage with { encryption: 'allow-plain' } to use what was saved without encryption`,
    );
    this.key = key;
  }
}

/** A checkpoint that may be good, but not for this process: another encoder, a newer format. It is left as it is. */
export class UnreadableCheckpointError extends TidemarkError {
  static {
    shareClass(UnreadableCheckpointError, 'UnreadableCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey, problem: string, options?: ErrorOptions) {
    super(`the checkpoint ${key} cannot be read here: ${problem}`, options);
    this.key = key;
  }
}
