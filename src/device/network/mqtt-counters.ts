/** What an MQTT listener has counted since it was made. All of them only grow, but the two that say so. */
export interface MqttCounters {
  /** Connections that are open now. */
  connections: number;
  /** Clients that are let in now. */
  clients: number;
  accepted: number;
  /** Closed as they came: `clientsMax` or `connectingMax`. */
  overLimit: number;
  /** Refused by a CONNACK, or by the hook. */
  refused: number;
  takenOver: number;
  /** Closed for bytes that are no MQTT, or MQTT that breaks its rules. */
  malformed: number;
  tooLarge: number;
  connectTimeouts: number;
  keepAliveTimeouts: number;
  ackTimeouts: number;
  messagesIn: number;
  messagesOut: number;
  /** Messages of devices that the owner did not take, by whatever reason. */
  messagesRefused: number;
  /** Messages to devices that found a full queue or buffer. */
  outgoingDropped: number;
  /** PUBACKs for nothing that was sent. */
  acksUnknown: number;
  /** User properties beyond the limits of headers. */
  headersDropped: number;
  /** Retain flags of 3.1.1 clients: nothing is retained here. */
  retainIgnored: number;
}

/** Counters at 0. */
export function createMqttCounters(): MqttCounters {
  return {
    connections: 0,
    clients: 0,
    accepted: 0,
    overLimit: 0,
    refused: 0,
    takenOver: 0,
    malformed: 0,
    tooLarge: 0,
    connectTimeouts: 0,
    keepAliveTimeouts: 0,
    ackTimeouts: 0,
    messagesIn: 0,
    messagesOut: 0,
    messagesRefused: 0,
    outgoingDropped: 0,
    acksUnknown: 0,
    headersDropped: 0,
    retainIgnored: 0,
  };
}
