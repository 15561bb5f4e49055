/** What one seed of a scenario came to. */
export interface SimOutcome {
  readonly ok: boolean;
  /** What went wrong, each a sentence; empty when `ok`. */
  readonly faults: readonly string[];
  /** Hash over the run's events: two runs of one seed have the same, or something is not deterministic. */
  readonly fingerprint: number;
  /** What was exercised, so that a run that tested nothing can be told. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Whole nodes or machines on one simulated timeline, with faults drawn from a seed and a checker that watches. */
export interface SimScenario {
  readonly name: string;
  readonly summary: string;
  /** Runs one seed. The same seed MUST give the same outcome. */
  run(seed: number): Promise<SimOutcome>;
}
