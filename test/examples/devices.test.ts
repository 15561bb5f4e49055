import assert from 'node:assert/strict';
import { RoomAir } from '../../examples/demo/devices.js';

describe("the demo's rooms", () => {
  it('get warm enough for an alarm within seconds, and cool enough with a fan', () => {
    const air = new RoomAir(26, 50);
    const warmAfterMs = passUntil(air, () => air.temperature > 28);
    assert.ok(warmAfterMs > 2000 && warmAfterMs < 20_000, `${warmAfterMs} ms`);
    air.fan = true;
    const coolAfterMs = passUntil(air, () => air.temperature < 25);
    assert.ok(coolAfterMs > 1000 && coolAfterMs < 15_000, `${coolAfterMs} ms`);
  });

  it('get drier as they get warmer, and stay what air can be', () => {
    const air = new RoomAir(20, 60);
    let before = air.humidityPercent;
    for (let second = 0; second < 60; second += 1) {
      air.pass(1000, 0);
      assert.ok(air.humidityPercent < before && air.humidityPercent > 0);
      before = air.humidityPercent;
    }
    // The same water at 33 degrees is less than half of what that air could hold.
    assert.ok(Math.abs(before - 28) < 4, `${before} %`);
    assert.ok(air.temperature < 34);
  });
});

function passUntil(air: RoomAir, condition: () => boolean): number {
  let elapsedMs = 0;
  while (!condition() && elapsedMs < 120_000) {
    air.pass(100, 0);
    elapsedMs += 100;
  }
  return elapsedMs;
}
