import type { Counter, Metrics } from '../spi/metrics.js';

/** What the bus counts about links. */
export class BusMeter {
  readonly sent: Counter;
  readonly refused: Counter;
  readonly received: Counter;
  readonly unwanted: Counter;
  readonly forbidden: Counter;
  readonly undecodable: Counter;
  readonly gaps: Counter;
  readonly deliveryUnknown: Counter;
  readonly unsent: Counter;
  readonly groupless: Counter;
  readonly malformed: Counter;
  readonly unknownRecords: Counter;

  constructor(metrics: Metrics) {
    const count = (name: string, help: string): Counter => metrics.counter(`scalebus_bus_${name}_total`, help);
    this.sent = count('events_sent', 'copies of events accepted for other nodes');
    this.refused = count('events_refused', 'copies dropped because too many waited for a node');
    this.received = count('events_received', 'events that came from other nodes');
    this.unwanted = count('events_unwanted', 'events that came and that nobody here wants any more');
    this.forbidden = count('events_forbidden', 'events and requests that came and that the access hook refused');
    this.undecodable = count('events_undecodable', 'events whose value could not be read');
    this.gaps = count('gaps', 'runs of events that were lost on the way here');
    this.deliveryUnknown = count('delivery_unknown', 'events sent and never acknowledged');
    this.unsent = count('events_unsent', 'events accepted and never sent, because their node went away');
    this.groupless = count('events_groupless', 'events that came to a node where their group had no member any more');
    this.malformed = count('frames_malformed', 'frames and records that a peer should not have sent');
    this.unknownRecords = count('records_unknown', 'records of a later build that were skipped');
  }
}
