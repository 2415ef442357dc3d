import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '../..');
const filesIn = (folder: string) => readdirSync(join(__dirname, folder)).map((name) => join(__dirname, folder, name));

/** All files in one program, compiled as by `npm run types`. */
const program = (() => {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { options } = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, host)!;
  return ts.createProgram([...filesIn('accepted'), ...filesIn('refused')], options);
})();

/** The compiler errors of a file, by line. */
function errorsIn(file: string): Map<number, string> {
  const source = program.getSourceFile(file)!;
  const errors = new Map<number, string>();
  for (const { start = 0, messageText } of ts.getPreEmitDiagnostics(program, source)) {
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    errors.set(line, `${errors.get(line) ?? ''}${ts.flattenDiagnosticMessageText(messageText, '\n')}\n`);
  }
  return errors;
}

/** The lines after an `// error: …`, with the expected errors. */
function expectedIn(file: string): Map<number, string> {
  const lines = program.getSourceFile(file)!.text.split('\n');
  const parts = lines.map((line) => /^\s*\/\/ error: (.+)$/.exec(line)?.[1]);
  return new Map(parts.flatMap((part, i) => (part === undefined ? [] : [[i + 2, part]])));
}

const named = (folder: string) => filesIn(folder).map((file) => [file.slice(__dirname.length + 1), file] as const);

it.each(named('accepted'))('the compiler accepts %s', (_, file) => {
  expect([...errorsIn(file)]).toEqual([]);
});

it.each(named('refused'))('the compiler reports the marked errors in %s', (_, file) => {
  const errors = errorsIn(file);
  const expected = expectedIn(file);
  expect([...errors.keys()]).toEqual([...expected.keys()]);
  for (const [line, part] of expected) expect(errors.get(line)).toContain(part);
});
