import { type FoldOptions, fold } from './fold';
import type { GraphPicture } from './picture';
import { showCount, showSeconds } from './units';

/** What can be said of a page. */
export interface HtmlOptions extends FoldOptions {
  /** @default the tasks that nothing in the picture requires */
  readonly title?: string;
}

/** A page in one file. */
export async function toHtml(picture: GraphPicture, options: HtmlOptions = {}): Promise<string> {
  const { layOut } = require('./svg/layout') as typeof import('./svg/layout');
  const { drawLayout } = require('./svg/draw') as typeof import('./svg/draw');
  const { pageData } = require('./html/page-data') as typeof import('./html/page-data');
  const { renderPage } = require('./html/page') as typeof import('./html/page');
  const { title = titleOf(picture) } = options;
  const folded = fold(picture, options);
  const layout = await layOut(folded);
  return renderPage({
    title,
    subtitle: subtitleOf(picture),
    data: pageData(picture, folded, title),
    drawing: drawLayout(layout, true),
    width: layout.width,
    height: layout.height,
    hasTimeline: (picture.spans ?? []).length > 0,
  });
}

const namedTasks = 3;

function titleOf({ nodes, edges }: GraphPicture): string {
  const required = new Set(edges.map(({ from }) => from));
  const names = [...new Set(nodes.filter(({ key }) => !required.has(key)).map(({ task }) => task))];
  const more = names.length > namedTasks ? ` and ${names.length - namedTasks} more` : '';
  return `${names.slice(0, namedTasks).join(', ')}${more}` || 'Tidemark';
}

function subtitleOf({ nodes, startedAt, endedAt }: GraphPicture): string {
  const tasks = `${showCount(nodes.length)} ${nodes.length === 1 ? 'task' : 'tasks'}`;
  if (startedAt === undefined || endedAt === undefined) return `${tasks}, before the run`;
  const when = new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ');
  return `${tasks} in ${showSeconds((endedAt - startedAt) / 1000)}, ${when} UTC`;
}
