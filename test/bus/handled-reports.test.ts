import assert from 'node:assert/strict';
import { HandledReports } from '../../src/bus/handled-reports.js';

describe('bus/handled-reports', () => {
  it('gives the lane that takes over the last 1,024 results, oldest first', () => {
    const reports = new HandledReports();
    const settle = (number: number): void => {
      reports.begin();
      reports.settle(number, number % 2);
    };
    settle(1);
    settle(2);
    const ignore = (): void => undefined;
    assert.deepEqual(reports.attach(ignore), [
      [1, 1],
      [2, 0],
    ]);
    for (let number = 3; number <= 3000; number += 1) settle(number);
    const again = reports.attach(ignore);
    assert.deepEqual([again.length, again[0], again.at(-1)], [1024, [1977, 1], [3000, 0]]);
    assert.ok(again.every(([number], index) => number === 1977 + index));
  });

  it('sends to the lane of the moment, and says when nobody waits', () => {
    const reports = new HandledReports();
    const sent: string[] = [];
    const first = (number: number): void => void sent.push(`first ${number}`);
    const second = (number: number): void => void sent.push(`second ${number}`);
    reports.attach(first);
    reports.begin();
    reports.begin();
    reports.settle(1, 0);
    reports.attach(second);
    reports.detach(first);
    reports.whenIdle(() => void sent.push('idle'));
    reports.settle(2, 0);
    assert.deepEqual(sent, ['first 1', 'second 2', 'idle']);
  });
});
