/** The page's script: zoom, pan, and the way through the graph by keyboard. */
export const graphScript = String.raw`
const canvas = $('canvas');
const world = $('world');
const boxElements = [...world.querySelectorAll('.box')];
const lineElements = [...world.querySelectorAll('.line')];
const places = boxElements.map((element) => {
  const [x, y] = element.getAttribute('transform').match(/-?[\d.]+/g).map(Number);
  const card = element.querySelector('.front');
  const width = Number(card.getAttribute('width'));
  const height = Number(card.getAttribute('height'));
  return { x, y, width, height, middleX: x + width / 2, middleY: y + height / 2 };
});
const extent = { width: Number(world.dataset.width), height: Number(world.dataset.height) };
const camera = { x: 0, y: 0, scale: 1 };
let isFitted = false;

function place() {
  canvas.classList.toggle('far', camera.scale < 0.5);
  world.setAttribute('transform', 'translate(' + camera.x + ' ' + camera.y + ') scale(' + camera.scale + ')');
}
function fit() {
  const { width, height } = canvas.getBoundingClientRect();
  if (width === 0 || extent.width === 0) return;
  camera.scale = Math.min(1.25, (width - 48) / extent.width, (height - 48) / extent.height);
  camera.x = (width - extent.width * camera.scale) / 2;
  camera.y = (height - extent.height * camera.scale) / 2;
  isFitted = true;
  place();
}
function zoom(factor, x, y) {
  const area = canvas.getBoundingClientRect();
  const atX = x === undefined ? area.width / 2 : x - area.left;
  const atY = y === undefined ? area.height / 2 : y - area.top;
  const scale = Math.min(4, Math.max(0.03, camera.scale * factor));
  camera.x = atX - ((atX - camera.x) * scale) / camera.scale;
  camera.y = atY - ((atY - camera.y) * scale) / camera.scale;
  camera.scale = scale;
  place();
}
// How far something must move to lie within a length.
function into(from, to, length) {
  const edge = 24;
  if (from >= edge && to <= length - edge) return 0;
  return to - from > length - 2 * edge ? (length - from - to) / 2 : from < edge ? edge - from : length - edge - to;
}
// Brings a box into sight; with isNear, at a size that can be read.
function showBox(index, isNear) {
  const at = places[index];
  const { width, height } = canvas.getBoundingClientRect();
  if (width === 0) return;
  if (isNear && camera.scale < 0.55) {
    camera.scale = 0.9;
    camera.x = width / 2 - at.middleX * camera.scale;
    camera.y = height / 2 - at.middleY * camera.scale;
  }
  const left = at.x * camera.scale + camera.x;
  const top = at.y * camera.scale + camera.y;
  camera.x += into(left, left + at.width * camera.scale, width);
  camera.y += into(top, top + at.height * camera.scale, height);
  place();
}

const pointers = new Map();
let moved = 0;
canvas.addEventListener('pointerdown', (event) => {
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pointers.size === 1) moved = 0;
});
canvas.addEventListener('pointermove', (event) => {
  const from = pointers.get(event.pointerId);
  if (!from) return;
  const other = [...pointers].find(([id]) => id !== event.pointerId);
  const to = { x: event.clientX, y: event.clientY };
  if (other) {
    const span = (point) => Math.hypot(point.x - other[1].x, point.y - other[1].y) || 1;
    zoom(span(to) / span(from), (to.x + other[1].x) / 2, (to.y + other[1].y) / 2);
  } else {
    camera.x += to.x - from.x;
    camera.y += to.y - from.y;
    place();
  }
  moved += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
  if (moved > 4) { canvas.setPointerCapture(event.pointerId); canvas.classList.add('moving'); }
  pointers.set(event.pointerId, to);
});
for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, (event) => {
  pointers.delete(event.pointerId);
  canvas.classList.remove('moving');
});
canvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  zoom(Math.exp(-Math.max(-80, Math.min(80, event.deltaY)) * (event.ctrlKey ? 0.01 : 0.0025)), event.clientX, event.clientY);
}, { passive: false });
canvas.addEventListener('click', (event) => {
  if (moved > 4) return;
  const element = event.target.closest('.box');
  if (element) chooseBox(boxElements.indexOf(element));
  else choose(undefined);
});

// One box at a time is in the order of Tab; arrows go to the next one in their direction.
let focused = 0;
function focusBox(index) {
  boxElements[focused].setAttribute('tabindex', '-1');
  focused = index;
  boxElements[index].setAttribute('tabindex', '0');
  boxElements[index].focus({ preventScroll: true });
  showBox(index);
}
const directions = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
function nextBox(from, [dx, dy]) {
  const at = places[from];
  let best;
  let least = Infinity;
  places.forEach((to, index) => {
    const along = (to.middleX - at.middleX) * dx + (to.middleY - at.middleY) * dy;
    const aside = Math.abs((to.middleX - at.middleX) * dy) + Math.abs((to.middleY - at.middleY) * dx);
    if (index === from || along < 10 || (dx === 0 && aside > at.width)) return;
    if (along + aside * 0.7 < least) { least = along + aside * 0.7; best = index; }
  });
  return best;
}
boxElements.forEach((element, index) => {
  element.setAttribute('tabindex', index === 0 ? '0' : '-1');
  element.setAttribute('role', 'button');
  element.setAttribute('aria-label', element.querySelector('title').textContent);
  element.addEventListener('focus', () => { focused = index; });
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); chooseBox(index); }
    const direction = directions[event.key];
    if (!direction) return;
    event.preventDefault();
    const next = nextBox(index, direction);
    if (next !== undefined) focusBox(next);
  });
});

const after = boxes.map(() => []);
const before = boxes.map(() => []);
for (const [from, to] of edges) { after[from].push(to); before[to].push(from); }
const lineEnds = lineElements.map((element) => [Number(element.dataset.from), Number(element.dataset.to)]);
view.listeners.push(() => {
  const chosen = view.box;
  const lineage = chosen === undefined ? undefined : new Set([chosen, ...reach(chosen, (at) => after[at]), ...reach(chosen, (at) => before[at])]);
  const filtered = isFiltered();
  boxElements.forEach((element, index) => {
    const found = !filtered || boxes[index].members.some((member) => matches(nodes[member]));
    element.classList.toggle('faint', !found || (!filtered && lineage !== undefined && !lineage.has(index)));
    element.classList.toggle('chosen', index === chosen);
  });
  lineElements.forEach((element, index) => {
    const [from, to] = lineEnds[index];
    const isOn = lineage !== undefined && lineage.has(from) && lineage.has(to);
    element.classList.toggle('way', isOn && (from === chosen || to === chosen));
    element.classList.toggle('faint', (lineage !== undefined && !isOn) || (lineage === undefined && filtered));
  });
});
// After the details have opened beside the graph.
view.listeners.push(() => requestAnimationFrame(() => {
  if (view.tab === 'graph' && view.box !== undefined) showBox(view.box);
}));
`;
