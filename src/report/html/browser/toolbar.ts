import { stateNames, states } from '../../states';
import { showCount } from '../../units';
import { badge, byId, make } from './elements';
import { type PageState, type Tab, tabs, type View } from './page-state';

/** The tabs, each of which shows a section of the page. */
export class TabBar implements View {
  readonly #state: PageState;

  constructor(state: PageState) {
    this.#state = state;
    for (const tab of tabs) {
      const button = tabButton(tab);
      button.addEventListener('click', () => state.open(tab));
      button.addEventListener('keydown', ({ key }) => {
        const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
        if (step === 0) return;
        const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]!;
        state.open(next);
        tabButton(next).focus();
      });
    }
  }

  update(): void {
    for (const tab of tabs) {
      const isOpen = tab === this.#state.tab;
      const button = tabButton(tab);
      byId(tab, HTMLElement).hidden = !isOpen;
      button.setAttribute('aria-selected', String(isOpen));
      button.tabIndex = isOpen ? 0 : -1;
    }
  }
}

function tabButton(tab: Tab): HTMLButtonElement {
  return byId(`tab-${tab}`, HTMLButtonElement);
}

/** A button for each state that a task is in; pressed, it limits everything to the tasks in that state. */
export class StateFilter implements View {
  readonly #state: PageState;
  readonly #chips = new Map<(typeof states)[number], HTMLButtonElement>();

  constructor(state: PageState) {
    this.#state = state;
    for (const one of states) {
      const { length } = state.model.nodes.filter((node) => node.state === one);
      if (length === 0) continue;
      const name = stateNames[one];
      const attributes = { type: 'button', class: `chip s-${one}`, title: `Only tasks in the state "${name}"` };
      const chip = make('button', attributes, badge(one), `${showCount(length)} ${name}`);
      chip.addEventListener('click', () => state.toggleState(one));
      this.#chips.set(one, chip);
    }
    byId('chips', HTMLElement).append(...this.#chips.values());
  }

  update(): void {
    for (const [one, chip] of this.#chips) chip.setAttribute('aria-pressed', String(this.#state.states.has(one)));
  }
}

/** The search field. Enter goes to the next match, with Shift to the one before. */
export class SearchField implements View {
  readonly #state: PageState;
  readonly #input = byId('search', HTMLInputElement);
  readonly #found = byId('found', HTMLElement);
  #current = -1;

  constructor(state: PageState) {
    this.#state = state;
    this.#input.addEventListener('input', () => this.#search());
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#selectNext(event.shiftKey);
    });
  }

  get isFocused(): boolean {
    return document.activeElement === this.#input;
  }

  focus(): void {
    this.#input.focus();
  }

  clear(): void {
    this.#input.value = '';
    this.#search();
    this.#input.blur();
  }

  update(): void {
    this.#found.textContent = this.#state.isFiltered ? `${showCount(this.#state.matchingNodes().length)} found` : '';
  }

  #search(): void {
    this.#current = -1;
    this.#state.search(this.#input.value);
  }

  #selectNext(isBackwards: boolean): void {
    const matches = this.#state.matchingNodes();
    if (matches.length === 0) return;
    const start = isBackwards && this.#current < 0 ? 0 : this.#current;
    this.#current = (start + (isBackwards ? matches.length - 1 : 1)) % matches.length;
    this.#state.select(matches[this.#current]!.index);
    this.#state.reveal();
  }
}

/** Follows the theme of the system until the user chooses another one. */
export class ThemeSwitch {
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => this.#set(prefersDark.matches ? 'dark' : 'light');
    prefersDark.addEventListener('change', follow);
    byId('theme', HTMLButtonElement).addEventListener('click', () => this.toggle());
    follow();
  }

  toggle(): void {
    this.#set(document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark');
  }

  #set(theme: 'light' | 'dark'): void {
    document.documentElement.dataset['theme'] = theme;
    this.#onChange();
  }
}
