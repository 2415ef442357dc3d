/** State of a task before, during or after a run. */
export type NodeState =
  | 'to-run'
  | 'to-load'
  | 'unknown'
  | 'not-needed'
  | 'running'
  | 'ran'
  | 'loaded'
  | 'failed'
  | 'skipped';

/** Colours of a state on a light or a dark background. */
interface StateStyle {
  /** Colour of its border, its sign and its part of bars. */
  readonly line: string;
  readonly fill: string;
  readonly text: string;
  readonly isDashed?: boolean;
}

/** All states, in the order in which they are listed. */
export const states = [
  'failed',
  'running',
  'ran',
  'loaded',
  'to-run',
  'to-load',
  'unknown',
  'skipped',
  'not-needed',
] as const satisfies readonly NodeState[];

/** Signs, so that states differ not by colour alone. */
export const stateSigns: Readonly<Record<NodeState, string>> = {
  'to-run': '○',
  'to-load': '⇣',
  unknown: '?',
  'not-needed': '·',
  running: '…',
  ran: '✓',
  loaded: '↓',
  failed: '✗',
  skipped: '–',
};

export const stateNames: Readonly<Record<NodeState, string>> = {
  'to-run': 'to run',
  'to-load': 'to load',
  unknown: 'not known yet',
  'not-needed': 'not needed',
  running: 'running',
  ran: 'ran',
  loaded: 'loaded',
  failed: 'failed',
  skipped: 'skipped',
};

const light = (line: string, fill: string, isDashed = false): StateStyle => ({ line, fill, text: '#16202b', isDashed });
const dark = (line: string, fill: string, isDashed = false): StateStyle => ({ line, fill, text: '#e6edf3', isDashed });

// Hues of Okabe and Ito, which differ for all common kinds of colour vision, with a contrast of at least 4.5.
export const stateStyles: Readonly<Record<NodeState, { readonly light: StateStyle; readonly dark: StateStyle }>> = {
  'to-run': { light: light('#7a5195', '#f7f2fa'), dark: dark('#c9a0e4', '#2a2233') },
  'to-load': { light: light('#2f7fb5', '#f0f7fc', true), dark: dark('#7cc4f0', '#1b2a36', true) },
  unknown: { light: light('#84713a', '#faf8ee', true), dark: dark('#cdb97c', '#2b281b', true) },
  'not-needed': { light: light('#6b7682', '#f6f7f8', true), dark: dark('#8b97a3', '#1a2027', true) },
  running: { light: light('#a86400', '#fff6e0'), dark: dark('#f5b83d', '#35290f') },
  ran: { light: light('#00795a', '#ebf8f3'), dark: dark('#3ecf9f', '#12302a') },
  loaded: { light: light('#0062a3', '#e8f3fb'), dark: dark('#58b4f5', '#13293c') },
  failed: { light: light('#c03f00', '#fdeee6'), dark: dark('#ff8a4d', '#3d1f12') },
  skipped: { light: light('#6b7682', '#f1f3f5', true), dark: dark('#8b97a3', '#20262d', true) },
};
