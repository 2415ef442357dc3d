import { type NodeState, stateNames, stateSigns } from '../../states';
import { showCount, showSeconds } from '../../units';

/** The element of the page with this id. */
export function byId<E extends Element>(id: string, cls: abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof cls)) throw new TypeError(`the page has no ${cls.name} #${id}`);
  return element;
}

type Child = Node | string | undefined;

/** Makes an element. Text stays text: it is never read as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The sign of a state in a circle of its colour. */
export function badge(state: NodeState): HTMLElement {
  return make('span', { class: `badge s-${state}`, role: 'img', 'aria-label': stateNames[state] }, stateSigns[state]);
}

/** `1 task`, `12,345 tasks` */
export function counted(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A duration, or a time since the run started. */
export function showDuration(seconds: number): string {
  return seconds === 0 ? '0 s' : showSeconds(seconds);
}
