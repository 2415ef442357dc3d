import { stateSigns, stateStyles } from '../../states';
import { showDuration } from './elements';
import type { PageState } from './page-state';
import type { Span } from './run-model';
import { axisHeight, labelWidth, laneHeight, type TimelineLayout } from './timeline-layout';

const colourNames = ['text', 'muted', 'border', 'card', 'back', 'hover'] as const;

interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly font: string;
  readonly theme: 'light' | 'dark';
  readonly colours: Readonly<Record<(typeof colourNames)[number], string>>;
}

/** Draws the timeline on a canvas, where many thousand bars cost little. */
export class TimelineChart {
  readonly #canvas: HTMLCanvasElement;
  readonly #state: PageState;
  readonly #layout: TimelineLayout;

  constructor(canvas: HTMLCanvasElement, state: PageState, layout: TimelineLayout) {
    this.#canvas = canvas;
    this.#state = state;
    this.#layout = layout;
  }

  draw(): void {
    const brush = this.#prepare();
    if (!brush) return;
    const layout = this.#layout;
    const { context, colours } = brush;
    context.fillStyle = colours.border;
    for (const at of layout.ticks()) context.fillRect(Math.round(layout.xOf(at)), axisHeight, 1, layout.height);
    const { first, end } = layout.visibleLanes;
    for (let lane = first; lane < end; lane++) this.#drawLane(brush, lane);
    this.#drawAxis(brush);
  }

  /** Sizes the canvas, which clears it too. */
  #prepare(): Brush | undefined {
    const { width, height } = this.#layout;
    const ratio = window.devicePixelRatio || 1;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext('2d');
    if (!context) return undefined;
    context.scale(ratio, ratio);
    context.textBaseline = 'middle';
    const style = getComputedStyle(document.documentElement);
    return {
      context,
      font: getComputedStyle(document.body).fontFamily,
      theme: document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light',
      colours: Object.fromEntries(
        colourNames.map((name) => [name, style.getPropertyValue(`--${name}`)]),
      ) as Brush['colours'],
    };
  }

  #drawLane(brush: Brush, lane: number): void {
    const { context, colours, font } = brush;
    const { model } = this.#state;
    const top = this.#layout.topOf(lane);
    if (lane % 2 === 1) {
      context.globalAlpha = 0.5;
      context.fillStyle = colours.hover;
      context.fillRect(0, top, this.#layout.width, laneHeight);
      context.globalAlpha = 1;
    }
    for (const span of model.spansByLane[lane]!) this.#drawSpan(brush, span, top);
    context.fillStyle = colours.back;
    context.fillRect(0, top, labelWidth - 6, laneHeight);
    context.fillStyle = colours.muted;
    context.font = `12px ${font}`;
    context.fillText(model.lanes[lane]!, 16, top + laneHeight / 2, labelWidth - 26);
  }

  #drawSpan({ context, colours, font, theme }: Brush, { node: index, at, seconds, state }: Span, top: number): void {
    const layout = this.#layout;
    const left = Math.max(labelWidth - 6, layout.xOf(at));
    const right = Math.min(layout.width, layout.xOf(at + seconds * 1000));
    if (right < labelWidth - 6 || left > layout.width) return;
    const node = this.#state.model.nodes[index]!;
    const length = Math.max(1.5, right - left - 1);
    context.globalAlpha = this.#state.isFiltered && !this.#state.matches(node) ? 0.12 : 1;
    context.fillStyle = stateStyles[state][theme].line;
    context.beginPath();
    context.roundRect(left, top + 4, length, laneHeight - 8, Math.min(4, length / 2));
    context.fill();
    if (index === this.#state.node) {
      context.strokeStyle = colours.text;
      context.lineWidth = 2;
      context.stroke();
    }
    if (length > 34) {
      context.save();
      context.clip();
      context.fillStyle = colours.card;
      context.font = `11px ${font}`;
      const text = `${stateSigns[state]} ${node.task}${length > 150 ? `  ${node.label}` : ''}`;
      context.fillText(text, left + 6, top + laneHeight / 2 + 0.5);
      context.restore();
    }
    context.globalAlpha = 1;
  }

  #drawAxis({ context, colours, font }: Brush): void {
    const layout = this.#layout;
    context.fillStyle = colours.card;
    context.fillRect(0, 0, layout.width, axisHeight);
    context.fillStyle = colours.border;
    context.fillRect(0, axisHeight - 1, layout.width, 1);
    context.fillStyle = colours.muted;
    context.font = `11.5px ${font}`;
    for (const at of layout.ticks())
      context.fillText(showDuration(at / 1000), Math.round(layout.xOf(at)) + 4, axisHeight / 2);
  }
}
