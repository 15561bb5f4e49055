import { bytesToText, textToBytes } from '../../core/text.js';
import type {
  DeviceCommand,
  DeviceFault,
  DeviceMessage,
  DeviceProtocol,
  DeviceRef,
  TransportMessage,
} from '../../spi/device.js';

/**
 * Devices that speak JSON on topics, MQTT's for instance. The topic names the device, so no client id has a meaning:
 *
 *     {product}/{device}/report            { "temperature": 21.5 }                       properties
 *     {product}/{device}/event/{event}     any JSON                                      something that happened
 *     {product}/{device}/command/{name}    { "id": "k3-1", "input": … }                  to the device
 *     {product}/{device}/reply             { "id": "k3-1", "output": … }                 it did
 *     {product}/{device}/reply             { "id": "k3-1", "error": "no such fan" }      it did not
 */
export class JsonProtocol implements DeviceProtocol {
  readonly name = 'json';

  decode(message: TransportMessage): DeviceMessage | DeviceFault {
    const levels = message.topic.split('/');
    const device = findDevice(levels);
    if (device === undefined) return topicFault(message.topic);
    const [, , kind, name] = levels;
    if (kind === 'report' && levels.length === 3) return decodeReport(device, message.payload);
    if (kind === 'event' && levels.length === 4 && isName(name)) return decodeEvent(device, name, message.payload);
    if (kind === 'reply' && levels.length === 3) return decodeReply(device, message.payload);
    return topicFault(message.topic);
  }

  findCommandTarget(filter: string): DeviceRef | undefined {
    const levels = filter.split('/');
    const [, , kind, name] = levels;
    const named = kind === 'command' && levels.length === 4 && name !== undefined && name !== '';
    // MQTT's `x/#` takes everything below x: a device that asks for all of its own gets its commands.
    const all = (kind === '#' && levels.length === 3) || (kind === 'command' && name === '#' && levels.length === 4);
    return named || all ? findDevice(levels) : undefined;
  }

  encode(device: DeviceRef, command: DeviceCommand): TransportMessage | DeviceFault {
    if (!isName(command.name)) {
      return { fault: 'topic-invalid', why: `the command name ${JSON.stringify(command.name)} is no topic level` };
    }
    const topic = `${device.product}/${device.id}/command/${command.name}`;
    try {
      const payload = textToBytes(JSON.stringify({ id: command.id, input: command.input }));
      return { topic, payload, qos: 1, headers: {} };
    } catch (error) {
      // A bigint or a cycle: the asker's value is not JSON.
      return { fault: 'payload-invalid', why: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** Longest product, device, event or command name: topics on the bus are bounded, and escaping makes three characters of one. */
const nameLengthMax = 64;

/** Deepest nesting taken; nobody's report needs more, and what walks values later may recurse. */
const depthMax = 32;

function findDevice(levels: readonly string[]): DeviceRef | undefined {
  const [product, id] = levels;
  return isName(product) && isName(id) ? { product, id } : undefined;
}

function isName(level: string | undefined): level is string {
  return level !== undefined && level !== '' && level.length <= nameLengthMax && !/[/+#]/.test(level);
}

function decodeReport(device: DeviceRef, payload: Uint8Array): DeviceMessage | DeviceFault {
  const read = readJson(payload);
  if ('fault' in read) return read;
  if (!isRecord(read.value)) return payloadFault('a report is an object of properties');
  return { kind: 'report', device, properties: read.value };
}

function decodeEvent(device: DeviceRef, event: string, payload: Uint8Array): DeviceMessage | DeviceFault {
  // An event may have nothing to add to its name.
  const read = payload.length === 0 ? { value: undefined } : readJson(payload);
  return 'fault' in read ? read : { kind: 'event', device, event, data: read.value };
}

function decodeReply(device: DeviceRef, payload: Uint8Array): DeviceMessage | DeviceFault {
  const read = readJson(payload);
  if ('fault' in read) return read;
  const reply = read.value;
  const commandId = isRecord(reply) ? reply['id'] : undefined;
  if (!isRecord(reply) || typeof commandId !== 'string') return payloadFault('a reply needs the id of its command');
  const success = !('error' in reply);
  return { kind: 'reply', device, commandId, success, output: success ? reply['output'] : reply['error'] };
}

function readJson(payload: Uint8Array): { readonly value: unknown } | DeviceFault {
  if (isTooDeep(payload)) return payloadFault(`nested deeper than ${depthMax}`);
  try {
    const value: unknown = JSON.parse(bytesToText(payload));
    return { value };
  } catch {
    // What it says quotes the payload, which is a stranger's; that it is no JSON is all there is to know.
    return payloadFault('not JSON');
  }
}

/** Counts brackets outside of strings; exact for well-formed JSON, and what is not is refused anyway. */
function isTooDeep(payload: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < payload.length; index += 1) {
    const byte = payload[index];
    if (inString) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function topicFault(topic: string): DeviceFault {
  return { fault: 'topic-invalid', why: `no device says anything on ${topic}` };
}

function payloadFault(why: string): DeviceFault {
  return { fault: 'payload-invalid', why };
}
