import { assert } from '../../core/assert.js';
import { type ByteReader, ByteWriter } from '../../core/bytes.js';
import type { MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { isSameNode, type NodeId } from '../../core/ids.js';
import type { TableDigest } from '../../spi/membership.js';
import type { DigestFrom, PumpCredit, TableCounts, TableEffects, TablePeer } from './effects.js';
import { OwnPart } from './own-part.js';
import { ReaderCursor } from './reader-cursor.js';
import { Replica, type ReplicaListener, type ReplicaOutcome } from './replica.js';
import { floorsMax, tableNameBytesMax, tablesMax, type TableLimits } from './table-limits.js';
import { readHead, tableMessages, writeHead } from './table-wire.js';

/**
 * Single-writer tables, each node its own part. Idea: a reader says at which revision it is, the writer sends what changed
 * since, or a snapshot when its log does not reach back so far; acknowledgements tell when everybody holds a revision. A digest
 * (revision and hash) that rides on gossip finds readers that lag or differ, and they pull. Parts are keyed by name and epoch;
 * the newest epoch seen of a name is a floor below which nothing is taken.
 */
export class TableMachine {
  readonly #limits: TableLimits;
  readonly #tables = new Map<string, Table>();
  readonly #links = new Map<number, LinkState>();
  readonly #floors = new Map<string, Floor>();
  readonly #writer = new ByteWriter(1024);
  readonly counts: TableCounts = { stale: 0, unknown: 0, gaps: 0, malformed: 0, repairs: 0, dropped: 0 };

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  /** Opens a table; throws when it is open, when there are too many, or when the name is too long. */
  open(name: string, out: TableEffects): void {
    assert(!this.#tables.has(name), `no other table ${name}`);
    assert(name.length > 0 && name.length <= tableNameBytesMax, 'a table name of 1 to 32 bytes');
    if (this.#tables.size >= tablesMax) throw new ClusterError('too-large', `at most ${tablesMax} tables`);
    this.#tables.set(name, { part: new OwnPart(this.#limits), replicas: new Map() });
    for (const link of this.#links.values()) {
      if (link.readable) this.#answer(link, name, 'pull', out);
      const early = link.early.get(name);
      if (early !== undefined) this.#pulled(link, name, early, out);
    }
  }

  /** Writes a row of this node. Throws `too-large`. */
  set(name: string, key: string, value: Uint8Array, out: TableEffects): void {
    if (this.#table(name).part.set(key, value)) out.wake();
  }

  /** Removes a row of this node. */
  remove(name: string, key: string, out: TableEffects): void {
    if (this.#table(name).part.remove(key)) out.wake();
  }

  /** The revision and hash of this node's part. */
  digest(name: string): TableDigest {
    return this.#table(name).part.digest();
  }

  /** The copy of another node's part, if there is one of just this epoch. */
  findReplica(name: string, node: NodeId): Replica | undefined {
    const replica = this.#table(name).replicas.get(node.name);
    return replica?.node.epoch === node.epoch ? replica : undefined;
  }

  /** Copies that are held. */
  replicas(name: string): Iterable<Replica> {
    return this.#table(name).replicas.values();
  }

  /** Says whether every peer with a link holds this node's part up to `revision`. */
  isHeld(name: string, revision: number): boolean {
    for (const link of this.#links.values()) {
      const cursor = link.cursors.get(name);
      if (cursor === undefined || cursor.held < revision) return false;
    }
    return true;
  }

  /** A peer's link is up. */
  linkUp(id: number, node: TablePeer, out: TableEffects): void {
    this.#raiseFloor(node, out);
    this.#links.set(id, {
      id,
      node,
      cursors: new Map(),
      answers: new Map(),
      early: new Map(),
      gapAt: new Map(),
      lags: new Map(),
      readable: false,
    });
  }

  /** The peer opened its channel to us: say where we are. */
  readable(id: number, out: TableEffects): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.readable = true;
    for (const name of this.#tables.keys()) this.#answer(link, name, 'pull', out);
  }

  /** A link is down. The copies stay while the node is a member. */
  linkDown(id: number, isMember: boolean, out: TableEffects): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    for (const name of this.#tables.keys()) {
      this.findReplica(name, link.node)?.abandon();
      if (!isMember && this.#findLinkOf(link.node) === undefined) this.#drop(name, link.node, out);
    }
    out.heldMoved();
  }

  /** A member is here, perhaps again. Copies of its older epochs are dropped. */
  memberSeen(node: NodeId, out: TableEffects): void {
    const floor = this.#floors.get(node.name);
    if (floor?.epoch === node.epoch) this.#setFloor(node.name, { epoch: node.epoch, removed: false });
    else this.#raiseFloor(node, out);
    const link = this.#findLinkOf(node);
    if (link?.readable !== true) return;
    for (const name of this.#tables.keys()) {
      if (this.findReplica(name, node) === undefined) this.#answer(link, name, 'pull', out);
    }
  }

  /** A member left or failed. News of a life that is over already change nothing. */
  memberGone(node: NodeId, out: TableEffects): void {
    if ((this.#floors.get(node.name)?.epoch ?? 0) > node.epoch) return;
    this.#setFloor(node.name, { epoch: node.epoch, removed: true });
    for (const name of this.#tables.keys()) this.#drop(name, node, out);
  }

  /** A digest of another node's part came by on gossip. */
  heard(from: DigestFrom, now: MonotonicMs, out: TableEffects): void {
    const link = this.#findLinkOf(from.node);
    if (link?.readable !== true || this.#isStale(from.node)) return;
    const replica = this.findReplica(from.table, from.node);
    const own = replica?.digest() ?? { revision: 0, hash: 0 };
    if (own.revision > from.digest.revision) return;
    if (own.revision === from.digest.revision) {
      link.lags.delete(from.table);
      if (own.hash === from.digest.hash || (replica?.dropped ?? 0) > 0) return;
      this.counts.repairs += 1;
      this.#answer(link, from.table, 'full', out);
      return;
    }
    const lag = link.lags.get(from.table);
    if (lag === undefined || lag.revision !== own.revision) {
      link.lags.set(from.table, { revision: own.revision, since: now });
    } else if (now - lag.since >= this.#limits.patienceMs) {
      this.counts.repairs += 1;
      link.lags.delete(from.table);
      this.#answer(link, from.table, 'pull', out);
    }
  }

  /** Sends what each direction's credit allows. Called after `wake` and whenever credit came. */
  pump(id: number, credit: PumpCredit, out: TableEffects): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#pumpAnswers(link, credit.answers, out);
    let chunks = Math.min(credit.rows, this.#limits.chunksPerTurnMax);
    for (const cursor of link.cursors.values()) {
      while (chunks > 0 && cursor.hasMore) {
        cursor.write(this.#writer, link.node.wireVersion);
        out.sendRows(id, this.#writer.take());
        chunks -= 1;
      }
      if (cursor.hasMore && credit.rows > this.#limits.chunksPerTurnMax) out.wake();
    }
  }

  /** A message on the channel that the peer opened: rows of its part. The bytes are lent. */
  receiveRows(id: number, reader: ByteReader, out: TableEffects): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const head = readHead(reader, link.node.wireVersion);
    if (head === undefined) return this.#broken(link, out);
    const table = this.#tables.get(head.table);
    const known = head.kind === tableMessages.changes || head.kind === tableMessages.snapshot;
    if (table === undefined || !known) {
      this.counts.unknown += 1;
      return;
    }
    if (this.#isStale(link.node)) {
      this.counts.stale += 1;
      return;
    }
    const replica = this.#ensureReplica(table, link.node);
    const before = replica.dropped;
    const listener = changeTeller(head.table, out);
    const outcome =
      head.kind === tableMessages.changes
        ? replica.applyChanges(reader, listener)
        : replica.applySnapshot(reader, listener);
    this.counts.dropped += Math.max(0, replica.dropped - before);
    this.#settle(link, head.table, outcome, out);
  }

  /** A message on the channel that we opened: what the peer holds or asks for. The bytes are lent. */
  receiveAnswer(id: number, reader: ByteReader, out: TableEffects): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const head = readHead(reader, link.node.wireVersion);
    const revision = reader.varint();
    if (head === undefined || !reader.ok) return this.#broken(link, out);
    if (head.kind === tableMessages.pull) {
      this.#pulled(link, head.table, { revision, full: reader.u8() === 1 }, out);
    } else if (head.kind === tableMessages.held) {
      if (link.cursors.get(head.table)?.acknowledge(revision) === true) out.heldMoved();
    } else {
      this.counts.unknown += 1;
    }
  }

  #pulled(link: LinkState, name: string, pull: Pull, out: TableEffects): void {
    const table = this.#tables.get(name);
    if (table === undefined) {
      if (link.early.size < tablesMax) link.early.set(name, pull);
      return;
    }
    let cursor = link.cursors.get(name);
    if (cursor === undefined) link.cursors.set(name, (cursor = new ReaderCursor(name, table.part, this.#limits)));
    cursor.pull(pull.revision, pull.full);
    out.heldMoved();
    out.wake();
  }

  #settle(link: LinkState, name: string, outcome: ReplicaOutcome, out: TableEffects): void {
    switch (outcome) {
      case 'applied':
        link.gapAt.delete(name);
        this.#answer(link, name, 'held', out);
        return;
      case 'gap': {
        // What is already on its way after a gap is out of order too; it must not pull again each time.
        const revision = this.findReplica(name, link.node)?.revision ?? 0;
        this.counts.gaps += 1;
        if (link.gapAt.get(name) === revision) return;
        link.gapAt.set(name, revision);
        this.#answer(link, name, 'pull', out);
        return;
      }
      case 'malformed':
        this.#broken(link, out);
    }
  }

  /** At most one answer for each table waits: a pull says more than an acknowledgement. */
  #answer(link: LinkState, name: string, answer: Answer, out: TableEffects): void {
    const waiting = link.answers.get(name);
    if (waiting === undefined || answerRank[answer] > answerRank[waiting]) link.answers.set(name, answer);
    out.wake();
  }

  #pumpAnswers(link: LinkState, credit: number, out: TableEffects): void {
    let left = credit;
    for (const [name, answer] of link.answers) {
      if (left <= 0) return;
      left -= 1;
      link.answers.delete(name);
      writeHead(this.#writer, link.node.wireVersion, answer === 'held' ? tableMessages.held : tableMessages.pull, name);
      this.#writer.varint(this.findReplica(name, link.node)?.revision ?? 0);
      if (answer !== 'held') this.#writer.u8(answer === 'full' ? 1 : 0);
      out.sendAnswer(link.id, this.#writer.take());
    }
  }

  #ensureReplica(table: Table, node: NodeId): Replica {
    let replica = table.replicas.get(node.name);
    if (replica === undefined || replica.node.epoch !== node.epoch) {
      replica = new Replica(node, this.#limits);
      table.replicas.set(node.name, replica);
    }
    return replica;
  }

  #broken(link: LinkState, out: TableEffects): void {
    this.counts.malformed += 1;
    out.broken(link.id);
  }

  #isStale(node: NodeId): boolean {
    const floor = this.#floors.get(node.name);
    if (floor === undefined || node.epoch > floor.epoch) return false;
    return node.epoch < floor.epoch || floor.removed;
  }

  #raiseFloor(node: NodeId, out: TableEffects): void {
    if (node.epoch <= (this.#floors.get(node.name)?.epoch ?? 0)) return;
    this.#setFloor(node.name, { epoch: node.epoch, removed: false });
    for (const [name, table] of this.#tables) {
      const replica = table.replicas.get(node.name);
      if (replica !== undefined && replica.node.epoch < node.epoch) this.#drop(name, replica.node, out);
    }
  }

  #setFloor(name: string, floor: Floor): void {
    this.#floors.delete(name);
    this.#floors.set(name, floor);
    if (this.#floors.size <= floorsMax) return;
    for (const oldest of this.#floors.keys()) {
      this.#floors.delete(oldest);
      return;
    }
  }

  #drop(name: string, node: NodeId, out: TableEffects): void {
    const replica = this.findReplica(name, node);
    if (replica === undefined) return;
    this.#table(name).replicas.delete(node.name);
    out.changed(name, { kind: 'gone', node: replica.node });
  }

  #findLinkOf(node: NodeId): LinkState | undefined {
    for (const link of this.#links.values()) if (isSameNode(link.node, node)) return link;
    return undefined;
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    assert(table !== undefined, `an open table ${name}`);
    return table;
  }
}

type Answer = 'held' | 'pull' | 'full';

const answerRank: Readonly<Record<Answer, number>> = { held: 0, pull: 1, full: 2 };

interface Pull {
  readonly revision: number;
  readonly full: boolean;
}

/** The newest epoch seen of a name, and whether the membership removed it: older ones may have no part here. */
interface Floor {
  readonly epoch: number;
  readonly removed: boolean;
}

interface Table {
  readonly part: OwnPart;
  readonly replicas: Map<string, Replica>;
}

interface LinkState {
  readonly id: number;
  readonly node: TablePeer;
  readonly cursors: Map<string, ReaderCursor>;
  readonly answers: Map<string, Answer>;
  /** Pulls of tables that are not open here yet. */
  readonly early: Map<string, Pull>;
  /** The revision at which a gap was already answered by a pull. */
  readonly gapAt: Map<string, number>;
  readable: boolean;
  /** Where each lagging table was when its digest first said so. */
  readonly lags: Map<string, { readonly revision: number; readonly since: MonotonicMs }>;
}

function changeTeller(table: string, out: TableEffects): ReplicaListener {
  return {
    set: (node, key, value) => out.changed(table, { kind: 'set', node, key, value }),
    removed: (node, key) => out.changed(table, { kind: 'removed', node, key }),
  };
}
