/**
 * What an event costs between two buses, or from one to ten, when links cost next to nothing: publish, route, lane, frame, and on
 * the other side the same back. With a codec that does nothing it is what the bus itself costs; sockets are not in it.
 */
import { createClusterBus, type ClusterBus } from '../../src/bus/create-cluster-bus.js';
import { TableRoom } from '../../src/cluster/table/table-room.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { silentLogger } from '../../src/core/logger.js';
import { ProcessMetrics } from '../../src/runtime/process-metrics.js';
import type { LaneCodec } from '../../src/spi/codec.js';
import { MemoryLinks } from '../../src/testing/memory-links.js';
import { Simulator } from '../../src/testing/simulator.js';
import { iotEvent } from '../payload.js';
import type { MicroCase } from './case.js';

const topic = 'bench/events/0';
const events = Array.from({ length: 1024 }, (_, index) => iotEvent(index));
const turnEvents = 64;

/** Carries a hundred bytes whatever the value is, and gives back one and the same. */
function emptyCodec(): LaneCodec {
  const bytes = new Uint8Array(100);
  const value = iotEvent(0);
  const encoder = {
    definitionCount: 0,
    needed: 0,
    definition: () => bytes,
    encode: () => bytes,
    encodeInto: (_: unknown, writer: { bytes(source: Uint8Array): void }) => writer.bytes(bytes),
  };
  const decoder = { definitionCount: 0, needed: 0, define: () => true, decode: () => value };
  return {
    name: 'application/x-nothing',
    capabilities: [],
    encode: () => bytes,
    decode: () => value,
    createEncoder: () => encoder,
    createDecoder: () => decoder,
  };
}

async function startNodes(receivers: number, codec: () => LaneCodec): Promise<{ sim: Simulator; buses: ClusterBus[] }> {
  const sim = new Simulator({ seed: 1 });
  const hub = new MemoryLinks(sim);
  const buses: ClusterBus[] = [];
  for (let index = 0; index <= receivers; index += 1) {
    const { links, membership, id } = hub.add(`node-${index}`);
    const shared = { links, membership, clock: sim, logger: silentLogger, metrics: new ProcessMetrics() };
    const tables = new TableRoom(shared);
    const bus = createClusterBus({ ...shared, tables, random: sim.random.fork(id.name), self: id, codec: codec() });
    await tables.start();
    await bus.start();
    buses.push(bus);
  }
  return { sim, buses };
}

async function flow(name: string, receivers: number, codec: () => LaneCodec): Promise<MicroCase> {
  const { sim, buses } = await startNodes(receivers, codec);
  const [sender, ...others] = buses;
  if (sender === undefined) throw new Error('no sender');
  let got = 0;
  for (const bus of others) bus.subscribe(topic, () => void (got += 1));
  await sim.runAsync(1000);
  const work = (count: number): void => {
    for (let done = 0; done < count; done += turnEvents) {
      for (let index = 0; index < turnEvents; index += 1) sender.publish(topic, events[(done + index) % events.length]);
      sim.run(1);
    }
  };
  return {
    name,
    make() {
      got = 0;
      work(turnEvents);
      if (got !== turnEvents * receivers) throw new Error(`${got} events came`);
      return work;
    },
  };
}

/** One to one and one to ten, with and without what the codec costs. */
export const cases: readonly MicroCase[] = [
  await flow('1:1, no codec', 1, emptyCodec),
  await flow('1:1, msgpack', 1, createMsgpackCodec),
  await flow('1:10, no codec', 10, emptyCodec),
];
