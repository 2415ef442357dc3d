import { embeddedData } from './data-source';
import { DetailsView } from './details-view';
import { byId } from './elements';
import { GraphView } from './graph-view';
import { ListView } from './list-view';
import { PageState } from './page-state';
import { RunModel } from './run-model';
import { TimelineView } from './timeline-view';
import { SearchField, StateFilter, TabBar, ThemeSwitch } from './toolbar';

const zoomStep = 1.3;

const state = new PageState(new RunModel(embeddedData()));
const graph = new GraphView(state);
const timeline = new TimelineView(state);
const list = new ListView(state);
const search = new SearchField(state);
// Tabs first, since a section has a size only while it is shown; details before what they take room from.
state.attach(new TabBar(state), new DetailsView(state), graph, timeline, list, search, new StateFilter(state));
const theme = new ThemeSwitch(() => timeline.update());
const help = byId('keys', HTMLDialogElement);

/** The view that zooms: the timeline in its tab, otherwise the graph. */
const zoomable = () => (state.tab === 'timeline' ? timeline : graph);
const zoom = (factor: number) => zoomable().zoom(factor);
const fit = () => zoomable().fit();

for (const button of document.querySelectorAll<HTMLElement>('[data-zoom]'))
  button.addEventListener('click', () => zoom(Number(button.dataset['zoom'])));
for (const button of document.querySelectorAll('[data-fit]')) button.addEventListener('click', fit);
byId('help', HTMLButtonElement).addEventListener('click', () => help.showModal());

const shortcuts: ReadonlyMap<string, () => void> = new Map([
  ['/', () => search.focus()],
  ['+', () => zoom(zoomStep)],
  ['=', () => zoom(zoomStep)],
  ['-', () => zoom(1 / zoomStep)],
  ['0', fit],
  ['1', () => state.open('graph')],
  ['2', () => state.open('timeline')],
  ['3', () => state.open('tasks')],
  ['t', () => theme.toggle()],
  ['?', () => help.showModal()],
]);

document.addEventListener('keydown', (event) => {
  if (help.open) return;
  if (event.key === 'Escape') {
    if (search.isFocused) search.clear();
    else state.select(undefined);
    return;
  }
  const isTyping = event.target instanceof Element && event.target.matches('input, select');
  const action = shortcuts.get(event.key);
  if (!action || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});

window.addEventListener('resize', () => graph.resize());
// Details that open or close resize the views beside them.
new ResizeObserver(() => {
  timeline.update();
  list.resize();
}).observe(document.querySelector('main')!);

state.open('graph');
