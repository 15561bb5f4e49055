import { map } from 'rxjs/internal/operators/map';
import { Observable } from 'rxjs/internal/Observable';
import { type LossySource, withOverflow } from '../cluster/rpc/sources.js';
import type { CallContext, ServiceHandlers } from '../cluster/rpc/service-types.js';
import { CancelSource } from '../core/cancel.js';
import type { Clock } from '../core/clock.js';
import type { BusEvent, PublishOptions, RequestOptions } from '../spi/bus.js';
import type { InvokeOptions } from '../spi/rpc.js';
import type { NodeRooms } from './assemble.js';
import {
  guestContract,
  type GuestCall,
  type GuestInterest,
  type GuestMessage,
  type GuestMethods,
} from './guest-contract.js';
import type { MemberView } from './guest-node.js';
import { type NodeStats, readStats } from './node-stats.js';
import { TopicMeter } from './topic-meter.js';

/** Serves the built-in contract by which guests use this node, and returns what to stop before the bus; see docs/decisions/0005-guests.md. */
export function serveGuests(rooms: NodeRooms, clock: Clock): TopicMeter {
  const meter = new TopicMeter({ bus: rooms.bus, clock });
  rooms.rpc.register(guestContract, guestHandlers(rooms, meter), { id: 'node' });
  return meter;
}

function guestHandlers(rooms: NodeRooms, meter: TopicMeter): ServiceHandlers<GuestMethods> {
  const { bus, rpc, membership } = rooms;
  return {
    host: () => selfView(rooms),
    members: () => membership.members().map((member) => viewOf(member, membership.self.name)),
    publish: (message: GuestMessage) => bus.publish(message.topic, message.value, publishOptions(message)),
    subscribe: (interest: GuestInterest) => guestEvents(rooms, interest),
    request: async (message: GuestMessage, context) =>
      toPlain(await bus.request(message.topic, message.value, requestOptions(message, context))),
    requestMany: (message: GuestMessage, context) =>
      plainItems(bus.requestMany(message.topic, message.value, requestOptions(message, context))),
    invoke: (asked: GuestCall, context) =>
      rpc.invoke(asked.service, asked.method, asked.input, invokeOptions(asked, context)),
    invokeStream: (asked: GuestCall, context) =>
      rpc.invokeStream(asked.service, asked.method, asked.input, invokeOptions(asked, context)),
    instances: ({ service }) => rpc.instances(service),
    explain: ({ topic }) => bus.explain(topic),
    tap: ({ pattern, sample }) =>
      withOverflow(bus.tap(pattern, { sample }).pipe(map(toPlain)), 'drop-oldest', guestQueueMax),
    stats: (): NodeStats => readStats(rooms, meter),
  };
}

/** Events that wait for a slow guest; the oldest go first, as a person at a terminal wants the newest. */
const guestQueueMax = 4096;

function guestEvents({ bus }: NodeRooms, { patterns, group }: GuestInterest): LossySource<BusEvent> {
  const options = group === undefined ? {} : { group: { name: group, strategy: 'random' as const } };
  const events = new Observable<BusEvent>((subscriber) => {
    const subscription = bus.subscribe(patterns, (event) => subscriber.next(toPlain(event)), options);
    return () => subscription.stop();
  });
  return withOverflow(events, 'drop-oldest', guestQueueMax);
}

/** An event as data: what crosses a link is its fields, whatever class made it. */
function toPlain({ topic, value, headers, source, captures }: BusEvent): BusEvent {
  return { topic, value, headers, source, captures };
}

async function* plainItems(events: AsyncIterable<BusEvent>): AsyncGenerator<BusEvent> {
  for await (const event of events) yield toPlain(event);
}

/** The fields that this build knows: a guest of a later one may send more, and what it says of other commands is not for these. */
function publishOptions({ key, headers, ttlMs }: GuestMessage): PublishOptions {
  return {
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

function requestOptions(message: GuestMessage, context: CallContext): RequestOptions {
  const { timeoutMs } = message;
  const wait = timeoutMs === undefined ? {} : { timeoutMs };
  return { ...publishOptions(message), ...wait, cancel: cancelOf(context) };
}

function invokeOptions({ node, timeoutMs }: GuestCall, context: CallContext): InvokeOptions {
  return {
    ...(node === undefined ? {} : { node }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    cancel: cancelOf(context),
  };
}

function cancelOf(context: CallContext): CancelSource {
  const source = new CancelSource();
  if (context.signal.aborted) source.cancel(context.signal.reason);
  else context.signal.addEventListener('abort', () => source.cancel(context.signal.reason), { once: true });
  return source;
}

function selfView({ membership, address }: NodeRooms): MemberView {
  return { ...viewOf(membership.self, membership.self.name), address };
}

function viewOf(member: { name: string; epoch: number; address: string; status: string }, self: string): MemberView {
  const { name, epoch, address, status } = member;
  return { name, epoch, address, status, self: name === self };
}
