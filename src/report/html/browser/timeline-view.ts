import { stateNames, stateSigns } from '../../states';
import { byId, showDuration } from './elements';
import type { PageState, View } from './page-state';
import type { Span } from './run-model';
import { TimelineChart } from './timeline-chart';
import { axisHeight, laneHeight, TimelineLayout } from './timeline-layout';

const clickTolerance = 4;
const maxTipText = 200;

/** A drag in progress: where it began, and what the window began with then. */
interface Drag {
  readonly x: number;
  readonly from: number;
}

/** The timeline: when and where each task ran. */
export class TimelineView implements View {
  readonly #state: PageState;
  readonly #section = byId('timeline', HTMLElement);
  readonly #scroll = byId('scroll', HTMLElement);
  readonly #canvas = byId('chart', HTMLCanvasElement);
  readonly #spacer = byId('spacer', HTMLElement);
  readonly #tip = byId('tip-text', HTMLElement);
  readonly #layout: TimelineLayout;
  readonly #chart: TimelineChart;
  #drag: Drag | undefined;
  /** How far the last drag went; it outlasts the drag, since the click comes after it. */
  #dragged = 0;

  constructor(state: PageState) {
    this.#state = state;
    this.#layout = new TimelineLayout(state.model);
    this.#chart = new TimelineChart(this.#canvas, state, this.#layout);
    this.#listenToPointers();
    this.#scroll.addEventListener('scroll', () => this.update());
    this.#scroll.addEventListener('keydown', (event) => this.#selectByKey(event));
  }

  update(): void {
    if (this.#state.tab !== 'timeline') return;
    const layout = this.#layout;
    layout.width = this.#scroll.clientWidth;
    layout.height = this.#scroll.clientHeight;
    layout.scrollTop = this.#scroll.scrollTop;
    this.#spacer.style.height = `${Math.max(0, layout.lanesHeight + 50 - layout.height)}px`;
    this.#chart.draw();
  }

  zoom(factor: number, x?: number): void {
    this.#layout.zoom(factor, x);
    this.update();
  }

  fit(): void {
    this.#layout.showAll();
    this.update();
  }

  #listenToPointers(): void {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', ({ clientX }) => {
      this.#drag = { x: clientX, from: this.#layout.from };
      this.#dragged = 0;
    });
    window.addEventListener('pointerup', () => {
      this.#drag = undefined;
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#drag) this.#pan(event.clientX, this.#drag);
      else this.#showTip(event);
    });
    canvas.addEventListener('pointerleave', () => {
      this.#tip.hidden = true;
    });
    canvas.addEventListener('click', (event) => {
      if (this.#dragged > clickTolerance) return;
      this.#state.select(this.#spanAt(event)?.node);
    });
    canvas.addEventListener('wheel', (event) => this.#zoomByWheel(event), { passive: false });
  }

  #pan(x: number, drag: Drag): void {
    this.#dragged = Math.max(this.#dragged, Math.abs(x - drag.x));
    this.#layout.moveTo(drag.from - this.#layout.timeOf(x - drag.x));
    this.update();
  }

  /** The wheel scrolls when there are more lanes than the window shows; with Ctrl it zooms all the same. */
  #zoomByWheel(event: WheelEvent): void {
    const scrolls = this.#layout.lanesHeight > this.#scroll.clientHeight && !event.ctrlKey;
    if (event.shiftKey || scrolls) return;
    event.preventDefault();
    const step = Math.max(-80, Math.min(80, event.deltaY));
    this.zoom(Math.exp(-step * 0.004), event.clientX - this.#canvas.getBoundingClientRect().left);
  }

  #spanAt({ clientX, clientY }: MouseEvent): Span | undefined {
    const area = this.#canvas.getBoundingClientRect();
    return this.#layout.spanAt(clientX - area.left, clientY - area.top);
  }

  #showTip(event: PointerEvent): void {
    const span = this.#spanAt(event);
    this.#tip.hidden = span === undefined;
    this.#canvas.style.cursor = span === undefined ? 'default' : 'pointer';
    if (span === undefined) return;
    this.#tip.textContent = this.#tipText(span);
    const area = this.#section.getBoundingClientRect();
    const left = Math.min(event.clientX - area.left + 14, area.width - this.#tip.offsetWidth - 10);
    const top = Math.min(event.clientY - area.top + 16, area.height - this.#tip.offsetHeight - 8);
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${top}px`;
  }

  #tipText({ node, at, seconds, state, attempt }: Span): string {
    const { task, paramText, error } = this.#state.model.nodes[node]!;
    const tried = attempt > 1 ? `, attempt ${attempt}` : '';
    return [
      `${stateSigns[state]} ${task}`,
      paramText.slice(0, maxTipText),
      `${stateNames[state]}${tried}, ${showDuration(seconds)}, from ${showDuration(at / 1000)}`,
      state === 'failed' && error ? error.slice(0, maxTipText) : '',
    ]
      .filter(Boolean)
      .join('\n');
  }

  /** Arrow keys go from span to span, in the order of their starts. */
  #selectByKey(event: KeyboardEvent): void {
    const spans = this.#state.model.spansByStart;
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || spans.length === 0) return;
    event.preventDefault();
    const last = spans.length - 1;
    const at = spans.findIndex(({ node }) => node === this.#state.node);
    const next = at < 0 ? (step > 0 ? 0 : last) : Math.max(0, Math.min(last, at + step));
    const span = spans[next]!;
    this.#layout.reveal(span.at);
    const top = span.lane * laneHeight;
    const { scrollTop, clientHeight } = this.#scroll;
    if (top < scrollTop || top + axisHeight + laneHeight > scrollTop + clientHeight)
      this.#scroll.scrollTop = top - clientHeight / 2;
    this.#state.select(span.node);
  }
}
