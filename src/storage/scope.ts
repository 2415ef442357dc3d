import type { AsyncLocalStorage } from 'node:async_hooks';
import { TidemarkError } from '../base/error';
import { asyncStorage, describeIncompatibility, foreignCopies, ownCopy, sharedState } from '../base/shared-state';
import { StorageStack } from './storage-stack';

/** The options of a scope, which is always searched first. */
export interface ScopeOptions {
  /** Save results here instead of in the next enclosing storage that saves. @default true, unless it is read-only */
  readonly save?: boolean;
  /** Also search the enclosing storages. @default true */
  readonly nested?: boolean;
}

interface Scope {
  readonly stack: StorageStack;
  readonly saves: boolean;
  readonly isNested: boolean;
  readonly outer: Scope | undefined;
}

/** The scopes of all copies of this package. */
const state = sharedState('scopes', () => ({ scopes: undefined as AsyncLocalStorage<Scope> | undefined }));
ownCopy.isInScope = () => state.scopes?.getStore() !== undefined;

/** Calls `body` so that runs started in it, however late, search this stack first. */
export function runInScope<R>(stack: StorageStack, { save = true, nested = true }: ScopeOptions, body: () => R): R {
  const scopes = (state.scopes ??= asyncStorage<Scope>('scopes'));
  return scopes.run({ stack, saves: save, isNested: nested, outer: scopes.getStore() }, body);
}

/** The stores of the open scopes, from the innermost outwards, then those of a runner. */
export function withOpenScopes(own: StorageStack): StorageStack {
  const foreign = foreignCopies().find((copy) => copy.isInScope?.());
  if (foreign) throw new TidemarkError(`the scope of a storage cannot be used: ${describeIncompatibility()}`);
  const innermost = state.scopes?.getStore();
  if (!innermost) return own;
  const open: Scope[] = [];
  for (let scope: Scope | undefined = innermost; scope; scope = scope.isNested ? scope.outer : undefined)
    open.push(scope);
  const hidesOwn = !open.at(-1)!.isNested;
  const visible = [...open.map(({ stack }) => stack), ...(hidesOwn ? [] : [own])];
  // A scope with only read-only stores leaves saving to the next enclosing one.
  const saving =
    open.find(({ saves, stack }) => saves && stack.writes.length > 0)?.stack ?? (hidesOwn ? undefined : own);
  return new StorageStack(
    visible.flatMap(({ reads }) => reads),
    saving?.writes ?? [],
  );
}
