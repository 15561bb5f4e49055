import assert from 'node:assert/strict';
import { after } from '../../src/core/clock.js';
import { NodeClock } from '../../src/runtime/node-clock.js';

describe("Node's clock", () => {
  it('fires at the time asked for or later, never early', async () => {
    const clock = new NodeClock();
    for (const delayMs of [0, 0.4, 1, 1.5, 7.3, 12]) {
      const due = after(clock.now(), delayMs);
      await new Promise<void>((resolve) => {
        clock.setTimer(due, resolve);
      });
      assert.ok(clock.now() >= due, `${clock.now()} < ${due}`);
    }
  });

  it('fires a past time soon, and not inside the call', async () => {
    const clock = new NodeClock();
    let fired = false;
    await new Promise<void>((resolve) => {
      clock.setTimer(after(clock.now(), -50), () => {
        fired = true;
        resolve();
      });
      assert.equal(fired, false);
    });
  });

  it('does not fire after cancel, twice or late', async () => {
    const clock = new NodeClock();
    let fired = 0;
    const cancel = clock.setTimer(after(clock.now(), 1), () => {
      fired += 1;
    });
    cancel();
    cancel();
    await new Promise<void>((resolve) => {
      clock.setTimer(after(clock.now(), 10), resolve);
    });
    assert.equal(fired, 0);
  });

  it('takes a delay longer than a Node timer can', async () => {
    const clock = new NodeClock();
    let fired = false;
    const cancel = clock.setTimer(after(clock.now(), 60 * 86_400_000), () => {
      fired = true;
    });
    await new Promise<void>((resolve) => {
      clock.setTimer(after(clock.now(), 5), resolve);
    });
    cancel();
    assert.equal(fired, false);
  });

  it('runs afterTurn in order, after promises that are ready', async () => {
    const clock = new NodeClock();
    const ran: string[] = [];
    clock.afterTurn(() => ran.push('first'));
    clock.afterTurn(() => ran.push('second'));
    void Promise.resolve('promise').then((name) => ran.push(name));
    assert.deepEqual(ran, []);
    await new Promise<void>((resolve) => {
      clock.afterTurn(resolve);
    });
    assert.deepEqual(ran, ['promise', 'first', 'second']);
  });

  it('does in the same turn what a run asks for, and what comes of that in the next', async () => {
    const clock = new NodeClock();
    const ran: string[] = [];
    clock.afterTurn(() => {
      ran.push('lane');
      clock.afterTurn(() => {
        ran.push('link');
        clock.afterTurn(() => ran.push('later'));
      });
    });
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    assert.deepEqual(ran, ['lane', 'link']);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    assert.deepEqual(ran, ['lane', 'link', 'later']);
  });

  it('shows the time of the wall', () => {
    const before = Date.now();
    const shown = new NodeClock().wallMs();
    assert.ok(shown >= before && shown <= Date.now());
  });
});
