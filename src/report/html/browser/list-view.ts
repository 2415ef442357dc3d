import { showBytes, showCount } from '../../units';
import { badge, byId, counted, make, showDuration } from './elements';
import type { PageState, View } from './page-state';
import type { TaskNode } from './run-model';

const rowHeight = 32;
/** Rows beyond the window that exist, so that scrolling shows no gaps. */
const spareRows = 5;

type Compare = (a: TaskNode, b: TaskNode) => number;

const orders: Readonly<Record<string, Compare>> = {
  longest: (a, b) => (b.seconds ?? 0) - (a.seconds ?? 0),
  largest: (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0),
  // NaN, of two that did not start, counts as equal.
  earliest: (a, b) => (a.at ?? Number.POSITIVE_INFINITY) - (b.at ?? Number.POSITIVE_INFINITY) || 0,
  task: (a, b) => a.task.localeCompare(b.task) || a.index - b.index,
};

/** The list of tasks. Only the rows in the window exist. */
export class ListView implements View {
  readonly #state: PageState;
  readonly #rows = byId('rows', HTMLElement);
  readonly #shown = byId('shown', HTMLElement);
  readonly #order = byId('order', HTMLSelectElement);
  readonly #ofTask = byId('of-task', HTMLButtonElement);
  #nodes: readonly TaskNode[] = [];

  constructor(state: PageState) {
    this.#state = state;
    this.#rows.addEventListener('scroll', () => this.#draw());
    this.#rows.addEventListener('keydown', (event) => this.#selectByKey(event));
    this.#order.addEventListener('change', () => this.update());
    this.#ofTask.addEventListener('click', () => state.limitTo(undefined));
  }

  update(): void {
    const { model, task, isFiltered } = this.#state;
    const nodes = this.#state.matchingNodes();
    const order = orders[this.#order.value];
    this.#nodes = order ? nodes.sort(order) : nodes;
    const count = counted(nodes.length, 'task');
    this.#shown.textContent = isFiltered ? `${count} of ${showCount(model.nodes.length)}` : count;
    this.#ofTask.hidden = task === undefined;
    this.#ofTask.textContent = `only ${task}  ✕`;
    this.#draw();
  }

  reveal(): void {
    if (this.#state.tab !== 'tasks') return;
    const place = this.#selectedPlace();
    if (place < 0) return;
    this.#scrollTo(place);
    this.#draw();
  }

  resize(): void {
    this.#draw();
  }

  #selectedPlace(): number {
    return this.#nodes.findIndex(({ index }) => index === this.#state.node);
  }

  #draw(): void {
    if (this.#state.tab !== 'tasks') return;
    const { scrollTop, clientHeight } = this.#rows;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spareRows);
    const end = Math.min(this.#nodes.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + spareRows);
    const spacer = make('div', {});
    spacer.style.height = `${this.#nodes.length * rowHeight}px`;
    const rows = this.#nodes.slice(first, end).map((node, index) => this.#makeRow(node, first + index));
    this.#rows.replaceChildren(spacer, ...rows);
    if (this.#nodes.length === 0) this.#rows.append(make('div', { class: 'empty' }, 'No task matches.'));
    const selected = this.#selectedPlace();
    if (selected >= first && selected < end) this.#rows.setAttribute('aria-activedescendant', `row-${selected}`);
    else this.#rows.removeAttribute('aria-activedescendant');
  }

  #makeRow(node: TaskNode, place: number): HTMLElement {
    const { index, state, task, label, error, seconds, bytes } = node;
    const attributes = {
      class: 'row',
      id: `row-${place}`,
      role: 'option',
      'aria-selected': String(index === this.#state.node),
      'aria-posinset': place + 1,
      'aria-setsize': this.#nodes.length,
    };
    const row = make(
      'div',
      attributes,
      badge(state),
      make('b', {}, task),
      make('code', {}, state === 'failed' && error ? `${label}  ${error}` : label),
      make('i', {}, seconds === undefined ? '' : showDuration(seconds)),
      make('i', {}, bytes === undefined ? '' : showBytes(bytes)),
    );
    row.style.top = `${place * rowHeight}px`;
    row.addEventListener('click', () => this.#state.select(index));
    return row;
  }

  #scrollTo(place: number): void {
    const top = place * rowHeight;
    const { scrollTop, clientHeight } = this.#rows;
    if (top < scrollTop) this.#rows.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.#rows.scrollTop = top + rowHeight - clientHeight;
  }

  #selectByKey(event: KeyboardEvent): void {
    const last = this.#nodes.length - 1;
    const page = Math.max(1, Math.floor(this.#rows.clientHeight / rowHeight) - 1);
    const at = this.#selectedPlace();
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    const place = Math.max(0, Math.min(last, target));
    this.#scrollTo(place);
    this.#state.select(this.#nodes[place]!.index);
  }
}
