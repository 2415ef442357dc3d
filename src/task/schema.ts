import { type Awaitable, isPromiseLike } from '../base/awaitable';

/**
 * The Standard Schema interface (https://standardschema.dev), implemented by zod, valibot, arktype and others.
 * Declared here instead of imported, so that `In` and `Out` are inferred.
 */
export interface StandardSchema<In = unknown, Out = In> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => any;
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

/** The result of a validation. */
export type ValidationResult = { readonly value: unknown } | { readonly issues: readonly string[] };

/** True for a schema. The schemas of some libraries are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
}

/** Validates a value; returns a promise if the schema is asynchronous. */
export function validateWith(schema: StandardSchema, value: unknown): Awaitable<ValidationResult> {
  const outcome: Awaitable<Outcome> = schema['~standard'].validate(value);
  return isPromiseLike(outcome) ? Promise.resolve(outcome).then(toResult) : toResult(outcome);
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

interface Outcome {
  readonly value?: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

function toResult(outcome: Outcome): ValidationResult {
  return outcome.issues ? { issues: outcome.issues.map(toText) } : { value: outcome.value };
}

function toText({ message, path = [] }: Issue): string {
  const steps = path.map((step) => String(typeof step === 'object' ? step.key : step));
  return steps.length > 0 ? `${steps.join('.')}: ${message}` : message;
}
