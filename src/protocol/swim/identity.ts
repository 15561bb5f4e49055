import { hashBytes } from '../../core/hash.js';
import { emptyBytes } from '../../core/bytes.js';
import type { Random } from '../../core/random.js';
import type { MemberLife } from './catalogue.js';

/** What a node says of itself when it is made. */
export interface SwimIdentity {
  readonly name: string;
  readonly epoch: number;
  /** `host:port` where others reach it. */
  readonly address: string;
  readonly wireMin: number;
  readonly wireMax: number;
  readonly metadata: Uint8Array;
}

/**
 * Draws an epoch: the larger of the start time and the last known one plus one, with ten random low bits, so that two lives that
 * start in one millisecond differ.
 */
export function drawEpoch(wallMs: number, lastEpoch: number, random: Random): number {
  const base = Math.max(Math.floor(wallMs), Math.floor(lastEpoch / lowBits) + 1);
  return base * lowBits + random.below(lowBits);
}

/** Whether `drawEpoch` above a last known epoch gives one that can be written. */
export function hasEpochAbove(epoch: number): boolean {
  return epoch <= Number.MAX_SAFE_INTEGER - lowBits * 2;
}

const lowBits = 1024;

/** This node: the only one that changes its own life and incarnation. */
export class SelfState {
  #life: MemberLife;
  #incarnation = 0;
  #metadata: Uint8Array;

  constructor(identity: SwimIdentity) {
    const { name, epoch, address, wireMin, wireMax, metadata } = identity;
    const life = { name, epoch, address, wireMin, wireMax, metadataVersion: 0, metadataHash: 0, metadataBytes: 0 };
    this.#life = life;
    this.#metadata = emptyBytes;
    if (metadata.length > 0) this.changeMetadata(metadata);
  }

  get life(): MemberLife {
    return this.#life;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get metadata(): Uint8Array {
    return this.#metadata;
  }

  /** Rises above what others say. */
  outgrow(incarnation: number): void {
    this.#incarnation = Math.max(this.#incarnation, incarnation) + 1;
  }

  changeMetadata(metadata: Uint8Array): void {
    this.#incarnation += 1;
    this.#metadata = metadata.slice();
    this.#life = {
      ...this.#life,
      metadataVersion: this.#incarnation,
      metadataHash: hashBytes(metadata),
      metadataBytes: metadata.length,
    };
  }

  /** Starts another life under the same name. */
  renew(epoch: number): void {
    const hasMetadata = this.#life.metadataVersion > 0;
    this.#incarnation = hasMetadata ? 1 : 0;
    this.#life = { ...this.#life, epoch, metadataVersion: this.#incarnation };
  }
}
