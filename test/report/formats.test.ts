import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { toDot, toMermaid, toSvg } from '../../src/entry/report';
import { node, pictureOfNodes, wide } from './fixtures/pictures';

const nasty = '</text><script>alert("1")</script>\\ \'& \u0000 #quot; ]--> 日本 \ud800';
const nastyPicture = () =>
  pictureOfNodes([
    node('A/1', { task: 'A"];x', params: { text: nasty } }),
    node('B/1', { requires: ['A/1'], state: 'failed', error: nasty, params: { [nasty]: 1 } }),
  ]);

it('writes Mermaid with signs, params, durations and sizes', () => {
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

it('writes valid DOT, whatever the params contain', async () => {
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

it('escapes all text of users', async () => {
  const svg = await toSvg(nastyPicture());
  expect(svg).toContain('&lt;script&gt;alert(&quot;1&quot;)');
  expect(svg).not.toMatch(/<script/);
  expect([svg.includes('\u0000'), svg.isWellFormed()]).toEqual([false, true]);
});

it('draws any graph, even an empty one or one with loops', async () => {
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
  const report = require.resolve('../../src/entry/report');
  const program = `require(${JSON.stringify(report)});console.log(Object.keys(require.cache).some((name) => name.includes('viz-js')))`;
  const register = require.resolve('../support/register.js');
  expect(execFileSync(process.execPath, ['-r', register, '-e', program], { encoding: 'utf8' })).toBe('false\n');
});
