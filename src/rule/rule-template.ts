import { ClusterError } from '../core/errors.js';
import { findTopicFault, topicSegment } from '../core/topic.js';
import type { RuleMessage } from '../spi/rule.js';
import type { Expression, ExpressionCompiler } from './rule-expression.js';
import type { PlacedText, ReportFault } from './rule-fault.js';

/** A text made for each message. */
export type Template = (message: RuleMessage) => string;

/**
 * Reads a text that may hold `{expressions}`: `/alarm/{device}`. In a topic each of them becomes one escaped segment, or part of
 * one, whatever it gives; elsewhere it stands as it is.
 */
export class TemplateCompiler {
  readonly #expressions: ExpressionCompiler;
  readonly #report: ReportFault;

  constructor(expressions: ExpressionCompiler, report: ReportFault) {
    this.#expressions = expressions;
    this.#report = report;
  }

  /** A topic to publish on; what stands outside of the braces is checked now. */
  compileTopic(placed: PlacedText): Template | undefined {
    const pieces = this.#pieces(placed);
    if (pieces === undefined) return undefined;
    const sample = pieces.map((piece) => (typeof piece === 'string' ? piece : 'x')).join('');
    const fault = findTopicFault(sample);
    if (fault !== undefined) {
      this.#report(placed.place(0), 'a topic', `${JSON.stringify(placed.text)}: ${fault}`);
      return undefined;
    }
    return join(pieces, topicSegment);
  }

  /** A text, such as a device's id. */
  compileText(placed: PlacedText): Template | undefined {
    const pieces = this.#pieces(placed);
    return pieces === undefined ? undefined : join(pieces, (text) => text);
  }

  #pieces(placed: PlacedText): readonly Piece[] | undefined {
    const pieces: Piece[] = [];
    const { text } = placed;
    let whole = true;
    for (const match of text.matchAll(/([^{}]+)|\{([^{}]*)\}|[{}]/g)) {
      const [all, plain, inner] = match;
      const start = match.index + 1;
      if (plain !== undefined) pieces.push(plain);
      else if (inner === undefined) {
        this.#report(placed.place(match.index), 'an expression in braces, such as {device}', `a lone ${all}`);
        whole = false;
      } else {
        const expression = this.#expressions.compile({ text: inner, place: (offset) => placed.place(start + offset) });
        if (expression === undefined) whole = false;
        else pieces.push({ text: inner, expression });
      }
    }
    return whole ? pieces : undefined;
  }
}

type Piece = string | { readonly text: string; readonly expression: Expression };

function join(pieces: readonly Piece[], escape: (text: string) => string): Template {
  return (message) => {
    let made = '';
    for (const piece of pieces) made += typeof piece === 'string' ? piece : escape(toText(piece, message));
    return made;
  };
}

function toText(piece: Exclude<Piece, string>, message: RuleMessage): string {
  const value = piece.expression(message);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw new ClusterError(
    'handler-failed',
    `{${piece.text}} gives ${value === null ? 'null' : typeof value}, not a text or number`,
  );
}
