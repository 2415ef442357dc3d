import { createHash } from 'node:crypto';
import { definitions } from '../svg/draw';
import { escapeMarkup } from '../svg/markup';
import { detailsScript } from './script-details';
import { graphScript } from './script-graph';
import { listScript } from './script-list';
import { mainScript } from './script-main';
import { modelScript } from './script-model';
import { timelineScript } from './script-timeline';
import { pageStyle } from './style';

const script = `(() => {\n'use strict';${modelScript}${graphScript}${timelineScript}${listScript}${detailsScript}${mainScript}})();`;

/** The parts of a page that differ. */
export interface PageParts {
  readonly title: string;
  readonly subtitle: string;
  /** JSON that may stand in a script element. */
  readonly data: string;
  readonly drawing: string;
  readonly width: number;
  readonly height: number;
  readonly hasTimeline: boolean;
}

// Nothing but this very script and style may be run or loaded, whatever the data holds.
const policy = [
  "default-src 'none'",
  `script-src '${hashOf(script)}'`,
  `style-src '${hashOf(pageStyle)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const zoomTools = `<div class="tools"><button type="button" data-zoom="1.3" aria-label="Zoom in" title="Zoom in (+)">+</button><button type="button" data-zoom="0.77" aria-label="Zoom out" title="Zoom out (-)">−</button><button type="button" data-fit title="Show all (0)">Fit</button></div>`;

const keys = [
  ['/', 'search; Enter goes to the next one found'],
  ['← ↑ → ↓', 'go from task to task'],
  ['Enter', 'open a task'],
  ['Esc', 'close it'],
  ['+ − 0', 'zoom in, zoom out, show all'],
  ['1 2 3', 'graph, timeline, tasks'],
  ['t', 'light or dark'],
];

/** A page in one file. */
export function renderPage({ title, subtitle, data, drawing, width, height, hasTimeline }: PageParts): string {
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
<svg class="tm" id="canvas" xmlns="http://www.w3.org/2000/svg" role="group" aria-label="Graph">${definitions}<g id="world" data-width="${width}" data-height="${height}">${drawing}</g></svg>
${width === 0 ? '<div class="empty">There is nothing in this graph.</div>' : ''}${zoomTools}
<div class="hint">Drag to move, wheel to zoom, <kbd>/</kbd> to search, <kbd>?</kbd> for keys</div>
</section>
<section id="timeline" role="tabpanel" aria-labelledby="tab-timeline" hidden>
<div id="scroll" tabindex="0" role="group" aria-label="Timeline; arrow keys go from task to task"><canvas id="chart"></canvas><div id="spacer"></div></div>
<div id="tip-text" hidden></div>
${hasTimeline ? zoomTools : '<div class="empty">Nothing has run yet: the timeline shows when each task of a run ran, and where.</div>'}
</section>
<section id="tasks" role="tabpanel" aria-labelledby="tab-tasks" hidden>
<div class="bar"><span id="shown"></span><button type="button" id="of-task" hidden></button><label>Order <select id="order"><option value="graph">of the graph</option><option value="longest">longest first</option><option value="largest">largest first</option><option value="earliest">as they started</option><option value="task">by name</option></select></label></div>
<div id="rows" tabindex="0" role="listbox" aria-label="Tasks"></div>
</section>
</main>
<aside id="details" aria-label="Details" aria-live="polite" hidden></aside>
<dialog id="keys" aria-label="Keys"><h2>Keys</h2><dl>${keys.map(([key, what]) => `<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`).join('')}</dl><form method="dialog"><button>Close</button></form></dialog>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`;
}

function tab(name: string, text: string): string {
  return `<button type="button" role="tab" id="tab-${name}" aria-controls="${name}" aria-selected="false">${text}</button>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
