import { escapeControls } from './escape-controls';

/** A warning of Node's, which programs can listen to or turn off; Node writes it to stderr. */
export function emitWarning(message: string): void {
  process.emitWarning(escapeControls(message), 'TidemarkWarning');
}
