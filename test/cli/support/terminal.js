// Makes stdout look like a terminal to a command: tables are aligned then.
Object.defineProperty(process.stdout, 'isTTY', { value: true });
