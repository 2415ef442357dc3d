import { importPeer } from './peers';

/** A specification for Vega-Lite, drawn as SVG. */
export async function draw(specification: object): Promise<string> {
  const { compile } = await importPeer('vega-lite');
  const { parse, View } = await importPeer('vega');
  const view = new View(parse(compile({ ...base, ...specification }).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

/** White paper, since it is seen on light and dark pages. */
const base = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  padding: 12,
  config: {
    font: 'sans-serif',
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e8e8e8' },
    legend: { labelFontSize: 12, orient: 'bottom' },
    title: { fontSize: 14, anchor: 'start' },
    line: { strokeWidth: 2 },
    point: { size: 40 },
    range: { category: ['#8a8a8a', '#0b6bcb', '#d9730d', '#2e8540', '#7a5195'] },
  },
};
