import { assert } from '../../core/assert.js';
import { ByteReader, emptyBytes } from '../../core/bytes.js';
import { after, type Clock } from '../../core/clock.js';
import type { NodeId } from '../../core/ids.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { Logger } from '../../core/logger.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { TableEffects } from '../../protocol/table/effects.js';
import { TableMachine } from '../../protocol/table/table-machine.js';
import { tableLimits, type TableLimits } from '../../protocol/table/table-limits.js';
import type { Startable } from '../../spi/life-cycle.js';
import { type IncomingStream, type Link, type Links, type Stream, streamErrorCodes } from '../../spi/links.js';
import type { MemberEvent, Membership } from '../../spi/membership.js';
import type { Metrics } from '../../spi/metrics.js';
import type { SharedTable, TableChange, Tables } from '../../spi/tables.js';
import { ignoringSink } from './ignoring-sink.js';

/** What the tables of a node stand on. */
export interface TableRoomDeps {
  readonly links: Links;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How the tables of a node behave. */
export interface TableRoomOptions {
  /** Bounds of every table; the same on every node. @defaultValue `tableLimits` */
  readonly limits?: TableLimits;
}

/**
 * Drives the table machine over links: two channels for each link, each opened by the node whose rows flow on it. What is
 * written in one turn of the loop travels together at its end, as far as the reader's credit goes.
 */
export class TableRoom implements Tables, Startable {
  readonly partName: string = 'tables';
  readonly #deps: TableRoomDeps;
  readonly #machine: TableMachine;
  readonly #opened = new Map<string, OpenTable>();
  readonly #channels = new Map<number, Channels>();
  readonly #waiters = new Set<Waiter>();
  readonly #effects: TableEffects;
  #unlisten: Unlisten[] = [];
  #pumping = false;
  #checking = false;

  constructor(deps: TableRoomDeps, options: TableRoomOptions = {}) {
    this.#deps = deps;
    this.#machine = new TableMachine(options.limits ?? tableLimits);
    this.#effects = {
      sendRows: (link, message) => this.#channels.get(link)?.rows?.next(emptyBytes, message),
      sendAnswer: (link, message) => this.#channels.get(link)?.answers?.next(emptyBytes, message),
      changed: (table, change) => this.#opened.get(table)?.listeners.tell(change),
      heldMoved: () => this.#checkLater(),
      wake: () => this.#pumpLater(),
      broken: (link) => this.#break(link),
    };
  }

  open(name: string): SharedTable {
    assert(!this.#opened.has(name), `no other table ${name}`);
    this.#machine.open(name, this.#effects);
    const listeners = new Listeners<TableChange>();
    const detach = this.#unlisten.length > 0 ? this.#attach(name) : undefined;
    this.#opened.set(name, { listeners, detach });
    return this.#view(name, listeners);
  }

  start(): Promise<void> {
    if (this.#unlisten.length > 0) return Promise.resolve();
    const { links, membership } = this.#deps;
    this.#unlisten = [
      links.serve('table', (incoming) => this.#accept(incoming)),
      links.listen((event) => {
        if (event.kind === 'up') this.#raise(event.link);
        else this.#lower(event.link);
      }),
      membership.listen((event) => this.#memberChanged(event)),
    ];
    for (const member of membership.members()) {
      if (member.name !== links.self.name) this.#machine.memberSeen(member, this.#effects);
    }
    for (const [name, opened] of this.#opened) opened.detach ??= this.#attach(name);
    for (const link of links.links()) this.#raise(link);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
    for (const opened of this.#opened.values()) {
      opened.detach?.();
      opened.detach = undefined;
    }
    for (const channels of this.#channels.values()) {
      channels.rows?.complete();
      channels.answers?.complete();
    }
    this.#channels.clear();
    this.#waiters.clear();
    return Promise.resolve();
  }

  #view(name: string, listeners: Listeners<TableChange>): SharedTable {
    const machine = this.#machine;
    const effects = this.#effects;
    return {
      get revision(): number {
        return machine.digest(name).revision;
      },
      set: (key, value) => machine.set(name, key, value, effects),
      remove: (key) => machine.remove(name, key, effects),
      rowsOf: (node) => machine.findReplica(name, node)?.rows ?? noRows,
      nodes: (): readonly NodeId[] => Array.from(machine.replicas(name), (replica) => replica.node),
      listen: (listener) => listeners.add(listener),
      whenHeld: (revision, done) => {
        const waiter = { table: name, revision, done };
        this.#waiters.add(waiter);
        this.#checkLater();
        return () => this.#waiters.delete(waiter);
      },
    };
  }

  #attach(name: string): Unlisten {
    return this.#deps.membership.attachDigest(name, {
      own: () => this.#machine.digest(name),
      heard: (node, digest) => {
        this.#machine.heard({ table: name, node, digest }, this.#deps.clock.now(), this.#effects);
      },
    });
  }

  #memberChanged(event: MemberEvent): void {
    if (event.member.name === this.#deps.links.self.name) return;
    if (event.kind === 'left' || event.kind === 'failed') this.#machine.memberGone(event.member, this.#effects);
    else if (event.kind === 'joined') this.#machine.memberSeen(event.member, this.#effects);
  }

  #raise(link: Link): Channels | undefined {
    if (link.peer.role !== 'peer' || !link.up) return undefined;
    const known = this.#channels.get(link.id);
    if (known !== undefined) return known;
    const channels: Channels = { link, rows: undefined, answers: undefined };
    this.#channels.set(link.id, channels);
    this.#machine.linkUp(link.id, link.peer, this.#effects);
    this.#openRows(channels);
    return channels;
  }

  #lower(link: Link): void {
    if (!this.#channels.delete(link.id)) return;
    const member = this.#deps.membership.findMember(link.peer.name);
    this.#machine.linkDown(link.id, member?.epoch === link.peer.epoch, this.#effects);
  }

  #openRows(channels: Channels): void {
    const { link } = channels;
    if (!link.up || this.#channels.get(link.id) !== channels) return;
    const refill = new Refill();
    const sink = {
      onNext: (payload: PayloadView): void => {
        this.#machine.receiveAnswer(link.id, toReader(payload), this.#effects);
        refill.taken(channels.rows);
      },
      onComplete: (): void => undefined,
      onFail: (): void => {
        channels.rows = undefined;
        this.#reopenLater(channels);
      },
      onCredit: (): void => this.#pumpLater(),
      onCancel: (): void => {
        channels.rows = undefined;
        this.#reopenLater(channels);
      },
    };
    const stream = link.open(
      { kind: 'table', interaction: 'channel', metadata: emptyBytes, data: emptyBytes, credit: creditWindow },
      sink,
    );
    if (stream === 'full') this.#reopenLater(channels);
    channels.rows = typeof stream === 'string' ? undefined : stream;
  }

  /** A peer that is still starting refuses the channel; one that stops has no use for it. Both end with the link or a retry. */
  #reopenLater(channels: Channels): void {
    const { clock } = this.#deps;
    if (!channels.link.up) return;
    clock.setTimer(after(clock.now(), reopenMs), () => this.#openRows(channels));
  }

  #accept(incoming: IncomingStream): ReturnType<Parameters<Links['serve']>[1]> {
    const { stream } = incoming;
    const channels = incoming.interaction === 'channel' ? this.#raise(stream.link) : undefined;
    if (channels === undefined) {
      stream.fail(streamErrorCodes.rejected, emptyBytes);
      return ignoringSink;
    }
    channels.answers = stream;
    const { id } = stream.link;
    const refill = new Refill();
    stream.request(creditWindow);
    this.#machine.readable(id, this.#effects);
    return {
      onNext: (payload) => {
        this.#machine.receiveRows(id, toReader(payload), this.#effects);
        refill.taken(stream);
      },
      onComplete: () => stream.complete(),
      onFail: () => undefined,
      onCredit: () => this.#pumpLater(),
      onCancel: () => undefined,
    };
  }

  #pumpLater(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#deps.clock.afterTurn(() => {
      this.#pumping = false;
      for (const { link, rows, answers } of this.#channels.values()) {
        const credit = { rows: rows?.credit ?? 0, answers: answers?.credit ?? 0 };
        if (credit.rows > 0 || credit.answers > 0) this.#machine.pump(link.id, credit, this.#effects);
      }
      this.#count();
    });
  }

  #checkLater(): void {
    if (this.#checking || this.#waiters.size === 0) return;
    this.#checking = true;
    this.#deps.clock.afterTurn(() => {
      this.#checking = false;
      const done = [...this.#waiters].filter((one) => this.#machine.isHeld(one.table, one.revision));
      for (const waiter of done) if (this.#waiters.delete(waiter)) waiter.done();
    });
  }

  #break(linkId: number): void {
    const link = this.#channels.get(linkId)?.link;
    this.#deps.logger.info('a peer sent a malformed table message', { peer: link?.peer.name });
    link?.close('protocol');
  }

  readonly #counted: Record<string, number> = {};

  #count(): void {
    for (const [reason, total] of Object.entries(this.#machine.counts)) {
      const more = Number(total) - (this.#counted[reason] ?? 0);
      if (more === 0) continue;
      this.#counted[reason] = Number(total);
      this.#deps.metrics
        .counter('scalebus_table_events_total', 'Table messages and rows that were dropped or mended, by reason', {
          reason,
        })
        .add(more);
    }
  }
}

/** Messages that each direction may have on the way: with 16 KiB chunks 256 KiB. */
const creditWindow = 16;

/** A peer that refused the channel is asked again so much later. */
const reopenMs = 500;

const noRows: ReadonlyMap<string, Uint8Array> = new Map();

interface OpenTable {
  readonly listeners: Listeners<TableChange>;
  detach: Unlisten | undefined;
}

interface Channels {
  readonly link: Link;
  /** Opened by us: our rows out, answers in. */
  rows: Stream | undefined;
  /** Opened by the peer: its rows in, our answers out. */
  answers: Stream | undefined;
}

interface Waiter {
  readonly table: string;
  readonly revision: number;
  readonly done: () => void;
}

/** Returns credit half a window at a time. */
class Refill {
  #taken = 0;

  taken(stream: Stream | undefined): void {
    this.#taken += 1;
    if (this.#taken < creditWindow / 2) return;
    stream?.request(this.#taken);
    this.#taken = 0;
  }
}

function toReader(payload: PayloadView): ByteReader {
  return new ByteReader(payload.bytes, payload.dataStart, payload.dataEnd);
}
