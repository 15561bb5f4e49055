#!/usr/bin/env node
import { createProgram } from './program.js';
import { createProcessTerminal } from './process-terminal.js';

const terminal = createProcessTerminal();
process.exitCode = await createProgram(terminal).run(process.argv.slice(2));
