import { stateStyles, states } from '../states';

export const fontFamily = 'ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif';
export const monoFamily = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

const paperColours = {
  light: { text: '#16202b', muted: '#5a6774', card: '#ffffff', border: '#d5dbe1', edge: '#a3aeb9', back: '#f6f8fa' },
  dark: { text: '#e6edf3', muted: '#9aa6b2', card: '#171d24', border: '#333d48', edge: '#5d6a77', back: '#0e1318' },
} as const;

/** Rules that do not depend on the theme. */
export const shapeRules = [
  `.tm{font-family:${fontFamily}}`,
  // Otherwise hinting makes text wider in small pictures.
  '.tm text{text-rendering:geometricPrecision}',
  '.tm .title{font-size:13px;font-weight:600}',
  `.tm .param{font-size:11px;font-family:${monoFamily}}`,
  '.tm .remark,.tm .count{font-size:11px}',
  '.tm .sign{font-size:12px;font-weight:700;text-anchor:middle}',
  '.tm .count{text-anchor:middle}',
  '.tm .edge{fill:none;stroke-width:1.4}',
  '.tm .card{stroke-width:1}',
  '.tm .dashed .card{stroke-dasharray:4 3}',
].join('');

/** Colours of a theme, as values: few programs that render SVG support CSS variables. */
export function colourRules(theme: 'light' | 'dark', prefix = ''): string {
  const { text, muted, card, border, edge, back } = paperColours[theme];
  const rules = [
    `.tm .paper{fill:${back}}`,
    `.tm .title,.tm .name{fill:${text}}`,
    `.tm .param,.tm .remark,.tm .count,.tm .legend{fill:${muted}}`,
    `.tm .card{fill:${card};stroke:${border}}`,
    `.tm .edge{stroke:${edge}}`,
    `.tm .tip{fill:${edge}}`,
    `.tm .count{paint-order:stroke;stroke:${back};stroke-width:3px}`,
    `.tm .sign{fill:${theme === 'light' ? '#ffffff' : '#0e1318'}}`,
    ...states.flatMap((state) => {
      const { line, fill } = stateStyles[state][theme];
      return [
        `.tm .${state} .dot,.tm .share.${state}{fill:${line}}`,
        `.tm .${state}>.card{fill:${fill};stroke:${line}}`,
        `.tm .failed .remark{fill:${stateStyles.failed[theme].line}}`,
        `.tm .with-failed>.front{stroke:${stateStyles.failed[theme].line}}`,
      ];
    }),
  ];
  return [...new Set(rules)].map((rule) => rule.replaceAll('.tm', `${prefix}.tm`)).join('');
}
