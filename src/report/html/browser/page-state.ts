import type { NodeState } from '../../states';
import { emptyQuery, makeMatcher, parseQuery, type Query } from './query';
import type { RunModel, TaskNode } from './run-model';

export const tabs = ['graph', 'timeline', 'tasks'] as const;
export type Tab = (typeof tabs)[number];

/** A part of the page that shows the state. */
export interface View {
  /** Shows the state as it is now. */
  update(): void;
  /** Scrolls or moves the selection into sight. */
  reveal?(): void;
}

/** What the user has selected, filtered and opened. Views change it and are updated by it; they do not know each other. */
export class PageState {
  readonly model: RunModel;
  readonly #views: View[] = [];
  readonly #paramNames: ReadonlySet<string>;
  readonly #matchesQuery = makeMatcher();
  readonly #states = new Set<NodeState>();
  #tab: Tab = 'graph';
  #node: number | undefined;
  #box: number | undefined;
  #query: Query = emptyQuery;
  #task: string | undefined;

  constructor(model: RunModel) {
    this.model = model;
    this.#paramNames = new Set(model.nodes.flatMap(({ params }) => params.map(([name]) => name.toLowerCase())));
  }

  get tab(): Tab {
    return this.#tab;
  }

  /** The selected task. */
  get node(): number | undefined {
    return this.#node;
  }

  /** The selected box: that of the selected task, or a folded class. */
  get box(): number | undefined {
    return this.#box;
  }

  /** The class that the list is limited to. */
  get task(): string | undefined {
    return this.#task;
  }

  get states(): ReadonlySet<NodeState> {
    return this.#states;
  }

  get isFiltered(): boolean {
    const { words, params } = this.#query;
    return words.length > 0 || params.length > 0 || this.#states.size > 0 || this.#task !== undefined;
  }

  attach(...views: readonly View[]): void {
    this.#views.push(...views);
  }

  update(): void {
    for (const view of this.#views) view.update();
  }

  /** Brings the selection into sight in the open tab. */
  reveal(): void {
    for (const view of this.#views) view.reveal?.();
  }

  open(tab: Tab): void {
    this.#tab = tab;
    this.update();
  }

  select(node: number | undefined): void {
    this.#node = node;
    this.#box = node === undefined ? undefined : this.model.nodes[node]!.box;
    this.update();
  }

  selectBox(box: number): void {
    const { isGroup, members } = this.model.boxes[box]!;
    if (isGroup) {
      this.#node = undefined;
      this.#box = box;
      this.update();
    } else this.select(members[0]);
  }

  search(text: string): void {
    this.#query = parseQuery(text, this.#paramNames);
    this.update();
  }

  toggleState(state: NodeState): void {
    if (!this.#states.delete(state)) this.#states.add(state);
    this.update();
  }

  /** Limits everything to the tasks of a class; undefined ends that. */
  limitTo(task: string | undefined): void {
    this.#task = task;
    this.update();
  }

  matches(node: TaskNode): boolean {
    return (
      (this.#task === undefined || node.task === this.#task) &&
      (this.#states.size === 0 || this.#states.has(node.state)) &&
      this.#matchesQuery(node, this.#query)
    );
  }

  matchingNodes(): TaskNode[] {
    return this.model.nodes.filter((node) => this.matches(node));
  }
}
