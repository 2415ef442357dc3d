import { offerReport } from '../run/report';
import { showProgress } from './progress';

export type { FoldOptions } from './fold';
export { toDot, toHtml, toJson, toMermaid, toSvg, toTrace } from './formats';
export type { HtmlOptions } from './html/to-html';
export {
  type GraphPicture,
  type PictureEdge,
  type PictureNode,
  type PictureSpan,
  pictureOf,
} from './picture';
export type { ProgressOptions } from './progress';
export type { ProgressStream } from './progress/screen';
export { RunRecorder } from './run-recorder';
export type { NodeState } from './states';

export { showProgress };

offerReport('progress', ({ events, sizes }) => showProgress(events, { sizes }));
