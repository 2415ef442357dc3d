export type AnyFunction = (...args: any[]) => unknown;
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** What a class needs in order to be a task. */
export interface RunnableTask {
  run(...context: any[]): unknown;
}

/** A class that can be a task: its constructor takes services, its instances have `run`. */
export type TaskClass<T extends RunnableTask = RunnableTask> = new (...services: any[]) => T;

/** An instance of a task class, by the names of its properties. */
export type Instance = Record<string, unknown>;
