import type { Clock } from '../../core/clock.js';
import { offlineTopic, onlineTopic } from '../../core/device-topic.js';
import type { Logger } from '../../core/logger.js';
import type { BusDoor } from '../../spi/bus.js';
import type { DeviceSession } from '../../spi/device.js';

/** Where presence is told. */
export interface PresenceDeps {
  readonly bus: BusDoor;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This node. */
  readonly nodeName: string;
}

/** Tells the cluster that a device is here. A bus that refuses is logged. */
export function tellOnline(deps: PresenceDeps, session: DeviceSession): void {
  const { clientId, remote } = session.client;
  tell(deps, onlineTopic(session.device), session, { clientId, remote });
}

/** Tells the cluster that a device is nowhere, and how it went. A bus that refuses is logged. */
export function tellOffline(deps: PresenceDeps, session: DeviceSession, reason: string): void {
  tell(deps, offlineTopic(session.device), session, { clientId: session.client.clientId, reason });
}

function tell(
  { bus, clock, nodeName, logger }: PresenceDeps,
  topic: string,
  session: DeviceSession,
  more: Readonly<Record<string, string>>,
): void {
  const { product, id } = session.device;
  try {
    const value = { product, device: id, timeMs: clock.wallMs(), node: nodeName, ...more };
    bus.publish(topic, value, { key: `${product}/${id}` });
  } catch (error) {
    logger.error('a device came or went and the bus refused to say so', { topic, error });
  }
}
