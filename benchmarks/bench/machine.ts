import { cpus, totalmem } from 'node:os';

/** The machine: `Node v20.20.2, 2 × AMD EPYC, 24 GiB, linux x64`. */
export function machine(): string {
  const processors = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const model = processors[0]?.model.trim() ?? 'unknown';
  return `Node ${process.version}, ${processors.length} × ${model}, ${memory}, ${process.platform} ${process.arch}`;
}
