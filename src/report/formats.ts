import type { FoldOptions } from './fold';
import type { HtmlOptions } from './html/to-html';
import type { GraphPicture } from './picture';

// Most programs draw nothing, so the code of a format is loaded at its first use.

/**
 * Draws a picture as a Mermaid flowchart, which GitHub and others render in Markdown.
 *
 * @example
 * console.log(toMermaid(pictureOf(await runner.plan(ScoreModel, params))));
 */
export function toMermaid(picture: GraphPicture, options?: FoldOptions): string {
  return (require('./text-formats') as typeof import('./text-formats')).toMermaid(picture, options);
}

/**
 * Draws a picture in the DOT language of Graphviz.
 *
 * @example
 * await writeFile('graph.dot', toDot(pictureOf(await runner.plan(ScoreModel, params))));
 */
export function toDot(picture: GraphPicture, options?: FoldOptions): string {
  return (require('./text-formats') as typeof import('./text-formats')).toDot(picture, options);
}

/**
 * Draws a picture as SVG, for light and dark backgrounds. Graphviz computes the layout; it is loaded at its first use.
 *
 * @example
 * await writeFile('graph.svg', await toSvg(recorder.picture()));
 */
export async function toSvg(picture: GraphPicture, options?: FoldOptions): Promise<string> {
  return (require('./svg/to-svg') as typeof import('./svg/to-svg')).toSvg(picture, options);
}

/**
 * Makes a page in one file that needs no network: graph, timeline and list of tasks, with search.
 *
 * @example
 * await writeFile('run.html', await toHtml(recorder.picture(), { title: 'Nightly scores' }));
 */
export async function toHtml(picture: GraphPicture, options?: HtmlOptions): Promise<string> {
  return (require('./html/to-html') as typeof import('./html/to-html')).toHtml(picture, options);
}

/**
 * Writes a picture as JSON for other programs: `nodes`, `edges` and, for a run, `startedAt`, `endedAt` and `spans`.
 *
 * @example
 * await writeFile('graph.json', toJson(recorder.picture()));
 */
export function toJson(picture: GraphPicture): string {
  return (require('./text-formats') as typeof import('./text-formats')).toJson(picture);
}

/**
 * Writes a run as Chrome trace events, for https://ui.perfetto.dev or chrome://tracing: one lane per worker (in process,
 * one per task that ran at the same time), arrows from requirements to dependents, and the number of running tasks.
 *
 * @example
 * await writeFile('trace.json', toTrace(recorder.picture()));
 */
export function toTrace(picture: GraphPicture): string {
  return (require('./trace') as typeof import('./trace')).toTrace(picture);
}
