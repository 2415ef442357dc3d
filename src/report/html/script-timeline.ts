/** The page's script: what ran when, drawn on a canvas so that many thousand bars cost nothing. */
export const timelineScript = String.raw`
const chart = $('chart');
const scroll = $('scroll');
const tipText = $('tip-text');
const laneHeight = 26;
const axisHeight = 34;
const labelWidth = 116;
const byLane = lanes.map(() => []);
spans.forEach((span) => byLane[span[1]].push(span));
const inOrder = [...spans].sort((a, b) => a[2] - b[2]);
const time = { from: 0, to: Math.max(1e-3, data.length) };

function widthOfTime() { return Math.max(50, scroll.clientWidth - labelWidth - 16); }
function xOf(at) { return labelWidth + ((at - time.from) / (time.to - time.from)) * widthOfTime(); }
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name); }
function tick(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  const steps = step < 1000 || step >= 60000 ? [1, 2, 5, 10] : [1, 2, 5, 10, 15, 30, 60];
  if (step >= 10000) return [15000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000, 7200000, 21600000, 86400000].find((one) => one >= step) || step;
  return steps.map((one) => one * power).find((one) => one >= step);
}
function drawChart() {
  if (view.tab !== 'timeline') return;
  const width = scroll.clientWidth;
  const height = scroll.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  chart.width = width * ratio;
  chart.height = height * ratio;
  chart.style.width = width + 'px';
  chart.style.height = height + 'px';
  $('spacer').style.height = Math.max(0, axisHeight + lanes.length * laneHeight + 50 - height) + 'px';
  const paint = chart.getContext('2d');
  paint.scale(ratio, ratio);
  const font = getComputedStyle(document.body).fontFamily;
  const colours = { text: colour('--text'), muted: colour('--muted'), border: colour('--border'), card: colour('--card'), back: colour('--back'), accent: colour('--accent'), hover: colour('--hover') };
  const theme = document.documentElement.dataset.theme;
  const filtered = isFiltered();
  paint.textBaseline = 'middle';
  const first = Math.max(0, Math.floor((scroll.scrollTop - 40) / laneHeight));
  const last = Math.min(lanes.length, Math.ceil((scroll.scrollTop + height) / laneHeight));
  const step = tick(((time.to - time.from) / widthOfTime()) * 110);
  for (let at = Math.ceil(time.from / step) * step; at <= time.to; at += step) {
    paint.fillStyle = colours.border;
    paint.fillRect(Math.round(xOf(at)), axisHeight, 1, height);
  }
  for (let lane = first; lane < last; lane++) {
    const top = axisHeight + lane * laneHeight - scroll.scrollTop;
    if (lane % 2 === 1) { paint.globalAlpha = 0.5; paint.fillStyle = colours.hover; paint.fillRect(0, top, width, laneHeight); paint.globalAlpha = 1; }
    for (const span of byLane[lane]) drawSpan(paint, span, top, { theme, filtered, colours, font, width });
    paint.fillStyle = colours.back;
    paint.fillRect(0, top, labelWidth - 6, laneHeight);
    paint.fillStyle = colours.muted;
    paint.font = '12px ' + font;
    paint.fillText(lanes[lane], 16, top + laneHeight / 2, labelWidth - 26);
  }
  paint.fillStyle = colours.card;
  paint.fillRect(0, 0, width, axisHeight);
  paint.fillStyle = colours.border;
  paint.fillRect(0, axisHeight - 1, width, 1);
  paint.fillStyle = colours.muted;
  paint.font = '11.5px ' + font;
  for (let at = Math.ceil(time.from / step) * step; at <= time.to; at += step) paint.fillText(duration(at / 1000), Math.round(xOf(at)) + 4, axisHeight / 2);
}
function drawSpan(paint, [node, , at, seconds, state], top, { theme, filtered, colours, font, width }) {
  const left = Math.max(labelWidth - 6, xOf(at));
  const right = Math.min(width, xOf(at + seconds * 1000));
  if (right < labelWidth - 6 || left > width) return;
  const { line } = look.get(state).look[theme];
  const length = Math.max(1.5, right - left - 1);
  paint.globalAlpha = filtered && !matches(nodes[node]) ? 0.12 : 1;
  paint.fillStyle = line;
  paint.beginPath();
  if (paint.roundRect) paint.roundRect(left, top + 4, length, laneHeight - 8, Math.min(4, length / 2));
  else paint.rect(left, top + 4, length, laneHeight - 8);
  paint.fill();
  if (node === view.node) { paint.strokeStyle = colours.text; paint.lineWidth = 2; paint.stroke(); }
  if (length > 34) {
    paint.save();
    paint.clip();
    paint.fillStyle = colours.card;
    paint.font = '11px ' + font;
    const { task, label } = nodes[node];
    paint.fillText(look.get(state).sign + ' ' + task + (length > 150 ? '  ' + label : ''), left + 6, top + laneHeight / 2 + 0.5);
    paint.restore();
  }
  paint.globalAlpha = 1;
}
function spanAt(event) {
  const area = chart.getBoundingClientRect();
  const x = event.clientX - area.left;
  const y = event.clientY - area.top;
  if (y < axisHeight || x < labelWidth - 6) return undefined;
  const lane = byLane[Math.floor((y - axisHeight + scroll.scrollTop) / laneHeight)] || [];
  return lane.findLast((span) => x >= xOf(span[2]) - 1 && x <= Math.max(xOf(span[2]) + 2, xOf(span[2] + span[3] * 1000)));
}
function zoomTime(factor, x) {
  const share = Math.max(0, Math.min(1, ((x === undefined ? labelWidth + widthOfTime() / 2 : x) - labelWidth) / widthOfTime()));
  const length = time.to - time.from;
  const next = Math.min(data.length || 1e-3, Math.max(0.01, length / factor));
  moveTime(time.from + share * (length - next), next);
}
function moveTime(from, length) {
  const start = Math.max(0, Math.min(Math.max(1e-3, data.length) - length, from));
  time.from = start;
  time.to = start + length;
  drawChart();
}
let dragged;
let draggedBy = 0;
chart.addEventListener('pointerdown', (event) => { dragged = { x: event.clientX, from: time.from }; draggedBy = 0; });
window.addEventListener('pointerup', () => { dragged = undefined; });
chart.addEventListener('pointermove', (event) => {
  if (dragged) {
    draggedBy = Math.max(draggedBy, Math.abs(event.clientX - dragged.x));
    const length = time.to - time.from;
    moveTime(dragged.from - ((event.clientX - dragged.x) / widthOfTime()) * length, length);
    return;
  }
  const span = spanAt(event);
  tipText.hidden = !span;
  chart.style.cursor = span ? 'pointer' : 'default';
  if (!span) return;
  const { task, brief, error } = nodes[span[0]];
  const tried = span[5] > 1 ? ', attempt ' + span[5] : '';
  tipText.textContent = look.get(span[4]).sign + ' ' + task + '\n' + (brief ? brief.slice(0, 200) + '\n' : '') + look.get(span[4]).name + tried + ', ' + duration(span[3]) + ', from ' + duration(span[2] / 1000) + (span[4] === 'failed' && error ? '\n' + error.slice(0, 200) : '');
  const area = $('timeline').getBoundingClientRect();
  tipText.style.left = Math.min(event.clientX - area.left + 14, area.width - tipText.offsetWidth - 10) + 'px';
  tipText.style.top = Math.min(event.clientY - area.top + 16, area.height - tipText.offsetHeight - 8) + 'px';
});
chart.addEventListener('pointerleave', () => { tipText.hidden = true; });
chart.addEventListener('click', (event) => {
  if (draggedBy > 4) return;
  const span = spanAt(event);
  choose(span && span[0]);
});
chart.addEventListener('wheel', (event) => {
  if (event.shiftKey || (lanes.length * laneHeight + axisHeight > scroll.clientHeight && !event.ctrlKey)) return;
  event.preventDefault();
  zoomTime(Math.exp(-Math.max(-80, Math.min(80, event.deltaY)) * 0.004), event.clientX - chart.getBoundingClientRect().left);
}, { passive: false });
scroll.addEventListener('scroll', drawChart);
scroll.addEventListener('keydown', (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || inOrder.length === 0) return;
  event.preventDefault();
  const at = inOrder.findIndex((span) => span[0] === view.node);
  const next = inOrder[at < 0 ? (by > 0 ? 0 : inOrder.length - 1) : Math.max(0, Math.min(inOrder.length - 1, at + by))];
  const length = time.to - time.from;
  if (next[2] < time.from || next[2] > time.to) moveTime(next[2] - length / 2, length);
  const top = next[1] * laneHeight;
  if (top < scroll.scrollTop || top + axisHeight + laneHeight > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top - scroll.clientHeight / 2;
  choose(next[0]);
});
view.listeners.push(drawChart);
`;
