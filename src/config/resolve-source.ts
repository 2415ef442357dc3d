import { isAbsolute } from 'node:path';
import { userPath } from '../base/user-path';

/** What a storage is opened from, a relative path in a URI made absolute; anything but such a URI as it is. */
export function resolveSource<Source>(source: Source, folder: string): Source | string {
  if (typeof source !== 'string') return source;
  const [, scheme, slashes = '', path = ''] = /^(file|lmdb|sqlite):(\/\/)?(.*)$/s.exec(source) ?? [];
  if (path === '' || /^(?::memory:|\?)/.test(path) || isAbsolute(path)) return source;
  // `sqlite://folder` is a relative path, `file://folder` is refused.
  if (slashes !== '' && scheme !== 'sqlite') return source;
  try {
    // A / at the end says that a question mark is part of the name.
    return `${scheme}:${slashes}${userPath(path, folder)}${path.endsWith('/') ? '/' : ''}`;
  } catch {
    // Whoever opens it says what is wrong with it.
    return source;
  }
}
