import type { CancelToken } from '../../core/cancel.js';
import type { Clock } from '../../core/clock.js';
import { commandTopic } from '../../core/device-topic.js';
import { ClusterError } from '../../core/errors.js';
import type { BusDoor, BusEvent } from '../../spi/bus.js';
import type { RuleMessage, RuleNode } from '../../spi/rule.js';
import type { RuleCounters } from '../rule-counters.js';
import type { Expression } from '../rule-expression.js';
import { countHop } from '../rule-hops.js';
import type { Template } from '../rule-template.js';

/** Whom to command, and what. */
export interface CommandTarget {
  readonly product: Template;
  readonly device: Template;
  readonly name: Template;
  readonly input: Expression | undefined;
  readonly timeoutMs: number;
  /** Where the device's answer, or why there is none, is published. */
  readonly answerTo: Template | undefined;
}

/** What a command node needs. */
export interface CommandNodeDeps {
  readonly bus: BusDoor;
  readonly clock: Clock;
  readonly counters: RuleCounters;
  /** Cancelled when the rule stops: nobody waits for answers then. */
  readonly cancel: CancelToken;
}

/** Commands a device for each message and waits for its answer, which it hands on as the value. */
export class CommandNode implements RuleNode {
  readonly kind = 'command';
  readonly #deps: CommandNodeDeps;
  readonly #target: CommandTarget;

  constructor(deps: CommandNodeDeps, target: CommandTarget) {
    this.#deps = deps;
    this.#target = target;
  }

  async handle(message: RuleMessage, output: (message: RuleMessage) => void): Promise<void> {
    const { bus, clock, counters, cancel } = this.#deps;
    const { timeoutMs } = this.#target;
    const device = { product: this.#target.product(message), id: this.#target.device(message) };
    const name = this.#target.name(message);
    const input = this.#target.input?.(message);
    const begin = clock.now();
    const about = (): object => ({
      product: device.product,
      device: device.id,
      command: name,
      tookMs: clock.now() - begin,
    });
    counters.commands += 1;
    let answer: BusEvent;
    try {
      const topic = commandTopic(device, name);
      answer = await bus.request(topic, input, { timeoutMs, cancel, headers: message.headers });
    } catch (error) {
      const { code, message: why } = ClusterError.from(error, 'internal');
      this.#tell(message, { ...about(), ok: false, code, error: why });
      throw error;
    }
    counters.answered += 1;
    this.#tell(message, { ...about(), ok: true, output: answer.value });
    output({ ...message, value: answer.value });
  }

  #tell(message: RuleMessage, value: object): void {
    const { answerTo } = this.#target;
    if (answerTo === undefined) return;
    const topic = answerTo(message);
    this.#deps.bus.publish(topic, value, { headers: countHop(message, topic) });
  }
}
