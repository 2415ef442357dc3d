import { keptPrefix, maxCommonPrefix } from '../distinguishing-params';

/** The page's script, first part: data, what is chosen and looked for, and making elements. */
export const modelScript = String.raw`
const data = JSON.parse(document.getElementById('data').textContent);
const { nodes, boxes, edges, lanes, spans } = data;
const $ = (id) => document.getElementById(id);
const look = new Map(data.states.map((state) => [state.id, state]));

// Text is only ever set as text, never as markup.
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}
function badge(state) {
  return make('span', { className: 'badge s-' + state, role: 'img', 'aria-label': look.get(state).name }, look.get(state).sign);
}
function count(number, what) {
  return number.toLocaleString('en') + ' ' + what + (number === 1 ? '' : 's');
}
function trim(value) {
  return value >= 9.95 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
function duration(seconds) {
  if (seconds === 0) return '0 s';
  if (seconds < 0.0009995) return Math.round(seconds * 1e6) + ' µs';
  if (seconds < 0.9995) return trim(seconds * 1000) + ' ms';
  if (seconds < 59.95) return trim(seconds) + ' s';
  const whole = Math.round(seconds);
  if (whole < 3600) return inTwo(whole, ' min', ' s');
  const minutes = Math.round(seconds / 60);
  return inTwo(minutes, ' h', ' min');
}
function inTwo(value, large, small) {
  return Math.floor(value / 60) + large + (value % 60 > 0 ? ' ' + (value % 60) + small : '');
}
function size(bytes) {
  if (bytes < 1000) return bytes + ' B';
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < 3) { value /= 1000; unit++; }
  return trim(value) + ' ' + ['kB', 'MB', 'GB', 'TB'][unit];
}

nodes.forEach((node, index) => {
  node.index = index;
  node.users = [];
  const texts = new Map(node.params.map(([name, text]) => [name, text.replace(/\s+/g, ' ')]));
  const brief = (entries) => entries.map(([name, text]) => name + ': ' + text).join(', ');
  node.brief = brief([...texts]);
  // First what tells it from the others of its class, without a beginning that all of them have.
  const telling = data.telling[node.task].filter(([name]) => texts.has(name)).map(([name, common]) => [name, common > ${maxCommonPrefix} ? '…' + texts.get(name).slice(common - ${keptPrefix}) : texts.get(name)]);
  const told = new Map(telling);
  node.label = brief([...telling, ...[...texts].filter(([name]) => !told.has(name))]);
  node.words = (node.task + ' ' + node.brief + ' ' + node.key + ' ' + (node.error || '')).replace(/\s+/g, ' ').toLowerCase();
});
const paramNames = new Set(nodes.flatMap(({ params }) => params.map(([name]) => name.toLowerCase())));
for (const node of nodes) {
  node.sources = [...new Set([...node.requires, ...node.names])];
  for (const source of node.sources) nodes[source].users.push(node.index);
}
boxes.forEach((box, index) => { for (const member of box.members) nodes[member].box = index; });

const view = { tab: 'graph', node: undefined, box: undefined, words: [], params: [], states: new Set(), task: undefined, listeners: [] };
function changed() { for (const listener of view.listeners) listener(); }
function isFiltered() { return view.words.length > 0 || view.params.length > 0 || view.states.size > 0 || view.task !== undefined; }
function matches(node) {
  return (view.task === undefined || node.task === view.task)
    && (view.states.size === 0 || view.states.has(node.state))
    && view.words.every((word) => node.words.includes(word))
    && view.params.every(([name, value]) => node.params.some((param) => param[0].toLowerCase() === name && isLike(param[1], value)));
}
// Numbers must be the same: 3 is not 30.
function isLike(text, value) {
  const plain = text.toLowerCase().replace(/\s+/g, ' ');
  return Number.isNaN(Number(value)) ? plain.includes(value) : plain === value;
}
// Words, all of which must be there, and params: train seed: 3, seed=3. In quotes, spaces belong to a word or value.
const quoted = '"([^"]*)"|\'([^\']*)\'|' + String.fromCharCode(96) + '([^' + String.fromCharCode(96) + ']*)' + String.fromCharCode(96);
const aParam = new RegExp('([\\w$]+)\\s*[:=]\\s*(?:' + quoted + '|(\\S+))', 'g');
const aWord = new RegExp(quoted + '|(\\S+)', 'g');
function lookFor(text) {
  view.params = [];
  const pick = (...texts) => (texts.find((one) => one !== undefined) || '').replace(/\s+/g, ' ').trim();
  const rest = text.toLowerCase().replace(aParam, (all, name, a, b, c, bare) => {
    if (!paramNames.has(name)) return all;
    view.params.push([name, pick(a, b, c, bare && bare.replace(/["',]/g, ''))]);
    return ' ';
  });
  view.words = [...rest.matchAll(aWord)].map(([, a, b, c, bare]) => pick(a, b, c, bare)).filter(Boolean);
}
function choose(index) {
  view.node = index;
  view.box = index === undefined ? undefined : nodes[index].box;
  changed();
}
function chooseBox(index) {
  const box = boxes[index];
  if (!box.isGroup) return choose(box.members[0]);
  view.node = undefined;
  view.box = index;
  changed();
}
// All that can be reached, both ways, without the start: lineage up and down.
function reach(start, next) {
  const seen = new Set([start]);
  const open = [start];
  while (open.length > 0) for (const one of next(open.pop())) if (!seen.has(one)) { seen.add(one); open.push(one); }
  seen.delete(start);
  return seen;
}
`;
