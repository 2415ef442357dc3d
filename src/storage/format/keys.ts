const record = /^[^/@]+\/[^/]+$/;
const beside = /\.[0-9a-f]{32}$/;
/** Keys with a hash, blobs, clear marks, quarantined entries, leases, temporary results, and probes of a store. */
const own = /^[^/@]+\/([0-9a-f]{32}|.*\.[0-9a-f]{32})$|^@(cleared|damaged|leases|passing|probe)\/[^/]+(\/[^/]+)?$/;

/** Splits the key of a blob into the key of its record and its name; undefined for other keys. */
export function parseBlobKey(key: string): { readonly key: string; readonly name: string } | undefined {
  const at = record.test(key) ? key.search(beside) : -1;
  return at < 0 ? undefined : { key: key.slice(0, at), name: key.slice(at + 1) };
}

/** The key of a checkpoint's record. */
export function isRecordKey(key: string): boolean {
  return record.test(key) && !beside.test(key);
}

/** A key that only Tidemark writes; the records of tasks with custom keys may look like keys of other programs. */
export function isTidemarkKey(key: string): boolean {
  return own.test(key);
}

/** A part of a key. It never begins with a dot, so that it cannot be `.` or `..`. */
const segment = String.raw`[\w%~@-][\w.%~@-]{0,199}`;
/** The key of a result, as the source of a regular expression. */
export const keyForm = `${segment}/${segment}`;
/** The name of a directory among those of its key: machine, process and start of the process that made it, and a number. */
const nonceForm = String.raw`[0-9a-f]{8}-\d{1,20}-\d{1,20}-[0-9a-f]{12}-[0-9a-z]{1,20}`;
/** The name of a task directory: `Task/hash.d/nonce`. */
export const directoryNamePattern = new RegExp(`^${keyForm}[.]d/${nonceForm}$`);
