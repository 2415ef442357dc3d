export type { FoldOptions } from '../report/fold';
export { toDot, toHtml, toJson, toMermaid, toSvg, toTrace } from '../report/formats';
export type { HtmlOptions } from '../report/html/to-html';
export {
  type GraphPicture,
  type PictureEdge,
  type PictureNode,
  type PictureSpan,
  pictureOf,
} from '../report/picture';
export type { ProgressStream } from '../report/progress/screen';
export { type ProgressOptions, showProgress } from '../report/progress/show-progress';
export { RunRecorder } from '../report/run-recorder';
export type { NodeState } from '../report/states';
