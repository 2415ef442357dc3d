import { Param, Requires, Task, TaskDirectory, task } from 'tidemark';

@Task()
class Load {
  @Param() path!: string;
  @Param() limit = 3;
  run(): string[] {
    return [];
  }
}
class NoTask {
  path = '';
}

@Task()
export class Requirements {
  @Param() path!: string;
  @Param() seeds = [1, 2];

  // error: NeedsParentheses
  @Requires bare!: string[];

  // error: declare the property with the type that is required
  @Requires(Load) rows!: number[];

  // error: declare the property with the type that is required
  @Requires(Load) one!: string;

  // error: declare the property with the type that is required
  @Requires(Load, () => ({ limit: 1 })) first!: string;

  // error: declare the property with the type that is required
  @Requires((self) => self.seeds.map(() => task(Load, { path: 'a' }))) each!: string[];

  // error: declare the property with the type that is required
  @Requires((self) => (self.seeds.length > 0 ? task(Load) : undefined)) maybe!: string[];

  // error: declare the property with the type that is required
  @Requires(() => [Load, task(Load).at(0)]) tuple!: [string[], string[]];

  // error: the required task has no such param
  @Requires(Load, (self) => ({ path: self.path, limmit: 3 })) misspelt!: string[];

  // error: the required task has no such param
  @Requires(
    () => Load,
    () => ({ paht: 'a' }),
  )
  misspeltLater!: string[];

  // error: Type 'string' is not assignable to type 'number'
  @Requires(Load, () => ({ limit: '3' })) illTyped!: string[];

  // error: Property 'paht' does not exist on type 'Requirements'
  @Requires(Load, (self) => ({ path: self.paht })) misread!: string[];

  // error: Property 'sedes' does not exist on type 'Requirements'. Did you mean 'seeds'?
  @Requires((self) => self.sedes) misreadStructure!: number[];

  // error: params and requirements are public properties
  @Requires(Load) private hidden!: string[];

  // error: params and requirements are public properties
  @Requires(() => task(Load)) protected sheltered!: string[];

  // error: declare the property with the type that is required
  @Requires(TaskDirectory) text!: string;

  // error: declare the property with the type that is required
  @Requires(() => TaskDirectory) later!: TaskDirectory;

  // error: params and requirements are public properties
  @Requires(TaskDirectory) private kept!: TaskDirectory;

  // error: Property 'run' is missing in type 'NoTask'
  @Requires(NoTask) noTask!: NoTask;

  // error: declare the property with the type that is required
  @Requires(async () => task(Load)) promised!: string[];

  run() {
    return [this.hidden, this.sheltered, this.kept];
  }
}
