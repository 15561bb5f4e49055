/** What happened on the lanes between this node and one peer, in this life of it. */
export interface BusLinkInfo {
  readonly node: string;
  readonly epoch: number;
  readonly linked: boolean;
  readonly suspect: boolean;
  /** Copies of events that were accepted for it. */
  readonly sent: number;
  /** Copies that were not, because too many waited. */
  readonly dropped: number;
  /** Copies that went out again after a link was lost. */
  readonly resent: number;
  /** Numbers given and not acknowledged: what grows first when it stalls. Those of dropped events count until the node knows of the gap. */
  readonly inFlight: number;
  /** Memory that waits for an acknowledgement; bounded by the window of each lane. */
  readonly heldBytes: number;
  /** On the lanes that are open now. */
  readonly received: number;
  /** Copies that came a second time and were not delivered. */
  readonly duplicates: number;
  /** Lossless subscriptions of the peer that have a lane. */
  readonly ownLanes: number;
}
