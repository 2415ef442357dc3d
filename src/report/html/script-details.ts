/** The page's script: all that is known of what is chosen. */
export const detailsScript = `
const details = $('details');
const shownLinks = 60;
function pairs(entries) {
  return make('dl', {}, ...entries.filter(([, value]) => value !== undefined).flatMap(([name, value]) => [
    make('dt', {}, name),
    make('dd', {}, typeof value === 'string' ? value : make('code', {}, value.code)),
  ]));
}
function section(title, ...content) {
  return make('section', {}, make('h3', {}, title), ...content);
}
function link(index) {
  const node = nodes[index];
  const button = make('button', { type: 'button' }, badge(node.state), make('span', {}, node.task + ' ', make('code', {}, node.label)));
  button.addEventListener('click', () => { choose(index); reveal(); });
  return make('li', {}, button);
}
function links(title, indices, note) {
  if (indices.length === 0) return undefined;
  const more = indices.length - shownLinks;
  return section(
    title + ' · ' + indices.length.toLocaleString('en'),
    make('ul', {}, ...indices.slice(0, shownLinks).map(link)),
    more > 0 ? make('p', { className: 'more' }, 'and ' + count(more, 'other') + (note || '')) : undefined,
  );
}
function head(title, mark) {
  const close = make('button', { type: 'button', 'aria-label': 'Close', title: 'Close (Esc)' }, '✕');
  close.addEventListener('click', () => choose(undefined));
  return make('div', { className: 'top' }, mark, make('h2', { tabIndex: -1 }, title), close);
}
function nodeDetails(node) {
  const state = look.get(node.state);
  const known = (value, show) => (value === undefined ? undefined : show(value));
  const failure = node.error === undefined ? undefined
    : section(node.state === 'failed' ? 'Error' : 'Error of an earlier attempt', make('pre', { className: 's-failed' }, node.error));
  const upstream = reach(node.index, (at) => nodes[at].sources).size;
  const downstream = reach(node.index, (at) => nodes[at].users).size;
  return [
    head(node.task, badge(node.state)),
    section('Record', pairs([
      ['State', state.name],
      ['Why', node.state === 'not-needed' || node.state === 'to-load' ? undefined : node.why],
      ['Time', node.state === 'running' ? undefined : known(node.seconds, duration)],
      ['Started', known(node.at, (at) => duration(at / 1000) + ' into the run')],
      ['Size', known(node.bytes, size)],
      ['Attempt', node.attempt > 1 ? String(node.attempt) : undefined],
      ['On', node.worker],
      ['Queue', node.queue],
      ['Key', { code: node.key }],
    ])),
    failure,
    node.stack ? section('Stack', make('pre', { className: 'output', tabIndex: 0 }, node.stack)) : undefined,
    node.output ? section('Output', make('pre', { className: 'output', tabIndex: 0 }, node.output)) : undefined,
    node.params.length > 0 ? section('Params', pairs(node.params.map(([name, text]) => [name, { code: text }]))) : undefined,
    section('Lineage', pairs([
      ['Comes from', count(upstream, 'task')],
      ['Leads to', count(downstream, 'task')],
    ])),
    links('Requires', node.requires),
    links('Its result names', node.names),
    links('Required by', node.users),
  ];
}
function groupDetails(box) {
  const members = box.members.map((index) => nodes[index]);
  const took = members.flatMap(({ seconds, state }) => (seconds === undefined || state !== 'ran' ? [] : seconds)).sort((a, b) => a - b);
  const bytes = members.reduce((sum, node) => sum + (node.bytes || 0), 0);
  const rank = new Map(data.states.map(({ id }, place) => [id, place]));
  const sorted = [...members].sort((a, b) => rank.get(a.state) - rank.get(b.state));
  const all = make('button', { type: 'button' }, 'Show all in the list');
  all.addEventListener('click', () => { view.task = box.title; show('tasks'); rows.focus(); });
  return [
    head(box.title + ' × ' + members.length.toLocaleString('en'), undefined),
    section('States', pairs(data.states.flatMap(({ id, sign, name }) => {
      const number = members.filter(({ state }) => state === id).length;
      return number > 0 ? [[sign + ' ' + name, number.toLocaleString('en')]] : [];
    }))),
    took.length > 0 ? section('Time', pairs([
      ['Median', duration(took[took.length >> 1])],
      ['Longest', duration(took[took.length - 1])],
      ['In all', duration(took.reduce((sum, seconds) => sum + seconds, 0))],
      ['Size in all', bytes > 0 ? size(bytes) : undefined],
    ])) : undefined,
    section('Tasks', all),
    links('Members', sorted.map(({ index }) => index), ' in the list'),
  ];
}
let shownDetails;
view.listeners.push(() => {
  const chosen = view.node !== undefined ? nodes[view.node] : view.box !== undefined ? boxes[view.box] : undefined;
  details.hidden = chosen === undefined;
  if (chosen === shownDetails) return;
  shownDetails = chosen;
  details.scrollTop = 0;
  if (chosen) details.replaceChildren(...(view.node !== undefined ? nodeDetails(chosen) : groupDetails(chosen)).filter(Boolean));
});
`;
