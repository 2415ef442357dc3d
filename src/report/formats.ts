import type { FoldOptions } from './fold';
import type { HtmlOptions } from './html/to-html';
import type { GraphPicture } from './picture';

// Most programs draw nothing: what makes a format is loaded when that is first asked for.

/**
 * A picture as a Mermaid flowchart, which GitHub and others draw in Markdown.
 *
 * @example
 * console.log(toMermaid(pictureOf(await runner.plan(ScoreModel, params))));
 */
export function toMermaid(picture: GraphPicture, options?: FoldOptions): string {
  return (require('./text-formats') as typeof import('./text-formats')).toMermaid(picture, options);
}

/**
 * A picture in the language of Graphviz.
 *
 * @example
 * await writeFile('graph.dot', toDot(pictureOf(await runner.plan(ScoreModel, params))));
 */
export function toDot(picture: GraphPicture, options?: FoldOptions): string {
  return (require('./text-formats') as typeof import('./text-formats')).toDot(picture, options);
}

/**
 * A picture as SVG, for light and dark paper. Graphviz places the boxes; it is loaded when first used.
 *
 * @example
 * await writeFile('graph.svg', await toSvg(recorder.picture()));
 */
export async function toSvg(picture: GraphPicture, options?: FoldOptions): Promise<string> {
  return (require('./svg/to-svg') as typeof import('./svg/to-svg')).toSvg(picture, options);
}

/**
 * A picture as a page in one file that needs no network: graph, timeline and list of tasks, with search.
 *
 * @example
 * await writeFile('run.html', await toHtml(recorder.picture(), { title: 'Nightly scores' }));
 */
export async function toHtml(picture: GraphPicture, options?: HtmlOptions): Promise<string> {
  return (require('./html/to-html') as typeof import('./html/to-html')).toHtml(picture, options);
}

/**
 * A picture for programs: one JSON document with `nodes`, `edges` and, of a run, `startedAt`, `endedAt` and `spans`.
 *
 * @example
 * await writeFile('graph.json', toJson(recorder.picture()));
 */
export function toJson(picture: GraphPicture): string {
  return (require('./text-formats') as typeof import('./text-formats')).toJson(picture);
}

/**
 * What ran when as Chrome trace events, which https://ui.perfetto.dev and chrome://tracing open: a lane a worker (and,
 * of what runs in process, as many as were busy at once), arrows from what was required, and how many tasks ran.
 *
 * @example
 * await writeFile('trace.json', toTrace(recorder.picture()));
 */
export function toTrace(picture: GraphPicture): string {
  return (require('./trace') as typeof import('./trace')).toTrace(picture);
}
