import { hashBytes } from '../../core/hash.js';
import type { Member } from '../../spi/membership.js';
import type { Watched } from './watched.js';

/** What a member said of itself from an incarnation on. */
interface Statement {
  readonly epoch: number;
  readonly incarnation: number;
  readonly metadataHash: number;
}

interface NodeTruth {
  readonly watched: Watched;
  readonly statements: Statement[];
  readonly epochs: Set<number>;
}

/** What really was: every life that ran, how far it counted, and what it said of itself. Nobody may believe anything else. */
export class MembershipTruth {
  readonly #nodes = new Map<string, NodeTruth[]>();

  get nameCount(): number {
    return this.#nodes.size;
  }

  /** One more process of this name began. */
  began(watched: Watched): void {
    const { name } = watched.self;
    const node = { watched, statements: [], epochs: new Set<number>() };
    this.#nodes.set(name, [...(this.#nodes.get(name) ?? []), node]);
    note(node);
  }

  /** Looks at every process again. It has to happen before beliefs are judged. */
  noteAll(): void {
    for (const nodes of this.#nodes.values()) for (const node of nodes) note(node);
  }

  /** Why nobody can believe this of a member, or `undefined`. */
  findFault(member: Member): string | undefined {
    const node = this.#nodes.get(member.name)?.find(({ epochs }) => epochs.has(member.epoch));
    if (node === undefined) return 'is a life that never was';
    const { self } = node.watched;
    if (self.epoch === member.epoch && member.incarnation > self.incarnation) {
      return `is ahead of itself, which stands at ${self.incarnation}`;
    }
    return undefined;
  }

  /** Says whether these bytes are what the member said of itself in this incarnation. */
  isMetadataTrue(member: Member): boolean {
    const { metadata, name, epoch, incarnation } = member;
    if (metadata === undefined) return true;
    const hash = hashBytes(metadata);
    const said = (this.#nodes.get(name) ?? [])
      .flatMap(({ statements }) => statements)
      .filter((statement) => statement.epoch === epoch && statement.incarnation <= incarnation);
    return said.length === 0 || said.at(-1)?.metadataHash === hash;
  }
}

function note(node: NodeTruth): void {
  const { epoch, incarnation, metadata } = node.watched.self;
  node.epochs.add(epoch);
  const metadataHash = hashBytes(metadata ?? new Uint8Array(0));
  const last = node.statements.at(-1);
  if (last?.epoch === epoch && last.metadataHash === metadataHash) return;
  node.statements.push({ epoch, incarnation, metadataHash });
}
