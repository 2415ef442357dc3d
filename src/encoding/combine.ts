import { defaultEncoder } from './default-encoder';
import type { Encoder } from './encoder';

/** The encoder of a task, or else the storage's, or else the usual one; but a storage that encrypts always does. */
export function combine(ofTask: Encoder | undefined, ofStorage: Encoder | undefined): Encoder {
  if (ofTask === undefined) return ofStorage ?? defaultEncoder;
  if (ofStorage === undefined || ofStorage.encryption === null) return ofTask;
  return { ...ofTask, encryption: ofStorage.encryption };
}
