const STEP =
  /^(?:\.get\((?<mapKey>.*?)\)(?=[.[]|$)|\.(?<items>keys|values)\(\)\[(?<at>\d+)\]|\[(?<index>\d+)\]|\[(?<quoted>"(?:[^"\\]|\\.)*")\]|\.(?<name>[^.[]+))/u;

/** The value at a path such as `result.items[3].get("x")`. */
export function followPath(root: unknown, path: string): unknown {
  let rest = path.replace(/^result/, '');
  let value = root as any;
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (step === null) throw new Error(`Cannot follow ${path} at ${rest}`);
    const { mapKey, items, at, index, quoted, name } = step.groups!;
    if (mapKey !== undefined) value = value.get(mapKey.startsWith('"') ? JSON.parse(mapKey) : Number(mapKey));
    else if (items !== undefined) value = [...value[items]()][Number(at)];
    else value = value[index ?? (quoted === undefined ? name! : JSON.parse(quoted))];
    rest = rest.slice(step[0].length);
  }
  return value;
}
