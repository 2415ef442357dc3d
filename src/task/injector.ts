import { ownDeclaration } from './declaration';
import { type Injector, ownInjector } from './typedi';

/** The injector of a class: typedi of the copy of this package that declared the class. */
export function injectorOf(cls: Function): Injector {
  return ownDeclaration(cls)?.injector ?? ownInjector;
}
