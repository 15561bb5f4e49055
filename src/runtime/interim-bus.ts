import { createLocalBus } from '../bus/create-local-bus.js';
import type { EventBus } from '../bus/event-bus.js';
export type BusRoom = EventBus & {
  start(): Promise<void>;
  stop(): Promise<void>;
  withdraw(ms: number): Promise<void>;
  finish(ms: number): Promise<void>;
  sayFinal(ms: number): Promise<void>;
  explain(topic: string): unknown;
  tap(pattern: string, o: { sample: number }): import('rxjs').Observable<import('../spi/bus.js').BusEvent>;
};
export function interim(deps: Parameters<typeof createLocalBus>[0]): BusRoom {
  const bus = createLocalBus(deps);
  const no = async (): Promise<void> => undefined;
  return Object.assign(bus, {
    start: no,
    withdraw: no,
    finish: no,
    sayFinal: no,
    explain: () => ({}),
    tap: (p: string) => bus.observe(p),
  }) as unknown as BusRoom;
}
