/** A slice as a viewer reads it, with times in nanoseconds. */
export interface ReadSlice {
  readonly name: string;
  readonly lane: string;
  readonly process: string;
  readonly start: number;
  readonly end: number;
  readonly args: Readonly<Record<string, any>>;
}

/** A trace as a viewer reads it. */
export interface ReadTrace {
  readonly slices: readonly ReadSlice[];
  readonly flows: readonly (readonly [from: ReadSlice, to: ReadSlice])[];
  readonly lanes: readonly string[];
  readonly counters: ReadonlyMap<string, readonly number[]>;
}

/**
 * Reads Chrome trace events as Perfetto's importer does, and throws where that would drop something or show it wrong:
 * times become whole nanoseconds by cutting off; events are read by time, those of one time as they stand in the file;
 * slices of a thread must nest; a thread's name goes by its number alone, whatever its process, and a thread with the
 * number of its process is the main one; an arrow is bound to the slice that is open on the thread, and begins
 * before it ends.
 */
export function readTrace(text: string): ReadTrace {
  const { traceEvents } = JSON.parse(text) as { traceEvents: any[] };
  const processes = new Map<number, string>();
  const threads = new Map<number, { name: string; pid: number }>();
  const open = new Map<number, ReadSlice[]>();
  const begun = new Map<string, ReadSlice>();
  const slices: ReadSlice[] = [];
  const flows: (readonly [ReadSlice, ReadSlice])[] = [];
  const counters = new Map<string, number[]>();
  const nanoseconds = (value: unknown) => (typeof value === 'number' ? Math.trunc(value * 1000) : fail('no time'));
  const inOrder = traceEvents
    .map((event) => ({ event, time: event.ph === 'M' ? -1 : nanoseconds(event.ts) }))
    .sort((a, b) => a.time - b.time);
  for (const { event, time } of inOrder) {
    const { ph, pid, tid, name, args } = event;
    if (!(Number.isInteger(pid) && pid > 0)) fail(`${pid} is no process`);
    const stack = open.get(tid) ?? [];
    switch (ph) {
      case 'M':
        if (name === 'process_name') processes.set(pid, args.name);
        if (name !== 'thread_name') break;
        if (threads.has(tid) || tid === pid) fail(`the number ${tid} is taken`);
        threads.set(tid, { name: args.name, pid });
        break;
      case 'X': {
        const thread = threads.get(tid) ?? fail('a slice without a thread');
        if (thread.pid !== pid) fail(`the thread ${tid} is of another process`);
        const end = time + nanoseconds(event.dur);
        if (end <= time) fail('a slice without a length');
        while (stack.length > 0 && stack.at(-1)!.end <= time) stack.pop();
        if (stack.length > 0 && stack.at(-1)!.end < end) fail(`${name} overlaps ${stack.at(-1)!.name}`);
        const slice = { name, lane: thread.name, process: processes.get(pid)!, start: time, end, args };
        open.set(tid, [...stack, slice]);
        slices.push(slice);
        break;
      }
      case 's':
      case 'f': {
        const slice = stack.at(-1);
        if (!slice || slice.start > time || slice.end < time) fail('an arrow to no slice');
        const flow = `${event.cat} ${name} ${event.id}`;
        if (ph === 's' && begun.has(flow)) fail('two arrows of one number');
        if (ph === 's') begun.set(flow, slice!);
        else flows.push([begun.get(flow) ?? fail('an arrow from nowhere'), slice!]);
        if (ph === 'f' && event.bp !== 'e') fail('an arrow to the next slice');
        break;
      }
      case 'C':
        for (const [what, value] of Object.entries<number>(args))
          counters.set(`${name} ${what}`, [...(counters.get(`${name} ${what}`) ?? []), value]);
        break;
      default:
        fail(`${ph} is no phase`);
    }
  }
  if (begun.size !== flows.length) fail('an arrow that does not end');
  return { slices, flows, lanes: Array.from(threads.values(), ({ name }) => name), counters };
}

function fail(problem: string): never {
  throw new Error(`a viewer would not show this: ${problem}`);
}
