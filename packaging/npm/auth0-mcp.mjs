#!/usr/bin/env node
// Starts the auth0-mcp binary for this platform, which npm has installed as an optional dependency. Standard streams,
// signals and the exit status are those of the binary.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

const name = `@auth0-mcp/${process.platform}-${process.arch}`;

function binary() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return join(folder, 'bin', process.platform === 'win32' ? 'auth0-mcp.exe' : 'auth0-mcp');
  } catch {
    process.stderr.write(`auth0-mcp: the package ${name} is not installed. Either there is none for this platform, or ` +
      'optional dependencies were left out: install again without --omit=optional.\n');
    process.exit(1);
  }
}

const child = spawn(binary(), process.argv.slice(2), { stdio: 'inherit' });
// Ctrl-C in a terminal reaches the binary by itself, and a second SIGINT would end it at once.
process.on('SIGINT', () => process.stderr.isTTY || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  process.stderr.write(`auth0-mcp: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
