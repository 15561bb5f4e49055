import { topicSegment } from './topic.js';

/** What names a device; `DeviceRef` of the device door is one. */
interface DeviceName {
  readonly product: string;
  readonly id: string;
}

/**
 * Where a device lives on the bus. Product, id and event are names from outside, so each becomes one escaped segment.
 *
 *     /device/{product}/{device}/online
 *     /device/{product}/{device}/offline
 *     /device/{product}/{device}/message/property/report
 *     /device/{product}/{device}/message/event/{event}
 *     /device/{product}/{device}/command/{name}           answered by the gateway that holds the device
 */
export function deviceTopic(device: DeviceName): string {
  return `/device/${topicSegment(device.product)}/${topicSegment(device.id)}`;
}

/** Where its reports are published. */
export function reportTopic(device: DeviceName): string {
  return `${deviceTopic(device)}/message/property/report`;
}

/** Where its events of one name are published. */
export function eventTopic(device: DeviceName, event: string): string {
  return `${deviceTopic(device)}/message/event/${topicSegment(event)}`;
}

/** Where its coming is told. */
export function onlineTopic(device: DeviceName): string {
  return `${deviceTopic(device)}/online`;
}

/** Where its going is told. */
export function offlineTopic(device: DeviceName): string {
  return `${deviceTopic(device)}/offline`;
}

/** Whom to ask for a command: `bus.request(commandTopic(device, 'fan'), input)`. */
export function commandTopic(device: DeviceName, name: string): string {
  return `${deviceTopic(device)}/command/${topicSegment(name)}`;
}

/** What the gateway that holds the device answers on. */
export function commandPattern(device: DeviceName): string {
  return `${deviceTopic(device)}/command/{name}`;
}

/** What every gateway listens to, to learn that a device came up elsewhere. */
export const onlinePattern = '/device/{product}/{device}/online';
