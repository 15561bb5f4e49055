/** Calls between processes of their own: what only a real process shows. */
import assert from 'node:assert/strict';
import { call, ClusterError, createNode, defineService } from '../../src/index.js';
import { drawLabel, eventually, type Program, Programs } from './process-fixture.js';

const miB = 1_048_576;
/** Both sides may grow by so much in front of a gigabyte: credit, slabs, buffers of the system's sockets, and the collector's pace. */
const growthMaxMiB = 96;

describe('calls between processes', function processes() {
  this.timeout(120_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  it('do not fail while three nodes restart one after the other and drain', async () => {
    const label = drawLabel();
    const caller = createNode({ name: 'caller', label, port: 0, seeds: [] });
    await caller.start();
    const worker = defineService('worker', {
      version: '1.0.0',
      methods: { once: call<number, string>(), again: call<number, string>({ idempotent: true }) },
    });
    const start = async (name: string, life: number): Promise<Program> => {
      const program = programs.run(`${name}-${life}`, workerProgram({ name, label, life, seed: caller.address }));
      await program.until(/serves/);
      const known = (): boolean => caller.rpc.instances(worker).some((one) => one.tags['life'] === `${name} ${life}`);
      await eventually(`${name} is known`, known);
      return program;
    };
    const names = ['one', 'two', 'three'];
    const running = await Promise.all(names.map((name) => start(name, 1)));
    const client = caller.rpc.client(worker, { select: 'random' });
    const seen = new Set<string>();
    const failures: string[] = [];
    const load = { isEnding: false };
    let answered = 0;
    const callOn = async (method: 'once' | 'again'): Promise<void> => {
      for (let index = 0; !load.isEnding; index += 1) {
        try {
          seen.add(await client[method](index % 50));
          answered += 1;
        } catch (error) {
          failures.push(`${method} ${error instanceof ClusterError ? error.message : String(error)}`);
        }
      }
    };
    const callers = Array.from({ length: 16 }, (_, index) => callOn(index % 2 === 0 ? 'once' : 'again'));
    for (const [index, name] of names.entries()) {
      const before = answered;
      await eventually('calls are answered', () => answered > before + 200);
      running[index]?.kill('SIGTERM');
      assert.equal(await running[index]?.exit(), 0, running[index]?.errors);
      running[index] = await start(name, 2);
    }
    const lives = names.flatMap((name) => [`${name} 1`, `${name} 2`]);
    await eventually('every life has answered', () => lives.every((life) => seen.has(life)));
    load.isEnding = true;
    await Promise.all(callers);
    assert.deepEqual(failures, []);
    await caller.stop();
  });

  it('keep the memory of both sides bounded while a gigabyte is offered and nobody reads', async () => {
    const label = drawLabel();
    const producer = programs.run('producer', producerProgram(label));
    const [, address = ''] = await producer.until(/up at (\S+)/);
    const consumer = programs.run('consumer', consumerProgram(label, address));
    const before = await Promise.all([memoryOf(producer), memoryOf(consumer)]);
    // A consumer that took one item and asks for no second one; then one that allowed everything, and stands still.
    for (const [step, itemsMax] of [
      ['hold', 8],
      ['stall', 64],
    ] as const) {
      consumer.kill('SIGUSR1');
      await consumer.until(new RegExp(`${step} has its first item`));
      const produced = await settled(producer);
      assert.ok(produced >= 1 && produced <= itemsMax, `${step}: ${produced} MiB of 1024 were produced`);
      const grown = (await memoryOf(producer)) - before[0];
      assert.ok(grown < growthMaxMiB, `${step}: the producer grew by ${grown} MiB`);
      if (step === 'stall') consumer.kill('SIGCONT');
      else assert.ok((await memoryOf(consumer)) - before[1] < growthMaxMiB, 'the consumer grew');
    }
    // It was really offered: who reads gets all of it.
    await consumer.until(/read 1024 items in order/, 0, 90_000);
    const most = Math.max(
      ...[...`${producer.out}${consumer.out}`.matchAll(/rss (\d+)/g)].map((match) => Number(match[1])),
    );
    assert.ok(most < 1024, `${most} MiB at the most`);
  });
});

/** What a program says of its memory, in MiB, after its next collection. */
async function memoryOf(program: Program): Promise<number> {
  const from = program.out.length;
  const [, text = ''] = await program.until(/rss (\d+)\n/, from);
  return Number(text);
}

/** How many items the producer has made, once that number stands still over several of its reports. */
async function settled(producer: Program): Promise<number> {
  for (;;) {
    const from = producer.out.length;
    const [, first = '', second = '', third = ''] = await producer.until(
      /made (\d+)\n[^]*?made (\d+)\n[^]*?made (\d+)\n/,
      from,
    );
    if (first === second && second === third) return Number(third);
  }
}

function workerProgram(of: { name: string; label: string; life: number; seed: string }): string {
  return `
    import { call, createNode, defineService } from 'scalebus';
    const worker = defineService('worker', {
      version: '1.0.0',
      methods: { once: call<number, string>(), again: call<number, string>({ idempotent: true }) },
    });
    const node = createNode({ name: '${of.name}', label: '${of.label}', port: 0, seeds: ['${of.seed}'] });
    await node.start();
    const work = (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, '${of.name} ${of.life}'));
    node.rpc.register(worker, { once: work, again: work }, { tags: { life: '${of.name} ${of.life}' } });
    console.log('serves');
    process.on('SIGTERM', () => void node.stop());
  `;
}

const report = `
    setInterval(() => console.log('rss ' + Math.round(process.memoryUsage.rss() / ${miB})), 100).unref();
`;

function producerProgram(label: string): string {
  return `
    import { createNode, defineService, stream } from 'scalebus';
    const store = defineService('store', { version: '1.0.0', methods: { all: stream<Uint8Array, Uint8Array>({ raw: true }) } });
    const node = createNode({ name: 'producer', label: '${label}', port: 0, seeds: [] });
    await node.start();
    let made = 0;
    node.rpc.register(store, {
      async *all() {
        for (made = 1; made <= 1024; made += 1) yield new Uint8Array(${miB}).fill(made % 251);
      },
    });
    console.log('up at ' + node.address);
    setInterval(() => console.log('made ' + made), 100);
    ${report}
  `;
}

function consumerProgram(label: string, address: string): string {
  return `
    import { createNode, defineService, stream } from 'scalebus';
    const store = defineService('store', { version: '1.0.0', methods: { all: stream<Uint8Array, Uint8Array>({ raw: true }) } });
    const node = createNode({ name: 'consumer', label: '${label}', port: 0, seeds: ['${address}'] });
    await node.start();
    await node.rpc.whenAvailable(store);
    const client = node.rpc.client(store);
    const nothing = new Uint8Array(0);
    const signals = { told: () => undefined as void };
    process.on('SIGUSR1', () => signals.told());
    const told = () => new Promise<void>((resolve) => { signals.told = resolve; });
    ${report}
    await told();
    const held = client.all(nothing, { credit: 4 })[Symbol.asyncIterator]();
    await held.next();
    console.log('hold has its first item');
    await told();
    await held.return?.();
    let count = 0;
    const reading = client.all(nothing, { credit: 1024 }).drain(1024, async (item) => {
      count += 1;
      if (count === 1) {
        console.log('stall has its first item');
        process.kill(process.pid, 'SIGSTOP');
      }
      if (item.length !== ${miB} || item[0] !== count % 251) throw new Error('item ' + count + ' is wrong');
    });
    await reading;
    console.log('read ' + count + ' items in order');
    process.exit(0);
  `;
}
