import type { SchedulerAction, SchedulerLike } from 'rxjs';
import { Subscription } from 'rxjs/internal/Subscription';
import { after, type Clock } from '../core/clock.js';

/**
 * Makes the RxJS scheduler of a clock, so that time in streams is the node's time: simulated in a simulation. Work scheduled with no
 * delay runs after the caller, never inside the call.
 */
export function createClockScheduler(clock: Clock): SchedulerLike {
  return {
    now: () => clock.now(),
    schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T): Subscription {
      const action = createAction(clock, work);
      return action.schedule(state, delayMs);
    },
  };
}

/** One piece of work, which may schedule itself again. */
function createAction<T>(clock: Clock, work: (this: SchedulerAction<T>, state?: T) => void): SchedulerAction<T> {
  let cancel: (() => void) | undefined;
  const action: SchedulerAction<T> = Object.assign(new Subscription(() => cancel?.()), {
    schedule(state?: T, delayMs = 0): Subscription {
      if (action.closed) return action;
      cancel?.();
      cancel = clock.setTimer(after(clock.now(), Math.max(0, delayMs)), () => {
        cancel = undefined;
        if (!action.closed) work.call(action, state);
      });
      return action;
    },
  });
  return action;
}
