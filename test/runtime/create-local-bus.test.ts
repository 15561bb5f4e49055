import assert from 'node:assert/strict';
import { createLocalBus } from '../../src/runtime/create-local-bus.js';
import { Simulator } from '../../src/testing/simulator.js';

describe('a bus without a node', () => {
  it('needs nothing to be given, and is a whole bus', async () => {
    const bus = createLocalBus();
    const seen: unknown[] = [];
    bus.subscribe('/room/{room}', ({ captures, value, source }) => seen.push([captures['room'], value, source]));
    bus.respond('/sum', ({ value }) => Number(value) + 1);
    assert.deepEqual(bus.publish('/room/hall', 1), { local: 1, nodes: 0, groups: 0, dropped: 0 });
    assert.deepEqual(seen, [['hall', 1, 'local']]);
    assert.equal((await bus.request('/sum', 41)).value, 42);
    bus.stop();
    assert.throws(() => bus.publish('/room/hall', 2), { code: 'stopped' });
  });

  it('takes hooks, a logger, a name, and for tests a clock and chance', () => {
    const lines: string[] = [];
    const simulator = new Simulator({ seed: 1 });
    const logger = { error: (text: string) => lines.push(text), info: () => undefined, debug: () => undefined };
    const hooks = { allow: ({ topic }: { topic: string }) => topic !== '/secret' };
    const bus = createLocalBus({ name: 'edge', logger, hooks, clock: simulator, random: simulator.random });
    bus.subscribe('/open', ({ source }) => {
      assert.equal(source, 'edge');
      throw new Error('told to the logger');
    });
    bus.publish('/open', 1);
    assert.deepEqual(lines, ['a fault of the bus']);
    assert.throws(() => bus.publish('/secret', 1), { code: 'unauthorized' });
  });

  const wrong: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ checkvalues: true }, /createLocalBus takes no option checkvalues; give name, hooks, checkValues/],
    [5, /the options of createLocalBus: give an object/],
    [{ name: 5 }, /option name: give a text, not 5/],
    [{ hooks: { onpublish: () => undefined } }, /there is no hook onpublish; give onPublish/],
    [{ clock: Date }, /option clock: give a clock/],
    [{ random: Math.random }, /option random: give a Random/],
    [{ logger: {} }, /option logger: give a logger/],
  ];
  for (const [options, message] of wrong) {
    it(`refuses ${JSON.stringify(options)}: ${message}`, () => {
      assert.throws(
        () => createLocalBus(options as object),
        (error: Error & { code?: string }) => error.code === 'invalid-options' && message.test(error.message),
      );
    });
  }
});
