/** What a system under test must offer, and the list of systems. Each adapter is one file that exports `contender`. */
import type { BytesAs, Payload } from './payload.js';

/** What an adapter is told. */
export interface Setup {
  readonly payload: Payload;
  /** Settings of the variant: serializer, batching. */
  readonly variant: string;
  /** A free port that this process may listen on. */
  readonly port: number;
  /** Address of the broker, for systems with one. */
  readonly broker: string | undefined;
  /** What the processes that started before this one returned as their address, in order. */
  readonly peers: readonly string[];
  /** Number of processes of the run, and the index of this one. */
  readonly count: number;
  readonly index: number;
  /** The subscribers form a group: one of them gets each event. */
  readonly grouped: boolean;
}

/** Something that was started. */
export interface Started {
  /** Address for the processes that start later; may be empty where a broker knows. */
  readonly address: string;
  readonly stop: () => Promise<void> | void;
}

/** The calling side of an echo service. */
export interface EchoClient {
  call(value: unknown, done: (answer: unknown) => void, failed: (cause: unknown) => void): void;
  stop(): Promise<void> | void;
}

/** Request and response. */
export interface RpcSide {
  /** Serves an echo. */
  serve(setup: Setup): Promise<Started>;
  /** Resolves when calls can be made. */
  connect(setup: Setup): Promise<EchoClient>;
}

/** The publishing side. */
export interface Publisher {
  publish(topic: string, value: unknown): void;
  /** Called after each burst, for adapters that batch. */
  flush?(): void;
  /** Publishes and waits for a confirmation of the level; only where the system has one. */
  readonly confirmed?: (topic: string, value: unknown, level: string) => Promise<void>;
  stop(): Promise<void> | void;
}

/** What a subscriber wants. */
export interface Wanted {
  readonly topics: readonly string[];
  /** Only one member of the group gets each event. */
  readonly group: string | undefined;
  /** `topic` is the index in `topics`. */
  readonly onEvent: (topic: number, value: unknown) => void;
}

/** Events from one to many. */
export interface BusSide {
  /** Subscribers start before publishers. */
  subscribe(setup: Setup, wanted: Wanted): Promise<Started>;
  /** `setup.peers` are the subscribers. Connected as far as it knows; the driver probes until events arrive. */
  publisher(setup: Setup): Promise<Publisher>;
}

/** The consuming side of a stream. */
export interface StreamClient {
  /** Takes items until the returned function is called. */
  consume(onItem: (value: unknown) => void, failed: (cause: unknown) => void): () => void;
  /** Opens a stream, takes one item and no other; resolves with it. */
  stall(): Promise<unknown>;
  stop(): Promise<void> | void;
}

/** Streams of items from a server to a client. */
export interface StreamSide {
  /** Serves an endless stream of the pool's values, as fast as credit allows. */
  serve(setup: Setup, values: readonly unknown[]): Promise<Started>;
  connect(setup: Setup): Promise<StreamClient>;
}

/** One process that takes part in a cluster, for the benches scale, failure and startup. */
export interface ClusterNode {
  readonly address: string;
  /** Members known, itself included; `undefined` where the system has no such notion. */
  members(): number | undefined;
  subscribe(topic: string, onEvent: (value: unknown) => void): Promise<void>;
  /** Returns how many nodes it was accepted for, where the system says so. */
  publish(topic: string, value: unknown): number | undefined;
  /** Serves `name` with an echo. */
  serve(name: string): Promise<void>;
  /** Calls `name` at whoever serves it, with a deadline. */
  call(name: string, value: unknown, timeoutMs: number): Promise<unknown>;
  /** Told what the system itself says about lost events; a system that says nothing never calls it. */
  onLoss(listener: (report: LossReport) => void): void;
  stop(): Promise<void> | void;
}

/** What a system said about events that were lost, or may have been. */
export interface LossReport {
  readonly side: 'publisher' | 'subscriber';
  /** Who the events were for when the publisher tells, who published them when the subscriber does. */
  readonly about: string;
  /** Events covered; `undefined` when it says that it cannot know. */
  readonly count: number | undefined;
}

/** Nodes of a cluster. */
export interface ClusterSide {
  start(setup: Setup, name: string): Promise<ClusterNode>;
}

/** A bus inside one process. */
export interface LocalBus {
  /** Returns how to unsubscribe. */
  subscribe(pattern: string, handler: (value: unknown) => void): () => void;
  publish(topic: string, value: unknown): void;
  /** Resolves when every subscription made so far gets events; at once where absent. */
  ready?(): Promise<void>;
  stop?(): Promise<void> | void;
}

/** Publishing inside one process. */
export interface LocalSide {
  /** With `hasWildcards` the patterns may have `*` for one segment of a slash path, however the system spells it itself. */
  create(variant: string, hasWildcards: boolean): Promise<LocalBus> | LocalBus;
  /** Calls handlers before `publish` returns; otherwise on a later turn. */
  readonly synchronous: boolean;
}

/** One system under test. */
export interface Contender {
  readonly bytesAs?: BytesAs;
  readonly rpc?: RpcSide;
  readonly bus?: BusSide;
  readonly stream?: StreamSide;
  readonly cluster?: ClusterSide;
  readonly local?: LocalSide;
  /** A broker that runs in a process of its own and is written in JavaScript. */
  readonly broker?: (port: number) => Promise<Started>;
}

/** A broker of another make, started as a program. */
export interface ServerProgram {
  readonly program: string;
  /** How a person gets it. */
  readonly get: string;
  readonly args: (port: number) => readonly string[];
}

/** What the list says about a contender without loading it. */
export interface Entry {
  /** Name in tables and lines. */
  readonly name: string;
  /** Selected together by `--peers`; the name itself selects one. */
  readonly family: string;
  /** Source path of the adapter. */
  readonly module: string;
  readonly variant: string;
  /** Benches that it takes part in; with a payload where it carries only that. */
  readonly does: readonly Kind[];
  /** Settings that make it fast, as its own documents advise. */
  readonly settings: string;
  /** Needs the packages in bench/peers. */
  readonly packages: boolean;
  /** Needs a broker: a program, or its own adapter's `broker`. */
  readonly broker?: ServerProgram | 'own';
  /** Its bus has groups: one member gets each event. */
  readonly groups?: boolean;
  /** Its bus confirms single events. */
  readonly confirms?: boolean;
  /** What its `of limit` divides by. @defaultValue `limit` */
  readonly ofLimit?: string;
  /** Taken only where a case or somebody names it, never with `all`. */
  readonly byName?: boolean;
  /** Payload kinds it can carry; all when absent. */
  readonly only?: 'iot' | 'bytes';
}

/** What a contender can do. */
export type Kind = 'rpc' | 'bus' | 'stream' | 'cluster' | 'local';
