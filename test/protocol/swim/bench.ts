import { toMonotonicMs } from '../../../src/core/clock.js';
import { SeededRandom } from '../../../src/core/random.js';
import type { Armour } from '../../../src/protocol/swim/armour.js';
import type { MemberLife } from '../../../src/protocol/swim/catalogue.js';
import type { SwimEffects } from '../../../src/protocol/swim/effects.js';
import type { SwimMessage } from '../../../src/protocol/swim/messages.js';
import { resolveSwimOptions, type SwimOptions } from '../../../src/protocol/swim/options.js';
import { PacketReader, PacketWriter } from '../../../src/protocol/swim/packet.js';
import { SwimMachine } from '../../../src/protocol/swim/swim.js';

/** What one call of a machine caused, in words. */
export interface Sent {
  readonly to: string;
  readonly parts: readonly SwimMessage[];
  readonly bytes: number;
}

/** One machine with a recorder and a clock that only the test moves. */
export class Bench {
  readonly machine: SwimMachine;
  readonly sent: Sent[] = [];
  /** What a test has taken out of `sent` to answer it. */
  readonly answered: Sent[] = [];
  readonly exchanged: Sent[] = [];
  readonly events: string[] = [];
  readonly phases: string[] = [];
  readonly out: SwimEffects;
  readonly #options: SwimOptions;
  nowMs = 0;

  constructor(options: Partial<SwimOptions> = {}, seed = 1, armour?: Armour) {
    this.#options = resolveSwimOptions(options);
    this.out = {
      send: (to, bytes) => this.sent.push(this.#read(to, bytes)),
      exchange: (to, _name, bytes) => this.exchanged.push(this.#read(to, bytes)),
      changed: ({ kind, member }) => this.events.push(`${kind} ${member.name}@${member.epoch}/${member.incarnation}`),
      phased: (phase, fault) => this.phases.push(fault === undefined ? phase : `${phase} ${fault.kind}`),
    };
    this.machine = new SwimMachine(toMonotonicMs(0), {
      options: this.#options,
      identity: {
        name: 'self',
        epoch: 5000,
        address: 'self:1',
        wireMin: 1,
        wireMax: 1,
        metadata: new Uint8Array(0),
      },
      random: new SeededRandom(seed),
      ...(armour === undefined ? {} : { armour }),
    });
  }

  /** A machine that is up and knows these members, and whose news about them is told. */
  static up(names: readonly string[], options: Partial<SwimOptions> = {}, seed = 1): Bench {
    const bench = new Bench(options, seed);
    bench.machine.comeUp(toMonotonicMs(0), bench.out);
    for (const name of names) bench.receive(name, [{ kind: 'alive', life: life(name), incarnation: 0 }]);
    bench.clear();
    return bench;
  }

  get now(): ReturnType<typeof toMonotonicMs> {
    return toMonotonicMs(this.nowMs);
  }

  /** Hands over a datagram of parts, as `from` would send it. */
  receive(from: string, parts: readonly SwimMessage[], epoch = 100): void {
    this.machine.receive(this.now, `${from}:1`, this.packet(from, parts, epoch), this.out);
  }

  packet(from: string, parts: readonly SwimMessage[], epoch = 100): Uint8Array {
    const writer = new PacketWriter(this.#options.label, 65_000);
    writer.begin(1, from, epoch);
    for (const part of parts) writer.add(part);
    return writer.finish().slice();
  }

  /** Moves the clock, ticking whenever the machine wants it. */
  run(durationMs: number, each: () => void = () => undefined): void {
    const end = this.nowMs + durationMs;
    while (this.machine.nextAt <= end) {
      this.nowMs = Math.max(this.nowMs, this.machine.nextAt);
      this.machine.tick(this.now, this.out);
      each();
    }
    this.nowMs = end;
  }

  clear(): void {
    for (const list of [this.sent, this.answered, this.exchanged, this.events, this.phases]) list.length = 0;
  }

  /** Parts of a kind that were sent, with where to. */
  partsOf<Kind extends SwimMessage['kind']>(kind: Kind): readonly (OfKind<Kind> & { readonly to: string })[] {
    return [...this.answered, ...this.sent].flatMap(({ to, parts }) =>
      parts.flatMap((part) => (part.kind === kind ? [{ ...(part as OfKind<Kind>), to }] : [])),
    );
  }

  #read(to: string, bytes: Uint8Array): Sent {
    const reader = new PacketReader(this.#options.label, 1, 1);
    const parts: SwimMessage[] = [];
    const opening = reader.open(bytes.slice());
    for (let part = opening === 'ok' ? reader.next() : undefined; part !== undefined; part = reader.next()) {
      if (typeof part === 'string') throw new TypeError(`sent a part that is ${part}`);
      parts.push(part);
    }
    return { to, parts, bytes: bytes.length };
  }
}

type OfKind<Kind extends SwimMessage['kind']> = SwimMessage extends infer Message
  ? Message extends { readonly kind: infer Own }
    ? Kind extends Own
      ? Message
      : never
    : never
  : never;

/** The life of a member with defaults. */
export function life(name: string, epoch = 100, address = `${name}:1`): MemberLife {
  return { name, epoch, address, wireMin: 1, wireMax: 1, metadataVersion: 0, metadataHash: 0, metadataBytes: 0 };
}
