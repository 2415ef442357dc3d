import type { RunModel, Span } from './run-model';

export const laneHeight = 26;
export const axisHeight = 34;
/** Width of the names of lanes, which cover bars that begin further to the left. */
export const labelWidth = 116;
const rightMargin = 16;
const minBarsWidth = 50;
/** The shortest time that fills the window, in milliseconds. */
const minLength = 0.01;

/** Which part of a run is in the window, and where its spans are: all times in milliseconds, all places in pixels. */
export class TimelineLayout {
  readonly #model: RunModel;
  width = 0;
  height = 0;
  scrollTop = 0;
  #from = 0;
  #length: number;

  constructor(model: RunModel) {
    this.#model = model;
    this.#length = model.length;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#from + this.#length;
  }

  /** Width of the part in which bars are drawn. */
  get barsWidth(): number {
    return Math.max(minBarsWidth, this.width - labelWidth - rightMargin);
  }

  /** Height of all lanes, whether in the window or not. */
  get lanesHeight(): number {
    return axisHeight + this.#model.lanes.length * laneHeight;
  }

  /** The lanes in the window. */
  get visibleLanes(): { readonly first: number; readonly end: number } {
    return {
      first: Math.max(0, Math.floor((this.scrollTop - 40) / laneHeight)),
      end: Math.min(this.#model.lanes.length, Math.ceil((this.scrollTop + this.height) / laneHeight)),
    };
  }

  xOf(time: number): number {
    return labelWidth + ((time - this.#from) / this.#length) * this.barsWidth;
  }

  topOf(lane: number): number {
    return axisHeight + lane * laneHeight - this.scrollTop;
  }

  /** The span at a place in the window; the later one where bars are too small to be apart. */
  spanAt(x: number, y: number): Span | undefined {
    if (y < axisHeight || x < labelWidth - 6) return undefined;
    const lane = this.#model.spansByLane[Math.floor((y - axisHeight + this.scrollTop) / laneHeight)] ?? [];
    return lane.findLast(({ at, seconds }) => {
      const left = this.xOf(at);
      return x >= left - 1 && x <= Math.max(left + 2, this.xOf(at + seconds * 1000));
    });
  }

  showAll(): void {
    this.#moveTo(0, this.#model.length);
  }

  /** Moves to a start, without leaving the run. */
  moveTo(from: number): void {
    this.#moveTo(from, this.#length);
  }

  /** Moves so that a time is in the middle, unless it is in the window. */
  reveal(time: number): void {
    if (time < this.from || time > this.to) this.moveTo(time - this.#length / 2);
  }

  /** How many milliseconds some pixels are. */
  timeOf(pixels: number): number {
    return (pixels / this.barsWidth) * this.#length;
  }

  /** Zooms around a place, or around the middle. */
  zoom(factor: number, x = labelWidth + this.barsWidth / 2): void {
    const share = Math.max(0, Math.min(1, (x - labelWidth) / this.barsWidth));
    const length = Math.min(this.#model.length, Math.max(minLength, this.#length / factor));
    this.#moveTo(this.#from + share * (this.#length - length), length);
  }

  /** The times that are marked on the axis. */
  ticks(): readonly number[] {
    const step = roundStep(this.timeOf(110));
    const ticks: number[] = [];
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) ticks.push(at);
    return ticks;
  }

  #moveTo(from: number, length: number): void {
    this.#from = Math.max(0, Math.min(this.#model.length - length, from));
    this.#length = length;
  }
}

const minute = 60_000;
const hour = 60 * minute;
const longSteps = [15_000, 30_000, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 6 * hour];
const day = 24 * hour;

/** The next larger step that people read easily, in milliseconds: 1, 2, 5, 10 …, or whole parts of minutes, hours and days. */
export function roundStep(step: number): number {
  if (step > day) return Math.ceil(step / day) * day;
  if (step >= 10_000) return longSteps.find((one) => one >= step) ?? day;
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= step)!;
}
