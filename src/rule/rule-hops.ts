import { ClusterError } from '../core/errors.js';
import type { RuleMessage } from '../spi/rule.js';

/** The header that counts the rules an event came through. */
export const hopsHeader = 'rule-hops';

/** More than any sane chain of rules. */
const hopsMax = 16;

/**
 * The headers of what a rule publishes for a message: the message's, with one more rule counted, so that rules that feed each other in
 * a ring end. Throws `call-depth` there.
 */
export function countHop(message: RuleMessage, topic: string): Readonly<Record<string, string>> {
  // A device's own headers come along too, so the count may be anything.
  const before = Number(message.headers[hopsHeader] ?? 0);
  const hops = (Number.isSafeInteger(before) && before > 0 ? before : 0) + 1;
  if (hops <= hopsMax) return { ...message.headers, [hopsHeader]: String(hops) };
  throw new ClusterError('call-depth', `an event for ${topic} came through ${hopsMax} rules; they feed each other`);
}
