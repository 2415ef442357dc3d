import type { TaskDefinition } from '../task/definition';

/** The names that were warned of, by who was told: the `onWarning` of a runner. */
const warnedNames = new WeakMap<object, Set<string>>();

/**
 * Warns of saved tasks whose names may lead to the results of other classes, once a name.
 *
 * @param listener who is told, whatever the run
 */
export function warnOfNames(tasks: readonly TaskDefinition[], listener: object, warn: (message: string) => void): void {
  for (const { name, namesakes, isNameUnstable } of tasks) {
    if (!isNameUnstable && !namesakes?.areSeveral) continue;
    let names = warnedNames.get(listener);
    if (!names) warnedNames.set(listener, (names = new Set()));
    const tell = (problem: string, message: string) => {
      if (names.has(`${problem} ${name}`)) return;
      names.add(`${problem} ${name}`);
      warn(message);
    };
    if (namesakes?.areSeveral)
      tell(
        'several',
        `several classes called ${name} are saved in this process, and their results have the same keys: what one of them saved here is computed again for another, but what another process saved is not told apart. Give each a name of its own: @Task({ name: … })`,
      );
    if (isNameUnstable)
      tell(
        'unstable',
        `the class ${name} is saved under a name that looks like one of a minifier or bundler: after another build it may be the name of another class, whose results would be loaded, and its own not found. Give it one: @Task({ name: '…' }), or build with names kept (esbuild: keepNames, terser: keep_classnames)`,
      );
  }
}
