/** The page's script: the list of tasks, of which only the rows in sight exist. */
export const listScript = `
const rows = $('rows');
const rowHeight = 32;
let listed = nodes;
const orders = {
  graph: undefined,
  longest: (a, b) => (b.seconds || 0) - (a.seconds || 0),
  largest: (a, b) => (b.bytes || 0) - (a.bytes || 0),
  earliest: (a, b) => (a.at === undefined ? Infinity : a.at) - (b.at === undefined ? Infinity : b.at) || 0,
  task: (a, b) => a.task.localeCompare(b.task) || a.index - b.index,
};
function listAgain() {
  listed = nodes.filter(matches);
  const order = orders[$('order').value];
  if (order) listed.sort(order);
  $('shown').textContent = isFiltered() ? count(listed.length, 'task') + ' of ' + nodes.length.toLocaleString('en') : count(nodes.length, 'task');
  $('of-task').hidden = view.task === undefined;
  $('of-task').textContent = 'only ' + view.task + '  ✕';
  drawRows();
}
function drawRows() {
  if (view.tab !== 'tasks') return;
  const first = Math.max(0, Math.floor(rows.scrollTop / rowHeight) - 5);
  const last = Math.min(listed.length, Math.ceil((rows.scrollTop + rows.clientHeight) / rowHeight) + 5);
  const spacer = make('div', {});
  spacer.style.height = listed.length * rowHeight + 'px';
  rows.replaceChildren(spacer, ...listed.slice(first, last).map((node, place) => drawRow(node, first + place)));
  if (listed.length === 0) rows.append(make('div', { className: 'empty' }, 'No task is like that.'));
  const at = listed.findIndex(({ index }) => index === view.node);
  if (at >= first && at < last) rows.setAttribute('aria-activedescendant', 'row-' + at);
  else rows.removeAttribute('aria-activedescendant');
}
function drawRow(node, place) {
  const row = make(
    'div',
    { className: 'row', id: 'row-' + place, role: 'option', 'aria-selected': String(node.index === view.node), 'aria-posinset': place + 1, 'aria-setsize': listed.length },
    badge(node.state),
    make('b', {}, node.task),
    make('code', {}, node.state === 'failed' && node.error ? node.label + '  ' + node.error : node.label),
    make('i', {}, node.seconds === undefined ? '' : duration(node.seconds)),
    make('i', {}, node.bytes === undefined ? '' : size(node.bytes)),
  );
  row.style.top = place * rowHeight + 'px';
  row.addEventListener('click', () => choose(node.index));
  return row;
}
function showRow(place) {
  const top = place * rowHeight;
  if (top < rows.scrollTop) rows.scrollTop = top;
  else if (top + rowHeight > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + rowHeight - rows.clientHeight;
}
rows.addEventListener('scroll', drawRows);
rows.addEventListener('keydown', (event) => {
  const page = Math.max(1, Math.floor(rows.clientHeight / rowHeight) - 1);
  const at = listed.findIndex(({ index }) => index === view.node);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: listed.length - 1 }[event.key];
  if (to === undefined || listed.length === 0) return;
  event.preventDefault();
  const place = Math.max(0, Math.min(listed.length - 1, to));
  showRow(place);
  choose(listed[place].index);
});
$('order').addEventListener('change', listAgain);
$('of-task').addEventListener('click', () => { view.task = undefined; changed(); });
view.listeners.push(listAgain);
`;
