/** The page's script, last part: search, states, tabs, theme and keys. */
export const mainScript = `
const search = $('search');
const tabs = ['graph', 'timeline', 'tasks'];
function show(tab) {
  view.tab = tab;
  for (const name of tabs) {
    $(name).hidden = name !== tab;
    $('tab-' + name).setAttribute('aria-selected', String(name === tab));
    $('tab-' + name).tabIndex = name === tab ? 0 : -1;
  }
  if (tab === 'graph' && !isFitted) fit();
  changed();
}
// Brings what is chosen into sight, in the tab that is open.
function reveal() {
  if (view.tab === 'graph' && view.box !== undefined) showBox(view.box, true);
  if (view.tab === 'tasks') {
    const place = listed.findIndex(({ index }) => index === view.node);
    if (place >= 0) { showRow(place); drawRows(); }
  }
}
for (const name of tabs) {
  $('tab-' + name).addEventListener('click', () => show(name));
  $('tab-' + name).addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(name) + by + tabs.length) % tabs.length];
    show(next);
    $('tab-' + next).focus();
  });
}

let foundAt = -1;
search.addEventListener('input', () => {
  lookFor(search.value);
  foundAt = -1;
  changed();
});
search.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  const found = nodes.filter(matches);
  if (found.length === 0) return;
  foundAt = (foundAt + (event.shiftKey ? found.length - 1 : 1)) % found.length;
  choose(found[foundAt].index);
  reveal();
});
view.listeners.push(() => {
  $('found').textContent = isFiltered() ? nodes.filter(matches).length.toLocaleString('en') + ' found' : '';
});

for (const { id, name } of data.states) {
  const number = nodes.filter(({ state }) => state === id).length;
  if (number === 0) continue;
  const chip = make('button', { type: 'button', className: 'chip s-' + id, 'aria-pressed': 'false', title: 'Only what is ' + name }, badge(id), number.toLocaleString('en') + ' ' + name);
  chip.addEventListener('click', () => {
    if (!view.states.delete(id)) view.states.add(id);
    chip.setAttribute('aria-pressed', String(view.states.has(id)));
    changed();
  });
  $('chips').append(chip);
}

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
function setTheme(theme) { document.documentElement.dataset.theme = theme; drawChart(); }
setTheme(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', () => setTheme(prefersDark.matches ? 'dark' : 'light'));
$('theme').addEventListener('click', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
$('help').addEventListener('click', () => $('keys').showModal());

function zoomBy(factor) { if (view.tab === 'timeline') zoomTime(factor); else zoom(factor); }
function fitAll() { if (view.tab === 'timeline') moveTime(0, Math.max(1e-3, data.length)); else fit(); }
for (const button of document.querySelectorAll('[data-zoom]')) button.addEventListener('click', () => zoomBy(Number(button.dataset.zoom)));
for (const button of document.querySelectorAll('[data-fit]')) button.addEventListener('click', fitAll);

const keys = {
  '/': () => search.focus(),
  '+': () => zoomBy(1.3),
  '=': () => zoomBy(1.3),
  '-': () => zoomBy(1 / 1.3),
  0: fitAll,
  1: () => show('graph'),
  2: () => show('timeline'),
  3: () => show('tasks'),
  t: () => $('theme').click(),
  '?': () => $('keys').showModal(),
};
document.addEventListener('keydown', (event) => {
  if ($('keys').open) return;
  if (event.key === 'Escape') {
    if (document.activeElement === search) { search.value = ''; search.dispatchEvent(new Event('input')); search.blur(); } else choose(undefined);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
new ResizeObserver(() => {
  if (view.tab === 'graph' && !isFitted) fit();
  drawChart();
  drawRows();
}).observe(document.querySelector('main'));
show('graph');
`;
