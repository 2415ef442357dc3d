import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { pictureOf } from '../../report/picture';
import { checkOutputFile, drawPicture, type Format, formatOfFile, formats } from '../draw';
import { print } from '../output';
import { addTaskArguments, type SelectedTask, selectTask, withRunner } from '../task-command';

interface Options {
  readonly format?: Format;
  readonly output?: string;
}

export function define(command: Command): void {
  addTaskArguments(command)
    .addOption(
      new Option(
        '--format <format>',
        'format of the drawing (default: by the extension of the output file, or mermaid)',
      ).choices(formats),
    )
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .action(async () => {
      const selected = await selectTask(command);
      if (selected) await graph(selected, command.opts<Options>());
    });
}

async function graph(selected: SelectedTask, { format, output }: Options): Promise<void> {
  if (output !== undefined) checkOutputFile(output);
  const as = format ?? (output === undefined ? 'mermaid' : formatOfFile(output));
  await withRunner(selected, {}, async (runner) => {
    const text = await drawPicture(pictureOf(await runner.plan(selected.cls, selected.params)), as);
    if (output === undefined) print(text.endsWith('\n') ? text : `${text}\n`);
    else writeFileSync(output, text);
  });
}
