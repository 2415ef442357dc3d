import { Param, Task } from 'tidemark';

class Database {
  query() {
    return 'row';
  }
}
class Mailer {
  send(_to: string) {}
}
class Dataset {
  readonly rows: string[] = [];
}
class Report {
  readonly title = '';
}

// error: run() must return what produces names
@Task({ produces: Dataset })
export class MakesReport {
  run() {
    return new Report();
  }
}

// error: services lists the classes of the constructor parameters, in order
@Task({ services: [Mailer] })
export class OneWrong {
  constructor(readonly database: Database) {}
  run() {}
}

// error: services lists the classes of the constructor parameters, in order
@Task({ services: [Mailer, Database] })
export class OutOfOrder {
  constructor(
    readonly database: Database,
    readonly mailer: Mailer,
  ) {}
  run() {}
}

// error: services lists the classes of the constructor parameters, in order
@Task({ services: [Database] })
export class OneTooFew {
  constructor(
    readonly database: Database,
    readonly mailer: Mailer,
  ) {}
  run() {}
}

// error: Property 'run' is missing in type 'NoRun'
@Task()
export class NoRun {
  @Param() path!: string;
}

// error: Unable to resolve signature of class decorator
@Task
export class NoParentheses {
  run() {}
}

// error: Type 'number' is not assignable to type 'Awaitable<string>'
@Task()
export class NumberFingerprint {
  fingerprint() {
    return 3;
  }
  run() {}
}

// error: Types of parameters 'context' and 'context' are incompatible
@Task()
export class OwnContext {
  run(context: { workspace: string }) {
    return context.workspace;
  }
}

// error: Property 'id' is missing in type 'KeyOfAnother'
@Task({ key: (params: { id: string }) => params.id })
export class KeyOfAnother {
  @Param() name!: string;
  run() {}
}

// error: 'sav' does not exist in type
@Task({ sav: true })
export class MisspeltOption {
  run() {}
}

// error: Type 'number' is not assignable to type 'string'
@Task({ queue: 3 })
export class NumberQueue {
  run() {}
}

// error: Cannot assign an abstract constructor type to a non-abstract constructor type
@Task()
export abstract class Base {
  abstract run(): void;
}
