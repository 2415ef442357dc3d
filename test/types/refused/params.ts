import { Param, Task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import { z } from 'zod';

declare const unrelated: StandardSchema<Date, Date>;

@Task()
export class Params {
  // error: NeedsParentheses
  @Param bare!: string;

  // error: a property with ? needs @Param({ optional: true }); one with a default needs no ?
  @Param() limit?: number;

  // error: a property with ? needs @Param({ optional: true })
  @Param({ optional: false }) depth?: number;

  // error: a property with ? needs @Param({ optional: true })
  @Param({ key: false }) verbose?: boolean;

  // error: a property with ? needs @Param({ optional: true })
  @Param(z.string()) name?: string;

  // error: the schema gives another type than the property has
  @Param(z.string()) count!: number;

  // error: the schema gives another type than the property has
  @Param(z.number().optional()) size!: number;

  // error: the schema gives another type than the property has
  @Param({ schema: unrelated, key: false }) at!: string;

  // error: a param is passed in as the type of its property, so its schema must accept what it gives
  @Param(z.string().transform(Number)) parsed!: number;

  // error: params and requirements are public properties
  @Param() private hidden = 1;

  // error: params and requirements are public properties
  @Param() protected sheltered = 1;

  // error: params and requirements are public properties
  @Param(z.number()) private checked = 1;

  // error: 'kee' does not exist in type
  @Param({ kee: false }) misspelt = 1;

  // error: Type 'string' is not assignable to type 'ParamType
  @Param({ type: 'number' }) typed = 1;

  // error: Type 'string' is not assignable to type 'boolean'
  @Param({ secret: 'yes' }) token!: string;

  run() {
    return [this.hidden, this.sheltered, this.checked];
  }
}
