import {
  auditTime,
  bufferTime,
  debounceTime,
  delay,
  interval,
  sampleTime,
  throttleTime,
  timeout,
  timer,
  windowTime,
  type MonoTypeOperatorFunction,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  type ThrottleConfig,
} from 'rxjs';
import type { Clock } from '../core/clock.js';
import { createClockScheduler } from './clock-scheduler.js';

/** RxJS's operators that know time, bound to one clock. All periods are in milliseconds. */
export interface TimeOperators {
  readonly scheduler: SchedulerLike;
  delay<T>(dueMs: number): MonoTypeOperatorFunction<T>;
  debounceTime<T>(quietMs: number): MonoTypeOperatorFunction<T>;
  throttleTime<T>(periodMs: number, config?: ThrottleConfig): MonoTypeOperatorFunction<T>;
  auditTime<T>(periodMs: number): MonoTypeOperatorFunction<T>;
  sampleTime<T>(periodMs: number): MonoTypeOperatorFunction<T>;
  /** Collects values for a period, or until there are `countMax` of them. */
  bufferTime<T>(periodMs: number, countMax?: number): OperatorFunction<T, T[]>;
  windowTime<T>(periodMs: number, countMax?: number): OperatorFunction<T, Observable<T>>;
  /** Fails with RxJS's `TimeoutError` when the next value takes longer. */
  timeout<T>(eachMs: number): MonoTypeOperatorFunction<T>;
  interval(periodMs: number): Observable<number>;
  /** One value after `dueMs`, and then one each period if one is given. */
  timer(dueMs: number, periodMs?: number): Observable<number>;
}

/** Makes the time operators of a clock; the only place where they are made. */
export function createTimeOperators(clock: Clock): TimeOperators {
  const scheduler = createClockScheduler(clock);
  return {
    scheduler,
    delay: (dueMs) => delay(dueMs, scheduler),
    debounceTime: (quietMs) => debounceTime(quietMs, scheduler),
    throttleTime: (periodMs, config) => throttleTime(periodMs, scheduler, config),
    auditTime: (periodMs) => auditTime(periodMs, scheduler),
    sampleTime: (periodMs) => sampleTime(periodMs, scheduler),
    bufferTime: (periodMs, countMax = Number.POSITIVE_INFINITY) => bufferTime(periodMs, null, countMax, scheduler),
    windowTime: (periodMs, countMax = Number.POSITIVE_INFINITY) => windowTime(periodMs, null, countMax, scheduler),
    timeout: (eachMs) => timeout({ each: eachMs, scheduler }),
    interval: (periodMs) => interval(periodMs, scheduler),
    timer: (dueMs, periodMs) => (periodMs === undefined ? timer(dueMs, scheduler) : timer(dueMs, periodMs, scheduler)),
  };
}
