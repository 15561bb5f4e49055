import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import { Balancer, type Candidate, moveLatency } from '../../../src/protocol/rpc/balance.js';
import { Breaker } from '../../../src/protocol/rpc/breaker.js';
import { retryDefaults, RetryPolicy } from '../../../src/protocol/rpc/retry-policy.js';

const at = toMonotonicMs;

describe('breaker', () => {
  const options = { windowMs: 1000, callsMin: 4, failurePercent: 50, openMs: 500 };

  it('opens at the share of failures and lets one call try later', () => {
    const breaker = new Breaker(options);
    for (const failed of [false, true, true]) breaker.end(at(0), failed);
    assert.equal(breaker.state, 'closed');
    breaker.end(at(10), true);
    assert.equal(breaker.state, 'open');
    assert.equal(breaker.allows(at(509)), false);
    assert.equal(breaker.allows(at(510)), true);
    breaker.begin(at(510));
    assert.equal(breaker.allows(at(511)), false, 'one try at a time');
    breaker.end(at(520), false);
    assert.equal(breaker.state, 'closed');
  });

  it('opens again when the try fails, and never hangs when its end is not told', () => {
    const breaker = new Breaker(options);
    for (let call = 0; call < 4; call += 1) breaker.end(at(0), true);
    breaker.begin(at(500));
    breaker.end(at(501), true);
    assert.equal(breaker.state, 'open');
    breaker.begin(at(1001));
    assert.equal(breaker.allows(at(1500)), false);
    assert.equal(breaker.allows(at(1501)), true);
  });

  it('forgets what is older than its window', () => {
    const breaker = new Breaker(options);
    for (let call = 0; call < 3; call += 1) breaker.end(at(0), true);
    breaker.end(at(1000), true);
    assert.equal(breaker.state, 'closed');
  });
});

describe('retry policy', () => {
  const policy = (): RetryPolicy => new RetryPolicy({ ...retryDefaults, budgetMax: 2 }, new SeededRandom(1));
  const failure = { code: 'link-lost', notExecuted: false, idempotent: false, attempt: 1 } as const;

  it('never repeats what may have run and may not run twice', () => {
    assert.equal(policy().decide(failure), undefined);
    assert.notEqual(policy().decide({ ...failure, idempotent: true }), undefined);
    assert.notEqual(policy().decide({ ...failure, notExecuted: true }), undefined);
    assert.equal(policy().decide({ ...failure, code: 'remote', idempotent: true }), undefined);
    assert.equal(policy().decide({ ...failure, code: 'deadline-exceeded', idempotent: true }), undefined);
  });

  it('goes elsewhere at once after a refusal, and waits longer each time', () => {
    const refused = { code: 'not-executed', notExecuted: true, idempotent: false } as const;
    assert.equal(policy().decide({ ...refused, attempt: 1 }), 0);
    const [second = 0, third = 0] = [2, 3].map((attempt) => policy().decide({ ...refused, attempt }));
    assert.ok(second >= 20 && second <= 40 && third >= 40 && third <= 80, `${second} ${third}`);
    assert.equal(policy().decide({ ...refused, attempt: 4 }), undefined);
  });

  it('draws each delay between half and all of what it is, so that callers part', () => {
    const again = { ...failure, idempotent: true, attempt: 2 };
    const delays: number[] = [];
    for (let seed = 1; seed <= 200; seed += 1) {
      delays.push(new RetryPolicy({ ...retryDefaults, baseMs: 50 }, new SeededRandom(seed)).decide(again) ?? 0);
    }
    const [least, most] = [Math.min(...delays), Math.max(...delays)];
    assert.ok(least >= 50 && least < 60 && most > 90 && most <= 100, `${least} to ${most}`);
    assert.ok(new Set(delays).size > 150, 'one seed, one delay');
  });

  it('stops adding load when the budget is spent, and earns it back', () => {
    const one = policy();
    const again = { ...failure, idempotent: true };
    assert.notEqual(one.decide(again), undefined);
    assert.notEqual(one.decide(again), undefined);
    assert.equal(one.decide(again), undefined);
    for (let call = 0; call < 5; call += 1) one.earn();
    assert.notEqual(one.decide(again), undefined);
  });
});

describe('balancer', () => {
  const three: Candidate[] = ['a', 'b', 'c'].map((node) => ({ node, isLocal: false, pending: 0, latencyMs: 0 }));
  const [first] = three as [Candidate];

  it('is even when it chooses at random or in turn', () => {
    for (const strategy of ['random', 'round-robin', 'least-pending'] as const) {
      const balancer = new Balancer(new SeededRandom(3));
      const counts = new Map<string, number>();
      for (let call = 0; call < 3000; call += 1) {
        const node = balancer.choose(strategy, three, undefined)?.node ?? '';
        counts.set(node, (counts.get(node) ?? 0) + 1);
      }
      for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 120, `${strategy}: ${count}`);
    }
  });

  it('prefers what is here, what waits less and what is faster', () => {
    const balancer = new Balancer(new SeededRandom(3));
    const own = { node: 'own', isLocal: true, pending: 90, latencyMs: 5 };
    assert.equal(balancer.choose('local-first', [...three, own], undefined), own);
    const busy = { ...first, node: 'busy', pending: 9 };
    const slow = { ...first, node: 'slow', latencyMs: 50 };
    const quick = { ...first, node: 'quick', latencyMs: 5 };
    for (let call = 0; call < 50; call += 1) {
      assert.equal(balancer.choose('least-pending', [busy, first], undefined), first);
      assert.equal(balancer.choose('lowest-latency', [slow, quick], undefined), quick);
    }
  });

  it('moves only the keys of the node that left', () => {
    const balancer = new Balancer(new SeededRandom(3));
    fc.assert(
      fc.property(fc.string(), (key) => {
        const before = balancer.choose('rendezvous', three, key);
        const without = three.filter(({ node }) => node !== 'b');
        const now = balancer.choose('rendezvous', without, key);
        assert.ok(before?.node === 'b' || now === before);
      }),
    );
  });

  it('follows latency up quickly and down slowly', () => {
    assert.equal(moveLatency(0, 10), 10);
    assert.equal(moveLatency(10, 110), 40);
    assert.equal(moveLatency(40, 30), 39);
  });
});
