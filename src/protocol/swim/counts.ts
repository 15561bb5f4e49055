/** What the machine counts; drops are never silent. */
export type SwimCount = (typeof countNames)[number];

/** One number for each kind of count. Each only grows. */
export type SwimCounts = Record<SwimCount, number>;

const countNames = [
  'datagrams-received',
  'datagrams-sent',
  'bytes-received',
  'bytes-sent',
  'drop-label',
  'drop-version',
  'drop-malformed',
  'drop-sealed',
  'drop-plain',
  'drop-unauthentic',
  'drop-replay',
  'drop-busy',
  'drop-amplifying',
  'drop-unknown-part',
  'drop-own',
  'drop-stranger',
  'drop-table-full',
  'drop-relay-full',
  'drop-gossip-full',
  'drop-spread-full',
  'drop-claim-full',
  'probe-started',
  'probe-indirect',
  'probe-failed',
  'nack-missed',
  'suspicion-started',
  'suspicion-confirmed',
  'suspicion-refuted',
  'suspicion-held',
  'suspicion-withdrawn',
  'refuted-self',
  'failed-by-us',
  'failed-by-others',
  'life-replaced',
  'claim-unproved',
  'address-taken',
  'sync-asked',
  'sync-answered',
  'sync-refused',
  'name-checked',
  'reconnect-tried',
  'stalled',
  'metadata-asked',
  'metadata-pulled',
  'metadata-broken',
] as const;

/** Counts that all stand at 0. */
export function createSwimCounts(): SwimCounts {
  const counts: Record<string, number> = {};
  for (const name of countNames) counts[name] = 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name of the closed list was just written
  return counts as SwimCounts;
}
