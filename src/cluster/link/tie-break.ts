import type { NodeId } from '../../core/ids.js';

/**
 * Which of two connections between one pair of nodes stays. When both dial at once the smaller name's dial wins. The winner's
 * side need not close the other at once: it holds the loser's hello until its own dial is settled, so that a dial that
 * fails costs nothing. A hello that insists comes from a node whose own side of the link is gone: it replaces what is there.
 *
 *     link that is there            hello of         verdict
 *     none                          any, no own dial 'take'
 *     none                          larger, own dial 'hold', unless it insists
 *     none                          smaller, own dial 'take'
 *     older epoch                   any              'replace'
 *     newer epoch                   any              'stale'
 *     same epoch                    smaller          'replace'
 *     same epoch                    larger           'duplicate', unless it insists
 */
export function judgeHello(self: NodeId, hello: HelloClaim, present: PresentLink): HelloVerdict {
  const { linkEpoch, knownEpoch } = present;
  if (hello.epoch < Math.max(linkEpoch ?? 0, knownEpoch ?? 0)) return 'stale';
  const helloWins = hello.insists || isWinner(hello.name, self.name);
  if (linkEpoch === undefined) return present.isDialing && !helloWins ? 'hold' : 'take';
  return linkEpoch < hello.epoch || helloWins ? 'replace' : 'duplicate';
}

/** Says whether the dial of `name` wins over that of `other`. */
export function isWinner(name: string, other: string): boolean {
  return name < other;
}

/** What the other node says. */
export interface HelloClaim extends NodeId {
  readonly insists: boolean;
}

/** What this node has for that name. */
export interface PresentLink {
  /** The epoch at the other end of the link that is up. */
  readonly linkEpoch: number | undefined;
  /** The epoch that the membership knows. */
  readonly knownEpoch: number | undefined;
  /** A dial of ours is under way. */
  readonly isDialing: boolean;
}

/** What becomes of a hello. */
export type HelloVerdict = 'take' | 'replace' | 'hold' | 'duplicate' | 'stale';
