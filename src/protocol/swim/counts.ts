/** What the machine counts; drops are never silent. */
export type SwimCount = keyof typeof atZero;

/** One number for each kind of count. Each only grows. */
export type SwimCounts = Record<SwimCount, number>;

const atZero = {
  'datagrams-received': 0,
  'datagrams-sent': 0,
  'bytes-received': 0,
  'bytes-sent': 0,
  'drop-label': 0,
  'drop-version': 0,
  'drop-malformed': 0,
  'drop-sealed': 0,
  'drop-plain': 0,
  'drop-unauthentic': 0,
  'drop-replay': 0,
  'drop-busy': 0,
  'drop-amplifying': 0,
  'drop-unknown-part': 0,
  'drop-own': 0,
  'drop-stranger': 0,
  'drop-table-full': 0,
  'drop-relay-full': 0,
  'drop-gossip-full': 0,
  'drop-spread-full': 0,
  'drop-claim-full': 0,
  'probe-started': 0,
  'probe-indirect': 0,
  'probe-failed': 0,
  'nack-missed': 0,
  'suspicion-started': 0,
  'suspicion-confirmed': 0,
  'suspicion-refuted': 0,
  'suspicion-held': 0,
  'suspicion-withdrawn': 0,
  'refuted-self': 0,
  'failed-by-us': 0,
  'failed-by-others': 0,
  'life-replaced': 0,
  'claim-unproved': 0,
  'address-taken': 0,
  'sync-asked': 0,
  'sync-answered': 0,
  'sync-refused': 0,
  'name-checked': 0,
  'reconnect-tried': 0,
  stalled: 0,
  'metadata-asked': 0,
  'metadata-pulled': 0,
  'metadata-broken': 0,
};

/** Counts that all stand at 0. */
export function createSwimCounts(): SwimCounts {
  return { ...atZero };
}
