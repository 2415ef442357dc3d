import { Param, Requires, Task, TaskDirectory, TaskRef, task } from 'tidemark';

interface Row {
  readonly id: string;
}

@Task()
class Load {
  @Param() path!: string;
  @Param() limit = 3;
  run(): Row[] {
    return [];
  }
}
@Task()
class Count {
  @Param() path!: string;
  async run() {
    return 3;
  }
}
@Task()
class Anything {
  run(): any {
    return 3;
  }
}
@Task()
class Forget {
  run(): void {}
}
@Task({ save: true })
class Unpack {
  @Requires(TaskDirectory) directory!: TaskDirectory;
  @Requires(TaskDirectory) hasPath!: { readonly path: string };
  @Requires() reflected!: TaskDirectory;
  run(): { where: TaskDirectory; files: string[] } {
    return { where: this.directory, files: [this.directory.file('a', 'b.txt'), `${this.directory}`] };
  }
}

@Task()
export class Handed {
  @Param() path!: string;
  @Param() paths!: string[];
  @Param() fast = true;
  @Param() model!: TaskRef<number>;
  @Param({ optional: true }) other?: TaskRef<string>;

  @Requires(Load) rows!: Row[];
  @Requires(Load) wider!: readonly { id: string }[] | undefined;
  @Requires(Count) protected2!: number | string;
  @Requires(Anything) anything!: Date;
  @Requires(Forget) nothing!: void;
  @Requires(Unpack) unpacked!: { where: TaskDirectory; files: string[] };
  @Requires(() => [task(Unpack).at('where')]) where!: TaskDirectory[];
  @Requires(Load, () => ({ limit: 5 })) five!: Row[];
  @Requires(Load, (self) => ({ path: `${self.path}.gz`, limit: undefined })) packed!: Row[];
  @Requires(
    () => Load,
    (self) => ({ path: self.path }),
  )
  later!: Row[];
  @Requires(() => Load) forward!: Row[];
  @Requires((self) => self.model) number!: number;
  @Requires((self) => self.other) text!: string | undefined;

  @Requires((self) => self.paths.map((path) => task(Load, { path }))) each!: Row[][];
  @Requires((self) => Object.fromEntries(self.paths.map((path) => [path, task(Count, { path })])))
  byPath!: Record<string, number>;
  @Requires((self) => new Map(self.paths.map((path) => [path, task(Count, { path })])))
  asMap!: ReadonlyMap<string, number>;
  @Requires((self) => (self.fast ? task(Count, { path: 'a' }) : task(Load, { path: 'a' }))) either!: number | Row[];
  @Requires((self) => (self.fast ? [] : [task(Count, { path: 'a' })])) some!: number[];
  @Requires((self) => [task(Count, { path: self.path }), Load, 'literal', 3]) tuple!: [number, Row[], string, number];
  @Requires(() => ({ a: { b: [task(Count, { path: 'b' })] }, c: undefined })) nested!: {
    a: { b: [number] };
    c?: undefined;
  };
  @Requires(() => []) none!: number[];
  @Requires((self) => ({ count: task(Count, { path: self.path }), options: [1, ['a']], day: new Date() }))
  beside!: { count: number; options: (number | string[])[]; day: Date };
  @Requires((self) => [self.paths, task(Count)]) mixed!: [string[], number];
  @Requires(({ paths: [first] }) => task(Load, { path: first }).at(0, 'id')) part!: string;
  run() {}
}

// In base classes whose results are type parameters, and redeclared without emit.
export abstract class Generic<Model> {
  @Param() source!: TaskRef<Model>;
  @Requires((self) => self.source) model!: Model;
  abstract score(model: Model): number;
  run() {
    return this.score(this.model);
  }
}
@Task()
class Six {
  run() {
    return 6;
  }
}
@Task()
export class Base {
  @Requires(Count, () => ({ path: 'x' })) number!: number;
  run() {
    return this.number;
  }
}
@Task()
export class Derived extends Base {
  @Requires(Six) declare number: number;
}
@Task()
export class Scored extends Generic<string> {
  score(model: string) {
    return model.length;
  }
}

// A class that uses itself.
@Task()
export class Choose {
  @Param() n!: number;
  @Param() k!: number;
  @Requires(({ n, k }) => (0 < k && k < n ? [task(Choose, { n: n - 1, k: k - 1 }), task(Choose, { n: n - 1, k })] : []))
  above!: number[];
  run(): number {
    return this.above.reduce((a, b) => a + b, 0) || 1;
  }
}
