import { promises } from 'node:fs';
import { type Graph, pathTo } from '../graph/graph';
import { folderOf } from '../graph/key';
import type { GraphNode } from '../graph/node';
import {
  isDirectoryOf,
  releaseDirectory,
  retainDirectory,
  TaskDirectoryStore,
} from '../storage/directories/task-directory-store';
import { TemporaryFolder } from '../storage/directories/temporary-folder';
import type { StoredCheckpoint } from '../storage/format/stored-checkpoint';
import type { EncodedForms } from '../storage/result-codec';
import type { CheckpointHit, StorageStack } from '../storage/storage-stack';
import type { TaskKey } from '../task/context';
import { TaskDirectory } from '../task/directory';
import { DeclarationError } from '../task/errors';

/** Types of results that cannot contain the path of a directory. */
const holdsNoPath = new Set(['number', 'boolean', 'bigint', 'undefined']);

/** A directory made for an attempt at a task. */
interface MadeDirectory {
  readonly path: string;
  /** Its name in checkpoints; undefined when its task is not saved. */
  readonly name: string | undefined;
  readonly home?: TaskDirectoryStore;
}

/** The task directories of one run: made when a task starts, then kept by its checkpoint or removed. */
export class TaskDirectories {
  /** The folder for directories that layers do not keep. */
  readonly folder: TaskDirectoryStore | undefined;
  readonly #layers: StorageStack;
  readonly #temporary: TemporaryFolder;
  /** The place for directories of saved tasks; undefined when there is none. */
  readonly #home: TaskDirectoryStore | undefined;
  /** The place for directories of saved tasks whose results cannot be saved. */
  readonly #nowhere: TaskDirectoryStore;
  /** Directories that no checkpoint keeps yet. */
  readonly #made = new Map<GraphNode, MadeDirectory[]>();
  /** Directories of failed attempts that could not be removed: the task may still have been writing. */
  readonly #leftOver: MadeDirectory[] = [];
  readonly #held: string[] = [];
  readonly #sweeps = new Map<string, Promise<void>>();
  readonly #removals = new Set<Promise<void>>();
  #isInUse = false;

  /** @param folder the runner's option `directories` */
  constructor(layers: StorageStack, folder: TaskDirectoryStore | undefined) {
    this.#layers = layers;
    this.folder = folder;
    this.#temporary = new TemporaryFolder(folder?.root());
    this.#nowhere = new TaskDirectoryStore(this.#temporary.path);
    const { writes } = layers;
    this.#home =
      writes.length === 0 ? this.#nowhere : (writes.find((layer) => layer.directories)?.directories ?? folder);
  }

  /** @throws {DeclarationError} when a saved task requires a directory and there is no place for it */
  assertHasHome(graph: Graph): void {
    if (this.#home || !graph.tasks.some((task) => task.save && task.hasDirectory)) return;
    const required = Array.from(graph.order, (index) => graph.nodes[index]!);
    const node = required.find(({ task }) => task.save && task.hasDirectory);
    if (!node) return;
    throw new DeclarationError(
      `${node.task.name} is saved and requires a directory, which ${this.#layers.location} has no place for: name a folder for it, new Runner({ directories: '…' })`,
    ).locate(pathTo(graph, node.index));
  }

  /**
   * Makes an empty directory for an attempt at a task.
   *
   * @param key undefined when it is unknown
   * @param goesOn called when the directory cannot be kept: returns true when the task should run nevertheless
   * @throws {StorageError} when the directory cannot be made
   */
  make(node: GraphNode, key: TaskKey | undefined, goesOn: (node: GraphNode, error: unknown) => boolean): TaskDirectory {
    this.#isInUse = true;
    const made =
      node.task.save && key !== undefined
        ? this.#makeSaved(node, key, goesOn)
        : { path: this.#temporary.make(folderOf(node.task)), name: undefined };
    this.#made.set(node, [...(this.#made.get(node) ?? []), made]);
    return new TaskDirectory(made.path, made.name);
  }

  /** Removes the directories of a failed attempt. */
  discard(node: GraphNode): void {
    const made = this.#made.get(node);
    if (!made) return;
    this.#made.delete(node);
    this.#track(this.#remove(made).then((isGone) => !isGone && this.#leftOver.push(...made)));
  }

  /** Removes the directories of an unsaved task once its result is there, if that cannot hold a path. */
  discardIfUnneeded(node: GraphNode, result: unknown): void {
    if (holdsNoPath.has(typeof result) && !node.task.save) this.discard(node);
  }

  /** The directories that the record of a result names: those of its task, and those that the result holds. */
  namesOf(node: GraphNode, { bySerialization }: EncodedForms): readonly string[] {
    const own = this.#made.get(node)?.flatMap(({ name }) => name ?? []) ?? [];
    return [...new Set([...own, ...bySerialization.flatMap(([, { directories = [] }]) => directories)])];
  }

  /** Keeps the directories that a written record names. @param stale the checkpoints that it replaced */
  keep(node: GraphNode, key: TaskKey, stale: readonly CheckpointHit[] | undefined): void {
    this.#made.delete(node);
    const old =
      stale?.flatMap(({ checkpoint }) => checkpoint.directories.filter((name) => isDirectoryOf(key, name))) ?? [];
    if (old.length === 0) return;
    for (const home of this.#layers.writableDirectoryStores(this.folder)) {
      const free = old.filter((name) => home.has(name) && home.isUnused(name));
      if (free.length > 0) this.#track(home.remove(free));
    }
  }

  /** The path of a directory that belongs to a checkpoint and is not on this machine. */
  missing(entry: StoredCheckpoint): string | undefined {
    const homes = this.#layers.directoryStores(this.folder);
    const name = entry.directories.find((one) => !homes.some((home) => home.has(one)));
    return name && (homes[0]?.pathOf(name) ?? name);
  }

  /** Retains the directories of a loaded result until the run ends. */
  retain({ directories }: StoredCheckpoint): void {
    this.#isInUse = true;
    for (const name of directories) {
      retainDirectory(name);
      this.#held.push(name);
    }
  }

  /** Removes the directories that no checkpoint keeps when the run is over; a later sweep removes the rest. */
  async end(): Promise<void> {
    if (!this.#isInUse) return;
    await Promise.all(this.#sweeps.values());
    while (this.#removals.size > 0) await Promise.all(this.#removals);
    await this.#remove([...this.#leftOver, ...[...this.#made.values()].flat()]);
    await this.#temporary.remove();
    for (const name of this.#held.splice(0)) releaseDirectory(name);
  }

  #makeSaved(node: GraphNode, key: TaskKey, goesOn: (node: GraphNode, error: unknown) => boolean): MadeDirectory {
    try {
      return this.#makeIn(this.#home!, node, key);
    } catch (error) {
      if (!goesOn(node, error)) throw error;
      return this.#makeIn(this.#nowhere, node, key);
    }
  }

  #makeIn(home: TaskDirectoryStore, { task }: GraphNode, key: TaskKey): MadeDirectory {
    const folder = folderOf(task);
    if (!this.#sweeps.has(folder))
      this.#sweeps.set(folder, home.sweepOccasionally(folder, this.#namedBy).catch(ignore));
    const name = home.make(key);
    this.#held.push(name);
    return { path: home.pathOf(name), name, home };
  }

  /** Returns true when all of them are gone. */
  async #remove(made: readonly MadeDirectory[]): Promise<boolean> {
    const remove = ({ path, name, home }: MadeDirectory) =>
      home && name ? home.remove([name]) : promises.rm(path, { recursive: true, force: true, maxRetries: 3 });
    const removed = await Promise.allSettled(made.map(remove));
    return removed.every(({ status }) => status === 'fulfilled');
  }

  #track(removal: Promise<unknown>): void {
    const tracked: Promise<void> = removal.then(ignore, ignore).finally(() => this.#removals.delete(tracked));
    this.#removals.add(tracked);
  }

  readonly #namedBy = async (key: TaskKey): Promise<readonly string[] | undefined> => {
    const lists = await Promise.all(this.#layers.all.map((layer) => layer.directoriesOf(key)));
    return lists.some((list) => list === undefined) ? undefined : lists.flatMap((list) => list ?? []);
  };
}

function ignore(): void {}
