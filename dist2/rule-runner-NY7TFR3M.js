import {
  CancelSource
} from "./chunk-UQMWKWKN.js";
import {
  after,
  assert
} from "./chunk-JIPCXZWP.js";
import "./chunk-XJGAVMWS.js";
import {
  segmentToText
} from "./chunk-GDDVHQ3H.js";
import "./chunk-44BIA6FG.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/rule/rule-counters.js
function createRuleCounters() {
  return { in: 0, matched: 0, throttled: 0, published: 0, unheard: 0, commands: 0, answered: 0, failed: 0, lost: 0 };
}

// dist/rule/rule-graph.js
function runStep(step, message, fail) {
  const waits = [];
  const onOutput = (next) => {
    for (const one of step.next) {
      const wait = runStep(one, next, fail);
      if (wait !== void 0)
        waits.push(wait);
    }
  };
  let own = void 0;
  try {
    own = step.node.handle(message, onOutput);
  } catch (error) {
    fail(ClusterError.from(error, "handler-failed"));
  }
  return own === void 0 && waits.length === 0 ? void 0 : settle(own, waits, fail);
}
async function settle(own, waits, fail) {
  try {
    await own;
  } catch (error) {
    fail(ClusterError.from(error, "handler-failed"));
  }
  await Promise.all(waits);
}

// dist/rule/rule-runner.js
var RuleRunner = class {
  partName = "rules";
  #deps;
  #options;
  #rules;
  #cancel = new CancelSource();
  #started = false;
  #stopping;
  constructor(deps, rules, options = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#rules = rules.map((rule) => new RunningRule(deps, rule, this.#cancel));
  }
  /** Resolves when this node has subscribed; the others learn it from the bus. */
  async start() {
    assert(!this.#started, "rules that were not started before");
    this.#started = true;
    const { concurrencyMax = 256, queueMax = 4096 } = this.#options;
    for (const rule of this.#rules)
      rule.start(concurrencyMax, queueMax);
  }
  /** What each rule has done at this node. */
  stats() {
    return this.#rules.map((rule) => rule.stats());
  }
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  async #stop() {
    for (const rule of this.#rules)
      rule.stop();
    const { clock } = this.#deps;
    const { drainMs = 2e3 } = this.#options;
    const giveUp = clock.setTimer(after(clock.now(), drainMs), () => this.#cancel.cancel());
    await Promise.all(this.#rules.map((rule) => rule.settled()));
    giveUp();
  }
};
var RunningRule = class {
  #deps;
  #rule;
  #counters = createRuleCounters();
  #graph;
  #running = /* @__PURE__ */ new Set();
  #fail = (error) => this.#onFailure(error);
  #subscription;
  #lastError;
  constructor(deps, rule, cancel) {
    this.#deps = deps;
    this.#rule = rule;
    const { bus, clock } = deps;
    this.#graph = rule.build({ bus, clock, counters: this.#counters, cancel });
  }
  start(concurrencyMax, queueMax) {
    const { name, from, placement } = this.#rule;
    this.#subscription = this.#deps.bus.subscribe(from, (event) => this.#onEvent(event), {
      id: `rule ${name}`,
      group: { name: `rule/${name}`, strategy: placement === "one" ? "oldest" : "hashed" },
      concurrencyMax,
      queueMax,
      overflow: "drop-oldest",
      onDropped: (count) => this.#onLost(count),
      onGap: (gap) => this.#onLost(gapSize(gap))
    });
  }
  stop() {
    this.#subscription?.stop();
  }
  async settled() {
    await Promise.all(this.#running);
  }
  stats() {
    const { name, file } = this.#rule;
    return { name, file, counters: { ...this.#counters }, lastError: this.#lastError };
  }
  #onEvent(event) {
    this.#counters.in += 1;
    const wait = runStep(this.#graph, toMessage(event), this.#fail);
    if (wait === void 0)
      return void 0;
    this.#running.add(wait);
    return wait.finally(() => this.#running.delete(wait));
  }
  #onFailure(error) {
    this.#counters.failed += 1;
    if (this.#lastError === void 0) {
      this.#deps.logger.error("a rule failed", { rule: this.#rule.name, error: error.message });
    }
    this.#lastError = { timeMs: this.#deps.clock.wallMs(), message: error.message };
  }
  #onLost(count) {
    this.#counters.lost += count;
  }
};
function toMessage(event) {
  const { topic, value, headers, source } = event;
  const captures = Object.fromEntries(Object.entries(event.captures).map(([name, segment]) => [name, segmentToText(segment)]));
  return { topic, value, headers, source, captures };
}
function gapSize(gap) {
  return gap.to === void 0 ? 1 : gap.to - gap.from + 1;
}
export {
  RuleRunner
};
