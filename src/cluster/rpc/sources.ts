import type { Observable } from 'rxjs';
import { isObservable } from 'rxjs/internal/util/isObservable';
import { checkFunction, checkNumber, checkWord, optionError } from '../../core/options.js';
import type { CreditRequest, CreditSource } from '../../reactive/credit-source.js';
import type { OverflowPolicy } from '../../spi/bus.js';

/** A source that cannot be slowed, with what happens when the other side does not keep up. Made by `withOverflow`. */
export interface LossySource<T> {
  readonly kind: 'lossy';
  readonly source: Observable<T>;
  readonly policy: LossyPolicy;
  readonly queueMax: number;
}

/** Everything but `block`, because an Observable cannot be blocked. */
export type LossyPolicy = Exclude<OverflowPolicy, 'block'>;

/** A source that is told how many items are wanted: for drivers, cursors and whatever can wait. */
export function fromCredit<T>(produce: (request: CreditRequest<T>) => void): CreditSource<T> {
  checkFunction('produce', produce);
  return { kind: 'credit', produce };
}

/** Takes an Observable with a bounded queue and a policy for when it is full. */
export function withOverflow<T>(
  source: Observable<T>,
  policy: LossyPolicy,
  queueMax: number = observableQueueMax,
): LossySource<T> {
  checkWord('policy', policy, lossyPolicies);
  checkNumber('queueMax', queueMax, 1, Number.MAX_SAFE_INTEGER);
  if (!isObservable(source)) throw optionError('source', 'give an Observable', source);
  return { kind: 'lossy', source, policy, queueMax };
}

const lossyPolicies: ReadonlySet<string> = new Set<LossyPolicy>(['drop-oldest', 'drop-newest', 'latest', 'error']);

/** Items that wait for credit behind an Observable that names no other bound. */
export const observableQueueMax = 1024;
