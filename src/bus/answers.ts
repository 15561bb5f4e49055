import type { ClusterError } from '../core/errors.js';

/** What is asked. */
export interface Question {
  readonly topic: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Groups that the node was chosen for; it answers for these and for its responders outside groups. */
  readonly groups: readonly string[];
  /** Asks the responders outside groups as well. */
  readonly plain: boolean;
  readonly key: string;
}

/** Hears the answers of one source. */
export interface AnswerSink {
  onAnswer(value: unknown, headers: Readonly<Record<string, string>>): void;
  /** Exactly once; `error` when it failed. Nothing comes after it. MAY come inside the call that asks. */
  onEnd(error: ClusterError | undefined): void;
}

/** One running question to one source. */
export interface AnswerSource {
  /** Allows one more answer. */
  request(count: number): void;
  /** Nobody listens any more. Nothing is told to the sink after it. */
  cancel(): void;
}

/** The source of a question that was over before it began. */
export const noAnswers: AnswerSource = { request: () => undefined, cancel: () => undefined };

/** Answers that a source may give before it is asked for more. */
export const answerCredit = 16;
