import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { toDot, toMermaid, toSvg, toTrace } from '../../src/report';
import { node, pictureOfNodes, wide } from './fixtures/pictures';

const nasty = '</text><script>alert("1")</script>\\ \'& \u0000 #quot; ]--> 日本 \ud800';
const nastyPicture = () =>
  pictureOfNodes([
    node('A/1', { task: 'A"];x', params: { text: nasty } }),
    node('B/1', { requires: ['A/1'], state: 'failed', error: nasty, params: { [nasty]: 1 } }),
  ]);

it('writes Mermaid with signs, params and figures', () => {
  expect(toMermaid(wide(1))).toBe(
    [
      'flowchart LR',
      '  n0["✓ Load<br>1.3 s · 34 kB"]:::ran',
      '  n1["✓ Train<br>seed: 0<br>1.3 s"]:::ran',
      '  n2["– Score<br>1.3 s"]:::skipped',
      '  n0 --> n1',
      '  n1 --> n2',
      '  classDef ran fill:#ebf8f3,stroke:#00795a,color:#16202b',
      '  classDef skipped fill:#f1f3f5,stroke:#6b7682,color:#16202b,stroke-dasharray:4',
      '',
    ].join('\n'),
  );
  expect(toMermaid(wide(1000))).toContain('n1[["Train × 1,000<br>✗ 1 failed · ✓ 999 ran"]]');
  expect(toMermaid(nastyPicture())).not.toMatch(/<script|"\];x|\\/);
});

it('writes Graphviz that Graphviz reads, whatever the params hold', async () => {
  const { instance } = require('@viz-js/viz') as typeof import('@viz-js/viz');
  const viz = await instance();
  for (const picture of [wide(2), wide(1000), nastyPicture()]) {
    const { status, output } = viz.render(toDot(picture), { format: 'svg' });
    expect(status).toBe('success');
    expect(output).not.toContain('<script');
  }
  expect(viz.renderString(toDot(nastyPicture()), { format: 'svg' })).toContain('alert');
});

it('draws SVG with states by colour and sign', async () => {
  const svg = await toSvg(wide(5));
  for (const part of ['>✓<', '>✗<', '>–<', '>Train<', '>seed: 0<', '>1.3 s · 34 kB<', '>loss is NaN<', '>1 failed<'])
    expect(svg).toContain(part);
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(await toSvg(wide(5000))).toContain('>Train × 5,000<');
});

it('escapes all that people write', async () => {
  const svg = await toSvg(nastyPicture());
  expect(svg).toContain('&lt;script&gt;alert(&quot;1&quot;)');
  expect(svg).not.toMatch(/<script/);
  expect([svg.includes('\u0000'), svg.isWellFormed()]).toEqual([false, true]);
});

it('draws any graph, also an empty one and one with loops', async () => {
  expect(await toSvg({ nodes: [], edges: [] })).toContain('<svg');
  const loop = Array.from({ length: 200 }, (_, i) => node(`Step/${i}`, { requires: i > 0 ? [`Step/${i - 1}`] : [] }));
  expect(await toSvg(pictureOfNodes(loop))).toContain('× 199');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), async (texts) => {
      const nodes = texts.map((text, i) =>
        node(`${text}${i}`, { task: text, params: { text }, requires: [`${texts[0]}0`] }),
      );
      expect((await toSvg(pictureOfNodes(nodes))).match(/<rect class="card front"/g) ?? []).toHaveLength(nodes.length);
    }),
    { numRuns: 30 },
  );
});

it('loads Graphviz only when it is used', () => {
  const report = require.resolve('../../src/report');
  const program = `require(${JSON.stringify(report)});console.log(Object.keys(require.cache).some((name) => name.includes('viz-js')))`;
  const register = require.resolve('../support/register.js');
  expect(execFileSync(process.execPath, ['-r', register, '-e', program], { encoding: 'utf8' })).toBe('false\n');
});

it('writes a trace with a lane a worker and arrows for requirements', () => {
  const picture = wide(8);
  const load = {
    ...picture.spans![0]!,
    key: 'Load/0',
    kind: 'load' as const,
    startedAt: 1e12 - 10,
    seconds: 0.01,
    lane: 'loads 1',
  };
  const { traceEvents } = JSON.parse(toTrace({ ...picture, startedAt: 1e12 - 10, spans: [load, ...picture.spans!] }));
  const of = (phase: string) => traceEvents.filter(({ ph }: { ph: string }) => ph === phase);
  expect(of('X')[1]).toMatchObject({
    name: 'Train',
    ts: 10_000,
    dur: 1_000_000,
    pid: 2,
    tid: 1,
    args: { key: 'Train/0', params: { seed: 0 }, outcome: 'ran' },
  });
  expect(of('M').map(({ args }: { args: { name: string } }) => args.name)).toEqual([
    'loads',
    'threads',
    'loads 1',
    'threads 1',
    'threads 2',
    'threads 3',
    'threads 4',
  ]);
  expect([of('s').length, of('f').length]).toEqual([8, 8]);
  const [start] = of('s');
  const end = of('f').find(({ id }: { id: number }) => id === start.id);
  expect([start.pid, start.ts < 10_000, end.pid, end.ts]).toEqual([1, true, 2, 10_000]);
  expect(Math.max(...of('C').map(({ args }: { args: { running: number } }) => args.running))).toBe(4);
});
