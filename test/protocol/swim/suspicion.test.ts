import assert from 'node:assert/strict';
import { toMonotonicMs } from '../../../src/core/clock.js';
import { Dissemination } from '../../../src/protocol/swim/dissemination.js';
import { resolveSwimOptions } from '../../../src/protocol/swim/options.js';
import { lanSwim, localSwim, wanSwim } from '../../../src/protocol/swim/profiles.js';
import { RoundTrips } from '../../../src/protocol/swim/round-trips.js';
import { SuspicionBook, suspicionMs, suspicionTimes } from '../../../src/protocol/swim/suspicion.js';

const at = toMonotonicMs;

describe('how long a suspicion lasts', () => {
  it("follows Lifeguard's formula for the paper's figures", () => {
    const options = resolveSwimOptions({
      suspicionAlpha: 5,
      suspicionBeta: 6,
      suspicionConfirmations: 3,
      suspicionMinMs: 0,
    });
    const times = suspicionTimes(options, 128);
    assert.equal(Math.round(times.minMs), 10_536);
    assert.equal(Math.round(times.maxMs), 63_216);
    assert.deepEqual(
      [0, 1, 2, 3].map((count) => suspicionMs(times, count)),
      [63_216, 36_876, 21_468, 10_536].map((ms, index) => (index === 3 ? times.minMs : Math.floor(ms))),
    );
  });

  it('is never below 4.2 s, in any profile and at any size', () => {
    for (const profile of [{}, localSwim(), lanSwim(10_000), wanSwim(1000)]) {
      const options = resolveSwimOptions(profile);
      for (const members of [1, 2, 3, 5, 16, 128, 1000, 10_000]) {
        assert.ok(suspicionTimes(options, members).minMs >= 4200, `${members} members`);
      }
    }
  });

  it('waits for no confirmation that nobody could give', () => {
    const options = resolveSwimOptions();
    assert.equal(suspicionMs(suspicionTimes(options, 2), 0), 4200);
    assert.equal(suspicionTimes(options, 3).confirmations, 1);
    assert.equal(suspicionTimes(options, 5).confirmations, 3);
  });

  it('counts each accuser once, and two that were refused bring it down to half a second', () => {
    const book = new SuspicionBook(resolveSwimOptions());
    const suspicion = book.start(at(0), { slot: 3, incarnation: 0 }, { members: 100 });
    assert.ok(book.confirm(suspicion, 'a', true));
    assert.ok(!book.confirm(suspicion, 'a', true));
    assert.equal(book.nextAt, 25_200);
    assert.ok(book.confirm(suspicion, 'b', false));
    const halfway: number = suspicion.dueAt;
    assert.ok(halfway < 25_200 && halfway > 4200);
    assert.ok(book.confirm(suspicion, 'c', true));
    assert.equal(book.nextAt, 500);
    assert.deepEqual(book.takeDue(at(499)), []);
    assert.deepEqual(book.takeDue(at(500)), [suspicion]);
  });

  it('gives back the time in which nothing could be heard', () => {
    const book = new SuspicionBook(resolveSwimOptions());
    book.start(at(0), { slot: 3, incarnation: 0 }, { members: 2 });
    book.slip(3000);
    assert.equal(book.nextAt, 7200);
    assert.deepEqual(book.takeDue(at(7199)), []);
  });

  it('gives back a silence that began before the suspicion from the suspicion on, and at most eight times the least', () => {
    const book = new SuspicionBook(resolveSwimOptions());
    const suspicion = book.start(at(1000), { slot: 3, incarnation: 0 }, { members: 2 });
    book.forgive(at(3000), 2900);
    assert.equal(suspicion.dueAt, 1000 + 2000 + 4200);
    book.forgive(at(100_000), 60_000);
    assert.equal(suspicion.dueAt, 1000 + 8 * 4200 + 4200);
    assert.equal(book.nextAt, suspicion.dueAt);
  });

  it('does not give the same time back twice when the loop stood still in silence', () => {
    const book = new SuspicionBook(resolveSwimOptions());
    const suspicion = book.start(at(0), { slot: 3, incarnation: 0 }, { members: 2 });
    book.forgive(at(60_000), 60_000);
    book.slip(60_000, true);
    assert.equal(suspicion.dueAt, 60_000 + 4200);
  });

  it('does not let a period be too short for a nack', () => {
    assert.throws(() => resolveSwimOptions({ pingTimeoutMs: 600 }), { code: 'invalid-options' });
    assert.throws(() => resolveSwimOptions({ probePeriodMs: Number.NaN }), { code: 'invalid-options' });
    assert.throws(() => resolveSwimOptions({ label: '' }), { code: 'invalid-options' });
  });
});

describe('the adaptive ping timeout', () => {
  it('is the fixed one until there are samples, then half as much again as the 99th percentile, within bounds', () => {
    const trips = new RoundTrips();
    assert.equal(trips.timeoutMs(50, 500), 500);
    for (let count = 0; count < 99; count += 1) trips.add(2);
    assert.equal(trips.timeoutMs(50, 500), 50);
    trips.add(100);
    trips.add(100);
    assert.equal(trips.timeoutMs(50, 500), 150);
    for (let count = 0; count < 10; count += 1) trips.add(5000);
    assert.equal(trips.timeoutMs(50, 500), 500);
  });
});

describe('news', () => {
  const target = (room: number) => {
    const packed: string[] = [];
    return {
      packed,
      room,
      addBytes(bytes: Uint8Array): boolean {
        if (bytes.length > this.room) return false;
        this.room -= bytes.length;
        packed.push(String(bytes[0]));
        return true;
      },
    };
  };
  const freshness = { share: 0.5, least: 6 };
  const bytes = (mark: number, length = 100): Uint8Array => new Uint8Array(length).fill(mark);

  it('is told as often as the formula says, then no more', () => {
    const news = new Dissemination(4, 100, freshness);
    news.tell(1, bytes(1));
    let told = 0;
    while (news.pack(target(1400), 9) > 0) told += 1;
    assert.equal(told, 4);
    assert.equal(news.size, 0);
    assert.equal(news.tellings(10), 8);
    assert.equal(news.tellings(999), 12);
  });

  it('goes out least told first, then newest, and fills what is left', () => {
    const news = new Dissemination(4, 100, freshness);
    news.tell(1, bytes(1));
    news.pack(target(1400), 100);
    for (const mark of [2, 3, 4]) news.tell(mark, bytes(mark));
    news.tell(5, bytes(5, 900));
    const first = target(330);
    news.pack(first, 100);
    assert.deepEqual(first.packed, ['4', '3', '2']);
    const second = target(1150);
    news.pack(second, 100);
    assert.deepEqual(second.packed, ['5', '2', '3']);
  });

  it('forgets what was said about the same subject before', () => {
    const news = new Dissemination(4, 100, freshness);
    news.tell(1, bytes(1));
    news.tell(1, bytes(2));
    const packed = target(1400);
    news.pack(packed, 100);
    assert.deepEqual(packed.packed, ['2']);
    assert.equal(news.size, 1);
  });

  it('starts where what it replaces stood when it adds little, and no later than it may', () => {
    const tellingsOf = (earlier: number, toldMax: number): number => {
      const news = new Dissemination(4, 100, freshness);
      if (earlier >= 0) news.tell(1, bytes(1));
      for (let told = 0; told < earlier; told += 1) news.pack(target(1400), 100);
      news.tell(1, bytes(2), toldMax);
      let told = 0;
      while (news.pack(target(1400), 100) > 0) told += 1;
      return told;
    };
    assert.equal(tellingsOf(0, 6), 12);
    assert.equal(tellingsOf(2, 6), 10);
    assert.equal(tellingsOf(9, 6), 6);
    assert.equal(tellingsOf(-1, 6), 6);
    assert.equal(tellingsOf(9, 0), 12);
  });

  it('is fresh for a share of its tellings, and for two rounds at least', () => {
    const freshFor = (members: number): number => {
      const news = new Dissemination(4, 100, freshness);
      news.tell(1, bytes(1));
      let told = 0;
      for (; news.hasFresh; told += 1) news.pack(target(1400), members);
      return told;
    };
    assert.deepEqual([9, 99, 999, 9999, 99_999].map(freshFor), [4, 6, 6, 8, 10]);
  });

  it('is fresh while any of it is', () => {
    const news = new Dissemination(4, 100, freshness);
    assert.ok(!news.hasFresh);
    for (const mark of [1, 2]) news.tell(mark, bytes(mark));
    news.forget(1);
    assert.ok(news.hasFresh);
    news.tell(2, bytes(3));
    for (let told = 0; told < 6; told += 1) news.pack(target(1400), 100);
    assert.ok(!news.hasFresh);
    assert.equal(news.size, 1);
    news.tell(2, bytes(4));
    assert.ok(news.hasFresh);
  });

  it('that adds little is not fresh, but as long as what it replaces was', () => {
    const news = new Dissemination(4, 100, freshness);
    news.tell(1, bytes(1), 6);
    assert.ok(!news.hasFresh);
    news.tell(2, bytes(2));
    news.pack(target(1400), 100);
    news.tell(2, bytes(3), 6);
    for (let told = 0; told < 5; told += 1) {
      assert.ok(news.hasFresh);
      news.pack(target(1400), 100);
    }
    assert.ok(!news.hasFresh);
    assert.ok(news.isTelling(2));
  });

  it('drops the most told when too much waits, and counts it', () => {
    const news = new Dissemination(4, 3, freshness);
    news.tell(1, bytes(1));
    news.pack(target(1400), 100);
    for (const mark of [2, 3, 4]) news.tell(mark, bytes(mark));
    assert.equal(news.size, 3);
    assert.equal(news.dropped, 1);
    assert.ok(!news.isTelling(1));
  });
});
