import { type NodeState, stateNames, stateSigns, states } from '../../states';
import { showBytes, showCount } from '../../units';
import type { BoxData } from '../page-data';
import { badge, byId, counted, make, showDuration } from './elements';
import type { PageState, View } from './page-state';
import type { TaskNode } from './run-model';

const maxLinks = 60;

type Fact = readonly [name: string, value: string | Node | undefined];

/** Everything about the selection, beside the other views. */
export class DetailsView implements View {
  readonly #state: PageState;
  readonly #panel = byId('details', HTMLElement);
  #shown: TaskNode | BoxData | undefined;

  constructor(state: PageState) {
    this.#state = state;
  }

  update(): void {
    const { model, node, box } = this.#state;
    const selected = node !== undefined ? model.nodes[node] : box !== undefined ? model.boxes[box] : undefined;
    this.#panel.hidden = selected === undefined;
    if (selected === this.#shown) return;
    this.#shown = selected;
    this.#panel.scrollTop = 0;
    if (selected === undefined) return;
    const parts = 'members' in selected ? this.#groupParts(selected) : this.#nodeParts(selected);
    this.#panel.replaceChildren(...parts.filter((part) => part !== undefined));
  }

  #nodeParts(node: TaskNode): readonly (Node | undefined)[] {
    const { model } = this.#state;
    const { error, stack, output, params } = node;
    return [
      this.#head(node.task, badge(node.state)),
      section('Record', facts(recordFacts(node))),
      error === undefined
        ? undefined
        : section(
            node.state === 'failed' ? 'Error' : 'Error of an earlier attempt',
            make('pre', { class: 's-failed' }, error),
          ),
      stack ? section('Stack', longText(stack)) : undefined,
      output ? section('Output', longText(output)) : undefined,
      params.length > 0 ? section('Params', facts(params.map(([name, text]) => [name, code(text)]))) : undefined,
      section(
        'Lineage',
        facts([
          ['Comes from', counted(model.upstream(node.index).size, 'task')],
          ['Leads to', counted(model.downstream(node.index).size, 'task')],
        ]),
      ),
      this.#links('Requires', node.requires),
      this.#links('Result refers to', node.names),
      this.#links('Required by', node.users),
    ];
  }

  #groupParts({ title, members }: BoxData): readonly (Node | undefined)[] {
    const nodes = members.map((index) => this.#state.model.nodes[index]!);
    const all = make('button', { type: 'button' }, 'Show all in the list');
    all.addEventListener('click', () => {
      this.#state.limitTo(title);
      this.#state.open('tasks');
      byId('rows', HTMLElement).focus();
    });
    const rank = (state: NodeState) => states.indexOf(state);
    const sorted = [...nodes].sort((a, b) => rank(a.state) - rank(b.state));
    return [
      this.#head(`${title} × ${showCount(members.length)}`, undefined),
      section('States', facts(stateFacts(nodes))),
      timeSection(nodes),
      section('Tasks', all),
      this.#links(
        'Members',
        sorted.map(({ index }) => index),
        ' in the list',
      ),
    ];
  }

  #head(title: string, mark: Node | undefined): Node {
    const close = make('button', { type: 'button', 'aria-label': 'Close', title: 'Close (Esc)' }, '✕');
    close.addEventListener('click', () => this.#state.select(undefined));
    return make('div', { class: 'top' }, mark, make('h2', { tabindex: -1 }, title), close);
  }

  /** @param where the others are, when not all are shown */
  #links(title: string, nodes: readonly number[], where = ''): Node | undefined {
    if (nodes.length === 0) return undefined;
    const others = nodes.length - maxLinks;
    return section(
      `${title} · ${showCount(nodes.length)}`,
      make('ul', {}, ...nodes.slice(0, maxLinks).map((node) => this.#link(node))),
      others > 0 ? make('p', { class: 'more' }, `and ${counted(others, 'other')}${where}`) : undefined,
    );
  }

  #link(index: number): Node {
    const { state, task, label } = this.#state.model.nodes[index]!;
    const text = make('span', {}, `${task} `, make('code', {}, label));
    const button = make('button', { type: 'button' }, badge(state), text);
    button.addEventListener('click', () => {
      this.#state.select(index);
      this.#state.reveal();
    });
    return make('li', {}, button);
  }
}

function recordFacts({ state, why, seconds, at, bytes, attempt, worker, queue, key }: TaskNode): readonly Fact[] {
  return [
    ['State', stateNames[state]],
    ['Why', state === 'not-needed' || state === 'to-load' ? undefined : why],
    ['Time', seconds === undefined || state === 'running' ? undefined : showDuration(seconds)],
    ['Started', at === undefined ? undefined : `${showDuration(at / 1000)} into the run`],
    ['Size', bytes === undefined ? undefined : showBytes(bytes)],
    ['Attempt', attempt !== undefined && attempt > 1 ? String(attempt) : undefined],
    ['On', worker],
    ['Queue', queue],
    ['Key', code(key)],
  ];
}

function stateFacts(nodes: readonly TaskNode[]): readonly Fact[] {
  return states.map((state) => {
    const { length } = nodes.filter((node) => node.state === state);
    return [`${stateSigns[state]} ${stateNames[state]}`, length > 0 ? showCount(length) : undefined];
  });
}

function timeSection(nodes: readonly TaskNode[]): Node | undefined {
  const seconds = nodes.flatMap((node) => (node.state === 'ran' ? (node.seconds ?? []) : [])).sort((a, b) => a - b);
  if (seconds.length === 0) return undefined;
  const bytes = nodes.reduce((sum, node) => sum + (node.bytes ?? 0), 0);
  return section(
    'Time',
    facts([
      ['Median', showDuration(seconds[seconds.length >> 1]!)],
      ['Longest', showDuration(seconds.at(-1)!)],
      ['Total', showDuration(seconds.reduce((sum, one) => sum + one, 0))],
      ['Total size', bytes > 0 ? showBytes(bytes) : undefined],
    ]),
  );
}

function section(title: string, ...content: readonly (Node | undefined)[]): Node {
  return make('section', {}, make('h3', {}, title), ...content);
}

/** Those facts that are known. */
function facts(all: readonly Fact[]): Node {
  return make(
    'dl',
    {},
    ...all.flatMap(([name, value]) => (value === undefined ? [] : [make('dt', {}, name), make('dd', {}, value)])),
  );
}

function code(text: string): Node {
  return make('code', {}, text);
}

function longText(text: string): Node {
  return make('pre', { class: 'output', tabindex: 0 }, text);
}
