import { offerReport } from '../run/report';
import { showProgress } from './progress';

export { toDot } from './dot';
export type { FoldOptions } from './fold';
export { type HtmlOptions, toHtml } from './html';
export { toJson } from './json';
export { toMermaid } from './mermaid';
export {
  type GraphPicture,
  type NodeState,
  type PictureEdge,
  type PictureNode,
  type PictureSpan,
  pictureOf,
} from './picture';
export type { ProgressOptions } from './progress';
export type { ProgressStream } from './progress/screen';
export { RunRecorder } from './run-recorder';
export { toSvg } from './svg';
export { toTrace } from './trace';

export { showProgress };

offerReport('progress', ({ events, sizes }) => showProgress(events, { sizes }));
