import type { LogFields, Logger } from '../core/logger.js';
import { type Terminal, toJson } from './terminal.js';

/**
 * Tells a person what went wrong in a node that the command runs, such as a rule that fails, on standard error. Other changes of state are
 * the command's own lines.
 */
export function terminalLogger(terminal: Terminal, json: boolean): Logger {
  return {
    error: (text, fields = {}) => {
      const shown = Object.entries(fields).map(([name, value]) => [name, toShown(value)] as const);
      const line = json
        ? toJson({ kind: 'error', text, ...Object.fromEntries(shown) })
        : ['error', text, ...shown.map(([name, value]) => `${name}=${toText(value)}`)].join('  ');
      terminal.note(line);
    },
    info: () => undefined,
    debug: () => undefined,
  };
}

/** An error says its message: the rest of it is for programs that embed a node. */
function toShown(value: LogFields[string]): unknown {
  return value instanceof Error ? value.message : value;
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value);
}
