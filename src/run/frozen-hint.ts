import { textOf } from '../base/describe-error';
import type { GraphNode } from '../graph/node';

// What V8 says when something that is frozen is changed.
const changesFrozen = /read only property|not extensible|Cannot delete property/;

/** What to do when a task changed something frozen, as the end of a line; empty for other errors. */
export function frozenHint(cause: unknown, { params, requirements }: GraphNode): string {
  if (!changesFrozen.test(textOf(cause, 'message') ?? '')) return '';
  const frozen = Object.keys(params).filter((name) => typeof params[name] === 'object');
  const hints: string[] = [];
  if (frozen.length > 0) hints.push(`Params are frozen: change a copy, such as structuredClone(this.${frozen[0]})`);
  if (requirements.length > 0)
    hints.push(
      `Results are frozen when they are saved or have several users: change a copy (structuredClone), or give the runner { freeze: false }`,
    );
  return hints.map((hint) => `. ${hint}`).join('');
}
