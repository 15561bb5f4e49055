/**
 * Mocha's dot reporter that also leaves its counts in the file named by TEST_COUNTS, so that
 * whoever runs the tests need not read them off the screen.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** What a finished run counted. A missing file means that the run did not finish. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

class CountReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const path = process.env['TEST_COUNTS'];
      if (path === undefined) return;
      const { passes, failures, pending } = this.stats;
      const counts: TestCounts = { passed: passes, failed: failures, skipped: pending };
      writeFileSync(path, JSON.stringify(counts));
    });
  }
}

// oxlint-disable-next-line import/no-default-export -- mocha takes a reporter from nowhere else
export default CountReporter;
