export type AnyFunction = (...args: any[]) => unknown;
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** The instances of a task class. */
export interface RunnableTask {
  run(...context: any[]): unknown;
}

/** A task class: its constructor takes services, its instances have `run`. */
export type TaskClass<T extends RunnableTask = RunnableTask> = new (...services: any[]) => T;

/** An instance of a task class, by property name. */
export type Instance = Record<string, unknown>;
