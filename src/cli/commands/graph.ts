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
        'what it is drawn as (default: what the ending of the output file says, or mermaid)',
      ).choices(formats),
    )
    .option('-o, --output <file>', 'write it there instead of printing it')
    .action(async () => {
      const meant = await selectTask(command);
      if (meant) await graph(meant, command.opts<Options>());
    });
}

async function graph(meant: SelectedTask, { format, output }: Options): Promise<void> {
  if (output !== undefined) checkOutputFile(output);
  const as = format ?? (output === undefined ? 'mermaid' : formatOfFile(output));
  await withRunner(meant, {}, async (runner) => {
    const text = await drawPicture(pictureOf(await runner.plan(meant.cls, meant.params)), as);
    if (output === undefined) print(text.endsWith('\n') ? text : `${text}\n`);
    else writeFileSync(output, text);
  });
}
