import { Param, type ParamsOf, Task, type TaskRef, task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import * as v from 'valibot';
import { z } from 'zod';
import { holds, type Same } from './same';

type Split = 'train' | 'test';
interface Options {
  readonly depth: number;
  readonly names?: readonly string[];
}
declare const asynchronous: StandardSchema<string, string>;

@Task()
export class Everything {
  @Param() text!: string;
  @Param() readonly count = 0;
  @Param() split: Split = 'train';
  @Param() big = 1n;
  @Param() at = new Date(0);
  @Param() pattern = /a/;
  @Param() link = new URL('https://example.org');
  @Param() bytes = new Uint8Array(3);
  @Param() buffer = Buffer.from('');
  @Param() names!: string[];
  @Param() pair!: [string, number];
  @Param() byName = new Map<string, number[]>();
  @Param() seen = new Set<string>();
  @Param() options: Options = { depth: 1 };
  @Param() model!: TaskRef<number>;
  @Param() models!: Record<string, TaskRef<number>[]>;
  @Param() anything: any;
  @Param() unsure: unknown;
  @Param({ optional: true }) limit?: number;
  @Param() maybe: string | undefined;
  @Param() nothing: null | string = null;
  run() {}
}

// Literals, readonly arrays and undefined can be passed; no type is wider than declared.
task(Everything, { text: 'a', split: 'test', names: ['a'], pair: ['a', 1], options: { depth: 2, names: ['x'] } });
task(Everything, { names: ['a'] as readonly string[], pair: ['a', 1] as const, text: undefined });
const split = 'test';
task(Everything, { split, byName: new Map([['a', [1]]]), limit: 3, maybe: undefined, nothing: null });
holds<Same<ParamsOf<Everything>['split'], Split | undefined>>();
holds<Same<ParamsOf<Everything>['limit'], number | undefined>>();
holds<Same<ParamsOf<Everything>['names'], readonly string[] | undefined>>();

// Schemas: of any library, alone or with options.
@Task()
export class Checked {
  @Param(z.number().int().positive()) epochs = 10;
  @Param(z.string().optional()) note: string | undefined;
  @Param(z.string().default('x')) filled!: string;
  @Param(z.enum(['train', 'test'])) split!: Split;
  @Param(v.pipe(v.string(), v.minLength(3))) long!: string;
  @Param(v.object({ a: v.number() })) inner!: { a: number };
  @Param({ schema: z.number(), key: false, secret: true, describe: 'a number' }) number = 3;
  @Param({ schema: z.number().optional(), optional: true }) some?: number | undefined;
  @Param(asynchronous) later!: string;
  @Param(z.coerce.number()) coerced!: number;
  run() {}
}

// Options alone.
@Task()
export class Described {
  @Param({}) a = 1;
  @Param({ key: false }) verbose = false;
  @Param({ secret: true }) token!: string;
  @Param({ describe: 'how many', optional: false }) limit!: number;
  run() {}
}
