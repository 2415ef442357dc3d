const record = /^[^/@]+\/[^/]+$/;
const beside = /\.[0-9a-f]{32}$/;
/** Keys with a hash, large bytes, clear marks, what was set aside, leases, results on their way, and what a store was tried out with. */
const own = /^[^/@]+\/([0-9a-f]{32}|.*\.[0-9a-f]{32})$|^@(cleared|damaged|leases|passing|probe)\/[^/]+(\/[^/]+)?$/;

/** The key of a record and the name of its large bytes, of a key that has both; undefined for other keys. */
export function parseBlobKey(key: string): { readonly key: string; readonly name: string } | undefined {
  const at = record.test(key) ? key.search(beside) : -1;
  return at < 0 ? undefined : { key: key.slice(0, at), name: key.slice(at + 1) };
}

/** Whether a key of a store is that of a checkpoint's record. */
export function isRecordKey(key: string): boolean {
  return record.test(key) && !beside.test(key);
}

/** Whether only Tidemark writes keys like this one; records under keys that a task made look like anybody's. */
export function isTidemarkKey(key: string): boolean {
  return own.test(key);
}

/** A part of a key: it never begins with a dot, so that none is `.` or `..`. */
const segment = String.raw`[\w%~@-][\w.%~@-]{0,199}`;
/** The key of a result, as text of a regular expression. */
export const keyForm = `${segment}/${segment}`;
const nonceForm = String.raw`[0-9a-f]{8}-\d{1,20}-\d{1,20}-[0-9a-f]{12}-[0-9a-z]{1,20}`;
/** The nonce of a task directory: the machine, process and start of the process that made it, and a number. */
export const noncePattern = new RegExp(`^${nonceForm}$`);
/** The name of a task directory: `Task/hash.d/nonce`. */
export const directoryNamePattern = new RegExp(`^${keyForm}[.]d/${nonceForm}$`);
