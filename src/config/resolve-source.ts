import { isAbsolute, resolve } from 'node:path';

/** What a storage is opened from, a relative path in a URI made absolute; anything but such a URI as it is. */
export function resolveSource<Source>(source: Source, folder: string): Source | string {
  if (typeof source !== 'string') return source;
  const [, scheme, slashes = '', path = ''] = /^(file|lmdb|sqlite):(\/\/)?(.*)$/s.exec(source) ?? [];
  if (path === '' || path === ':memory:' || isAbsolute(path)) return source;
  // `file://folder` is an absolute path, `sqlite://folder` is not.
  if (slashes !== '' && scheme !== 'sqlite') return source;
  return `${scheme}:${slashes}${resolve(folder, path)}`;
}
