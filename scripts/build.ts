/** Emits the package to dist/: compiled files, declarations, and a command that can be executed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';

const command = 'dist/cli/main.js';

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (existsSync(command)) chmodSync(command, 0o755);
