import type { OutputOf, ParamsOf, Resolved } from '../task/output';
import type { TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import type { RunOptions } from './options';

type One = TaskClass | TaskRef<unknown>;
type Group = One | readonly One[] | { readonly [name: string]: One };

/** What can be run: a task class, a ref, or an array, tuple or record of them. */
export type Runnable = One | readonly Group[] | { readonly [name: string]: Group };

/** What running it gives. */
export type ResultOf<W> = W extends TaskClass<infer T> ? OutputOf<T> : W extends TaskRef<infer O> ? O : Resolved<W>;

/** What may follow it in a call: params for a class. */
export type ParamsFor<W> = W extends TaskClass<infer T> ? [params?: ParamsOf<T>] : [];

/** Likewise, with options for the run. */
export type ParamsAndOptions<W> =
  W extends TaskClass<infer T>
    ? [params?: ParamsOf<T> | undefined, options?: RunOptions<OutputOf<T>>]
    : [options?: RunOptions<ResultOf<W>>];
