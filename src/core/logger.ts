/** Values that a log line carries beside its text. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * error: a developer should look. info: a rare change of state, worth a line. debug: the rest; never per message.
 * Values go into `fields`, not into the text, so that lines can be counted.
 */
export interface Logger {
  error(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
}

/** Says nothing. The default of a library. */
export const silentLogger: Logger = {
  error: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};
