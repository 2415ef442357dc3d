import { createHash } from 'node:crypto';
import { type FoldOptions, fold } from '../fold';
import type { GraphPicture } from '../picture';
import { arrowMarker, drawLayout, escapeMarkup } from '../svg/draw';
import { type Layout, layoutGraph } from '../svg/layout';
import { showCount, showSeconds } from '../units';
import { makePageData } from './make-page-data';
import type { PageData } from './page-data';
import { pageScript } from './page-script';
import { pageStyle } from './style';

/** Options of a page. */
export interface HtmlOptions extends FoldOptions {
  /** @default the tasks that nothing in the picture requires */
  readonly title?: string;
}

/** A page in one file. */
export async function toHtml(picture: GraphPicture, options: HtmlOptions = {}): Promise<string> {
  const folded = fold(picture, options);
  return renderPage({
    title: options.title ?? defaultTitle(picture),
    subtitle: makeSubtitle(picture),
    data: makePageData(picture, folded),
    layout: await layoutGraph(folded),
    hasTimeline: (picture.spans ?? []).length > 0,
  });
}

const tasksInTitle = 3;

function defaultTitle({ nodes, edges }: GraphPicture): string {
  const required = new Set(edges.map(({ from }) => from));
  const names = [...new Set(nodes.filter(({ key }) => !required.has(key)).map(({ task }) => task))];
  const more = names.length > tasksInTitle ? ` and ${names.length - tasksInTitle} more` : '';
  return `${names.slice(0, tasksInTitle).join(', ')}${more}` || 'Tidemark';
}

function makeSubtitle({ nodes, startedAt, endedAt }: GraphPicture): string {
  const tasks = `${showCount(nodes.length)} ${nodes.length === 1 ? 'task' : 'tasks'}`;
  if (startedAt === undefined || endedAt === undefined) return `${tasks}, before the run`;
  const when = new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ');
  return `${tasks} in ${showSeconds((endedAt - startedAt) / 1000)}, ${when} UTC`;
}

interface PageParts {
  readonly title: string;
  readonly subtitle: string;
  readonly data: PageData;
  readonly layout: Layout;
  readonly hasTimeline: boolean;
}

// The browser runs and loads nothing but this script and this style, whatever the data contain.
const policy = [
  "default-src 'none'",
  `script-src '${hashOf(pageScript)}'`,
  `style-src '${hashOf(pageStyle)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const zoomTools = `<div class="tools"><button type="button" data-zoom="1.3" aria-label="Zoom in" title="Zoom in (+)">+</button><button type="button" data-zoom="0.77" aria-label="Zoom out" title="Zoom out (-)">−</button><button type="button" data-fit title="Show all (0)">Fit</button></div>`;

const keys = [
  ['/', 'search; Enter goes to the next match'],
  ['← ↑ → ↓', 'go from task to task'],
  ['Enter', 'open a task'],
  ['Esc', 'close it'],
  ['+ − 0', 'zoom in, zoom out, show all'],
  ['1 2 3', 'graph, timeline, tasks'],
  ['t', 'light or dark'],
];

function renderPage({ title, subtitle, data, layout, hasTimeline }: PageParts): string {
  const { width, height } = layout;
  return `<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">
<title>${escapeMarkup(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${escapeMarkup(title)}<small>${escapeMarkup(subtitle)}</small></h1>
<div class="tabs" role="tablist">${tab('graph', 'Graph')}${tab('timeline', 'Timeline')}${tab('tasks', 'Tasks')}</div>
<div class="chips" id="chips" role="group" aria-label="States"></div>
<div class="find"><span id="found" role="status"></span><input type="search" id="search" placeholder="Search tasks, params" aria-label="Search"><button type="button" id="theme" aria-label="Light or dark" title="Light or dark (t)">◐</button><button type="button" id="help" aria-label="Keys" title="Keys (?)">?</button></div>
</header>
<main>
<section id="graph" role="tabpanel" aria-labelledby="tab-graph">
<svg class="tm" id="canvas" xmlns="http://www.w3.org/2000/svg" role="group" aria-label="Graph">${arrowMarker}<g id="world" data-width="${width}" data-height="${height}">${drawLayout(layout, true)}</g></svg>
${width === 0 ? '<div class="empty">This graph has no tasks.</div>' : ''}${zoomTools}
<div class="hint">Drag to move, wheel to zoom, <kbd>/</kbd> to search, <kbd>?</kbd> for keys</div>
</section>
<section id="timeline" role="tabpanel" aria-labelledby="tab-timeline" hidden>
<div id="scroll" tabindex="0" role="group" aria-label="Timeline; arrow keys go from task to task"><canvas id="chart"></canvas><div id="spacer"></div></div>
<div id="tip-text" hidden></div>
${hasTimeline ? zoomTools : '<div class="empty">Nothing has run yet. The timeline shows when and where each task of a run ran.</div>'}
</section>
<section id="tasks" role="tabpanel" aria-labelledby="tab-tasks" hidden>
<div class="bar"><span id="shown"></span><button type="button" id="of-task" hidden></button><label>Sort by <select id="order"><option value="graph">dependencies</option><option value="longest">time, longest first</option><option value="largest">size, largest first</option><option value="earliest">start</option><option value="task">name</option></select></label></div>
<div id="rows" tabindex="0" role="listbox" aria-label="Tasks"></div>
</section>
</main>
<aside id="details" aria-label="Details" aria-live="polite" hidden></aside>
<dialog id="keys" aria-label="Keys"><h2>Keys</h2><dl>${keys.map(([key, what]) => `<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`).join('')}</dl><form method="dialog"><button>Close</button></form></dialog>
<script type="application/json" id="data">${jsonInScript(data)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

/** JSON inside a script element, where `</script` and `<!--` would end the text. */
function jsonInScript(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function tab(name: string, text: string): string {
  return `<button type="button" role="tab" id="tab-${name}" aria-controls="${name}" aria-selected="false">${text}</button>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
