// Makes stdout look like a terminal to a command: tables are aligned then. TERMINAL=both is stderr as well.
for (const stream of process.env.TERMINAL === 'both' ? [process.stdout, process.stderr] : [process.stdout])
  Object.defineProperty(stream, 'isTTY', { value: true });
