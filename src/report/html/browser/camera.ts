export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Rect = Point & Size;

/** Room around the graph, and between a box and the edge of the window, in pixels. */
const margin = 24;
const maxFittedScale = 1.25;
/** The scale that a box is shown at when its text must be readable, and the one below which it is not. */
const readableScale = { to: 0.9, below: 0.55 };

/** Which part of the graph is in the window, and how large. */
export class Camera {
  readonly #graph: Size;
  #x = 0;
  #y = 0;
  #scale = 1;

  constructor(graph: Size) {
    this.#graph = graph;
  }

  get scale(): number {
    return this.#scale;
  }

  /** For the `transform` attribute of the drawing. */
  get transform(): string {
    return `translate(${this.#x} ${this.#y}) scale(${this.#scale})`;
  }

  /** Shows the whole graph in the middle of the window. False when one of them is empty. */
  fit(width: number, height: number): boolean {
    const graph = this.#graph;
    if (width === 0 || graph.width === 0) return false;
    const room = { width: width - 2 * margin, height: height - 2 * margin };
    this.#scale = Math.min(maxFittedScale, room.width / graph.width, room.height / graph.height);
    this.#x = (width - graph.width * this.#scale) / 2;
    this.#y = (height - graph.height * this.#scale) / 2;
    return true;
  }

  pan(dx: number, dy: number): void {
    this.#x += dx;
    this.#y += dy;
  }

  /** Zooms around a point of the window, which stays where it is. */
  zoom(factor: number, { x, y }: Point): void {
    const scale = Math.min(4, Math.max(0.03, this.#scale * factor));
    this.#x = x - ((x - this.#x) * scale) / this.#scale;
    this.#y = y - ((y - this.#y) * scale) / this.#scale;
    this.#scale = scale;
  }

  /** Zooms in on a box until its text can be read, and puts it in the middle of the window; only when it cannot be read. */
  makeReadable(box: Rect, window: Size): void {
    if (this.#scale >= readableScale.below) return;
    this.#scale = readableScale.to;
    this.#x = window.width / 2 - (box.x + box.width / 2) * this.#scale;
    this.#y = window.height / 2 - (box.y + box.height / 2) * this.#scale;
  }

  /** Whether a window has room for a part of the graph at the present scale. */
  hasRoomFor({ width, height }: Size, window: Size): boolean {
    return Math.max(width * this.#scale - window.width, height * this.#scale - window.height) <= -2 * margin;
  }

  /** Brings a part of the graph into a window, moving as little as possible. */
  show(box: Rect, window: Size): void {
    const left = box.x * this.#scale + this.#x;
    const top = box.y * this.#scale + this.#y;
    this.#x += shiftInto(left, left + box.width * this.#scale, window.width);
    this.#y += shiftInto(top, top + box.height * this.#scale, window.height);
  }
}

/** The smallest rectangle around some others, of which there is at least one. */
export function boundsOf(rects: readonly Rect[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, width, height } of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** How far a range must move to be within a length; one that is too long goes to the middle. */
function shiftInto(from: number, to: number, length: number): number {
  if (from >= margin && to <= length - margin) return 0;
  if (to - from > length - 2 * margin) return (length - from - to) / 2;
  return from < margin ? margin - from : length - margin - to;
}
