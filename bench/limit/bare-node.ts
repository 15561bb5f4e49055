/** A process that starts, joins nothing and does nothing: what every Node process costs. */
import type { Contender } from '../contender.js';

const nothing = (): Promise<void> => Promise.resolve();

/** The measure for start and memory at rest. */
export const contender: Contender = {
  cluster: {
    start: () =>
      Promise.resolve({
        address: '',
        members: () => undefined,
        subscribe: nothing,
        publish: () => undefined,
        serve: nothing,
        call: () => Promise.reject(new Error('there is nobody to call')),
        onLoss: () => undefined,
        stop: nothing,
      }),
  },
};
