import type { PlacedText, RulePlace } from './rule-fault.js';

/** A rule as its file says it: every field there and of its type, expressions and topics not yet read. */
export interface RuleModel {
  readonly file: string;
  readonly place: RulePlace;
  readonly name: PlacedText;
  readonly from: readonly PlacedText[];
  readonly where: PlacedText | undefined;
  readonly everyMs: number | undefined;
  readonly key: PlacedText | undefined;
  readonly select: ValueModel | undefined;
  readonly to: PlacedText | undefined;
  readonly command: CommandModel | undefined;
  readonly placement: RulePlacement;
}

/** `one`: one node of those that loaded the rule runs all of it. `spread`: each key of an event has its node among them. */
export type RulePlacement = 'one' | 'spread';

/** A command to a device; the three names and `answerTo` are texts that may hold `{expressions}`. */
export interface CommandModel {
  readonly product: PlacedText;
  readonly device: PlacedText;
  readonly name: PlacedText;
  readonly input: ValueModel | undefined;
  readonly timeoutMs: number | undefined;
  readonly answerTo: PlacedText | undefined;
}

/** How a value is made: a text in the file is an expression, everything else stands for itself. */
export type ValueModel =
  | { readonly kind: 'expression'; readonly text: PlacedText }
  | { readonly kind: 'literal'; readonly value: number | boolean | null }
  | { readonly kind: 'map'; readonly fields: readonly (readonly [string, ValueModel])[] }
  | { readonly kind: 'list'; readonly items: readonly ValueModel[] };
