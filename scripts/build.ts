/** Emits the package to dist/: declarations file by file, bundled JavaScript, and a command that can be executed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
execFileSync(process.execPath, ['--import', 'tsx', 'scripts/bundle.ts', 'dist'], { stdio: 'inherit' });
chmodSync('dist/cli/main.js', 0o755);
