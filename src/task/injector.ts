import { ownDeclaration } from './declaration';
import { type Injector, ownInjector } from './typedi';

/** What makes a class with its services: typedi as the copy of this package has it that declared the class. */
export function injectorOf(cls: Function): Injector {
  return ownDeclaration(cls)?.injector ?? ownInjector;
}
