import assert from 'node:assert/strict';
import { Observable } from 'rxjs';
import { CallScope } from '../../../src/cluster/rpc/call-scope.js';
import { call, defineService } from '../../../src/cluster/rpc/contract.js';
import { LiveList } from '../../../src/cluster/rpc/live-list.js';
import type { ServedMethod } from '../../../src/cluster/rpc/registration.js';
import { type AnswerPort, ServedCall } from '../../../src/cluster/rpc/served-call.js';
import type { CallOptions } from '../../../src/cluster/rpc/service-types.js';
import { TurnClock } from '../../../src/cluster/rpc/turn-clock.js';
import { TimerWheel } from '../../../src/core/timer-wheel.js';
import { MemoryRpc } from '../../../src/testing/rpc/memory-rpc.js';
import { Simulator } from '../../../src/testing/simulator.js';

const service = defineService('s', { version: '1.0.0', methods: { get: call<null, number>({}) } });

describe('a served call', function served() {
  // Simulated seconds cost real ones when many share the machine.
  this.timeout(20_000);

  describe('whose answer is the last item of an Observable', () => {
    it('gets the last of several items, and an error for none', async () => {
      const pair = await house((index) =>
        index === 0
          ? new Observable<number>((subscriber) => {
              for (const value of [1, 2, 3]) subscriber.next(value);
              subscriber.complete();
            })
          : new Observable<number>((subscriber) => subscriber.complete()),
      );
      assert.equal(await pair.ask({}), 3);
      await assert.rejects(pair.ask({}), { code: 'handler-failed' });
      await pair.stop();
    });

    it('lets go of it when time is up, when the caller cancels and when the link is lost', async () => {
      let open = 0;
      const pair = await house(
        () =>
          new Observable<number>((subscriber) => {
            open += 1;
            subscriber.next(1);
            return () => (open -= 1);
          }),
      );
      await assert.rejects(pair.ask({ timeoutMs: 100 }), { code: 'deadline-exceeded' });
      await pair.run(1000);
      assert.equal(open, 0, 'the deadline');
      const abort = new AbortController();
      const cancelled = assert.rejects(pair.begin({ signal: abort.signal }), { code: 'cancelled' });
      await pair.run(100);
      assert.equal(open, 1);
      abort.abort();
      await pair.run(100);
      await cancelled;
      assert.equal(open, 0, 'the cancel');
      const lost = assert.rejects(pair.begin({}), { code: 'link-lost' });
      await pair.run(100);
      assert.equal(open, 1);
      pair.drop();
      await pair.run(100);
      await lost;
      assert.equal(open, 0, 'the link');
      await pair.stop();
    });
  });

  describe('of a channel', () => {
    for (const inputWindow of [1, 4]) {
      it(`takes a first item and all that it then allowed, in a window of ${inputWindow}`, () => {
        let credit = 0;
        const port: AnswerPort = {
          caller: 'x',
          credit: 0,
          item: () => undefined,
          answer: () => undefined,
          complete: () => undefined,
          fail: () => undefined,
          request: (count) => {
            credit += count;
          },
        };
        const method = channelMethod();
        const head = { remainingMs: 0, depth: 1, headers: undefined };
        const callWith = new ServedCall(newHouse(inputWindow), method, head, port);
        callWith.start('first');
        assert.equal(credit, inputWindow - 1);
        const taken = Array.from({ length: credit }, (_, index) => callWith.receive(index));
        assert.ok(taken.every(Boolean));
        assert.equal(callWith.receive('one more'), false);
        credit = 0;
        new ServedCall(newHouse(inputWindow), method, head, port).start(undefined);
        assert.equal(credit, inputWindow);
      });
    }
  });
});

interface House {
  /** Asks, and runs until the answer is there. */
  ask(options: CallOptions): Promise<number>;
  begin(options: CallOptions): Promise<number>;
  run(durationMs: number): Promise<number>;
  drop(): void;
  stop(): Promise<void>;
}

/** A node that answers with Observables, and one that asks it. */
async function house(answer: (index: number) => Observable<number>): Promise<House> {
  const simulator = new Simulator({ seed: 1 });
  const cluster = new MemoryRpc(simulator, simulator.random);
  const a = await cluster.add('a');
  const b = await cluster.add('b');
  let index = 0;
  b.rpc.register(service, { get: () => answer(index++) as never });
  const client = a.rpc.client(service);
  await simulator.settle(a.rpc.whenAvailable(service), 2000);
  return {
    ask: (options) => simulator.settle(client.get(null, options), 5000),
    run: (durationMs) => simulator.runAsync(durationMs),
    begin: (options) => client.get(null, options),
    drop: () => cluster.hub.drop('a', 'b'),
    stop: () => cluster.stop(),
  };
}

function newHouse(inputWindow: number): ConstructorParameters<typeof ServedCall>[0] {
  const clock = new Simulator({ seed: 1 });
  const turn = new TurnClock(clock);
  return {
    clock,
    turn,
    scope: new CallScope({ tracing: false, inheritance: false }, turn),
    interceptors: [],
    deadlines: new TimerWheel(clock),
    active: new LiveList<ServedCall>(),
    inputWindow,
    dropped: () => undefined,
    ended: () => undefined,
  };
}

function channelMethod(): ServedMethod {
  const counter = { add: (): undefined => undefined };
  return {
    service: 's',
    name: 'm',
    instanceId: '',
    kind: 'channel',
    raw: false,
    handler: () => new Promise(() => undefined),
    input: undefined,
    output: undefined,
    served: counter,
    failed: counter,
  };
}
