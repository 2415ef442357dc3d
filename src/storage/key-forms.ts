const record = /^[^/@]+\/[^/]+$/;
const beside = /\.[0-9a-f]{32}$/;
/** Keys with a hash, large bytes, clear marks, what was set aside, leases, results on their way, and what a store was tried out with. */
const own = /^[^/@]+\/([0-9a-f]{32}|.*\.[0-9a-f]{32})$|^@(cleared|damaged|leases|passing|probe)\/[^/]+(\/[^/]+)?$/;

/** Whether a key of a store is that of a checkpoint's record. */
export function isRecordKey(key: string): boolean {
  return record.test(key) && !beside.test(key);
}

/** Whether only Tidemark writes keys like this one; records under keys that a task made look like anybody's. */
export function isOwnKey(key: string): boolean {
  return own.test(key);
}
