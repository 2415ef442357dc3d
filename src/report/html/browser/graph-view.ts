import { boundsOf, Camera, type Point, type Rect } from './camera';
import { byId } from './elements';
import type { PageState, View } from './page-state';

const directions: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** Pointer movement up to this many pixels is a click, not a drag. */
const clickTolerance = 4;
/** Below this scale, boxes show nothing but large titles. */
const farScale = 0.5;

/** The graph: selects, filters, pans and zooms the drawing that is in the page. */
export class GraphView implements View {
  readonly #state: PageState;
  readonly #canvas = byId('canvas', SVGSVGElement);
  readonly #world = byId('world', SVGGElement);
  readonly #boxes = [...this.#world.querySelectorAll<SVGGElement>('.box')];
  readonly #lines = [...this.#world.querySelectorAll<SVGGElement>('.line')];
  readonly #rects = this.#boxes.map(readRect);
  readonly #camera = new Camera({
    width: Number(this.#world.dataset['width']),
    height: Number(this.#world.dataset['height']),
  });
  readonly #pointers = new Map<number, Point>();
  #isFitted = false;
  /** Whether the user has not moved the graph since it was fitted: then it is fitted to another window too. */
  #followsWindow = true;
  /** How far pointers moved since the first one went down. */
  #moved = 0;
  /** The box in the order of Tab: one at a time, so that Tab leaves the graph. */
  #focused = 0;

  constructor(state: PageState) {
    this.#state = state;
    this.#listenToPointers();
    for (const [index, element] of this.#boxes.entries()) this.#prepareBox(element, index);
  }

  update(): void {
    this.#fitOnce();
    const { model, box: selected, isFiltered } = this.#state;
    const lineage = selected === undefined ? undefined : model.boxLineage(selected);
    for (const [index, element] of this.#boxes.entries()) {
      const isMatch = !isFiltered || model.boxes[index]!.members.some((one) => this.#state.matches(model.nodes[one]!));
      const isRelated = isFiltered || lineage === undefined || lineage.has(index);
      element.classList.toggle('faint', !isMatch || !isRelated);
      element.classList.toggle('chosen', index === selected);
    }
    for (const line of this.#lines) {
      const [from, to] = [Number(line.dataset['from']), Number(line.dataset['to'])];
      const isRelated = lineage?.has(from) === true && lineage.has(to);
      line.classList.toggle('way', isRelated && (from === selected || to === selected));
      line.classList.toggle('faint', lineage === undefined ? isFiltered : !isRelated);
    }
    // After the details have opened beside the graph, which takes room.
    requestAnimationFrame(() => this.#showSelected(false));
  }

  reveal(): void {
    this.#showSelected(true);
  }

  /** Fits the graph to the window, unless the user has moved it. */
  resize(): void {
    if (this.#state.tab !== 'graph') this.#isFitted &&= !this.#followsWindow;
    else if (this.#followsWindow) this.fit();
  }

  /** Shows the whole graph. */
  fit(): void {
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (!this.#camera.fit(width, height)) return;
    this.#isFitted = true;
    this.#followsWindow = true;
    this.#applyCamera();
  }

  /** Zooms around a point of the window, or around the middle. */
  zoom(factor: number, at?: Point): void {
    const area = this.#canvas.getBoundingClientRect();
    const [x, y] = at === undefined ? [area.width / 2, area.height / 2] : [at.x - area.left, at.y - area.top];
    this.#camera.zoom(factor, { x, y });
    this.#followsWindow = false;
    this.#applyCamera();
  }

  #fitOnce(): void {
    if (this.#state.tab === 'graph' && !this.#isFitted) this.fit();
  }

  #applyCamera(): void {
    this.#canvas.classList.toggle('far', this.#camera.scale < farScale);
    this.#world.setAttribute('transform', this.#camera.transform);
  }

  /** @param isReadable whether to zoom in until its text can be read */
  #showSelected(isReadable: boolean): void {
    const { tab, box, model } = this.#state;
    if (tab !== 'graph' || box === undefined) return;
    const rect = this.#rects[box]!;
    const window = this.#canvas.getBoundingClientRect();
    if (isReadable && window.width > 0) {
      this.#camera.makeReadable(rect, window);
      this.#followsWindow = false;
    }
    const lineage = boundsOf(Array.from(model.boxLineage(box), (index) => this.#rects[index]!));
    this.#show(this.#camera.hasRoomFor(lineage, window) ? lineage : rect);
  }

  #show(rect: Rect): void {
    const window = this.#canvas.getBoundingClientRect();
    if (window.width === 0) return;
    this.#camera.show(rect, window);
    this.#applyCamera();
  }

  #listenToPointers(): void {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', ({ pointerId, clientX, clientY }) => {
      this.#pointers.set(pointerId, { x: clientX, y: clientY });
      if (this.#pointers.size === 1) this.#moved = 0;
    });
    canvas.addEventListener('pointermove', (event) => this.#movePointer(event));
    const release = ({ pointerId }: PointerEvent) => {
      this.#pointers.delete(pointerId);
      canvas.classList.remove('moving');
    };
    canvas.addEventListener('pointerup', release);
    canvas.addEventListener('pointercancel', release);
    const zoomByWheel = (event: WheelEvent) => {
      event.preventDefault();
      const speed = event.ctrlKey ? 0.01 : 0.0025;
      const step = Math.max(-80, Math.min(80, event.deltaY));
      this.zoom(Math.exp(-step * speed), { x: event.clientX, y: event.clientY });
    };
    canvas.addEventListener('wheel', zoomByWheel, { passive: false });
    canvas.addEventListener('click', ({ target }) => {
      if (this.#moved > clickTolerance) return;
      const element = target instanceof Element ? target.closest<SVGGElement>('.box') : null;
      if (element) this.#state.selectBox(this.#boxes.indexOf(element));
      else this.#state.select(undefined);
    });
  }

  /** One pointer pans, two zoom. */
  #movePointer({ pointerId, clientX, clientY }: PointerEvent): void {
    const from = this.#pointers.get(pointerId);
    if (!from) return;
    const to = { x: clientX, y: clientY };
    const other = [...this.#pointers].find(([id]) => id !== pointerId)?.[1];
    if (other) {
      const distance = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
      this.zoom(distance(to) / distance(from), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
    } else {
      this.#camera.pan(to.x - from.x, to.y - from.y);
      this.#followsWindow = false;
      this.#applyCamera();
    }
    this.#moved += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
    if (this.#moved > clickTolerance) {
      this.#canvas.setPointerCapture(pointerId);
      this.#canvas.classList.add('moving');
    }
    this.#pointers.set(pointerId, to);
  }

  #prepareBox(element: SVGGElement, index: number): void {
    element.setAttribute('tabindex', index === 0 ? '0' : '-1');
    element.setAttribute('role', 'button');
    element.setAttribute('aria-label', element.querySelector('title')?.textContent ?? '');
    element.addEventListener('focus', () => {
      this.#focused = index;
    });
    element.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        this.#state.selectBox(index);
      }
      const direction = directions[event.key];
      if (!direction) return;
      event.preventDefault();
      const next = nearestBox(this.#rects, index, direction);
      if (next !== undefined) this.#focus(next);
    });
  }

  #focus(index: number): void {
    this.#boxes[this.#focused]!.setAttribute('tabindex', '-1');
    this.#focused = index;
    this.#boxes[index]!.setAttribute('tabindex', '0');
    this.#boxes[index]!.focus({ preventScroll: true });
    this.#show(this.#rects[index]!);
  }
}

function readRect(element: SVGGElement): Rect {
  const [x, y] = element
    .getAttribute('transform')!
    .match(/-?[\d.]+/g)!
    .map(Number) as [number, number];
  const card = element.querySelector('.front')!;
  return { x, y, width: Number(card.getAttribute('width')), height: Number(card.getAttribute('height')) };
}

/** The next box in a direction: near along it, and not far to its sides. */
function nearestBox(rects: readonly Rect[], from: number, [dx, dy]: readonly [number, number]): number | undefined {
  const start = rects[from]!;
  const middle = ({ x, y, width, height }: Rect) => [x + width / 2, y + height / 2] as const;
  const [startX, startY] = middle(start);
  let nearest: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, rect] of rects.entries()) {
    const [x, y] = middle(rect);
    const along = (x - startX) * dx + (y - startY) * dy;
    const aside = Math.abs((x - startX) * dy) + Math.abs((y - startY) * dx);
    if (index === from || along < 10 || (dx === 0 && aside > start.width)) continue;
    const distance = along + aside * 0.7;
    if (distance >= least) continue;
    least = distance;
    nearest = index;
  }
  return nearest;
}
