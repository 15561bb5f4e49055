import type { MessageOutcome } from '../../spi/device.js';

/** What a gateway has counted. All of them only grow, but the two that say so. */
export interface GatewayCounters {
  /** Devices that it holds now. */
  devices: number;
  /** Commands that wait for a reply now. */
  commandsPending: number;
  /** Reports and events that the bus took. */
  published: number;
  /** Messages that were not taken, by whatever reason. */
  messagesRefused: number;
  filtersRefused: number;
  /** Sessions begun and ended here; `online` was told for each, `offline` not for those that moved. */
  online: number;
  offline: number;
  /** Clients closed because another took their device over. */
  takenOver: number;
  /** Sessions dropped because the device came up at another node. */
  moved: number;
  commands: number;
  commandsAnswered: number;
  commandsFailed: number;
  /** Replies whose asker had given up. */
  repliesLate: number;
  /** Replies to nothing that was asked. */
  repliesUnknown: number;
}

/** The last message that a gateway did not take. */
export interface MessageFault {
  readonly clientId: string;
  readonly remote: string;
  readonly topic: string;
  readonly outcome: MessageOutcome;
  readonly why: string;
}

/** Counters at 0. */
export function createGatewayCounters(): GatewayCounters {
  return {
    devices: 0,
    commandsPending: 0,
    published: 0,
    messagesRefused: 0,
    filtersRefused: 0,
    online: 0,
    offline: 0,
    takenOver: 0,
    moved: 0,
    commands: 0,
    commandsAnswered: 0,
    commandsFailed: 0,
    repliesLate: 0,
    repliesUnknown: 0,
  };
}
