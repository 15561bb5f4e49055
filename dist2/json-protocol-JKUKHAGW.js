import {
  bytesToText,
  textToBytes
} from "./chunk-OQTOUDKD.js";

// dist/device/gateway/json-protocol.js
var JsonProtocol = class {
  name = "json";
  decode(message) {
    const levels = message.topic.split("/");
    const device = findDevice(levels);
    if (device === void 0)
      return topicFault(message.topic);
    const [, , kind, name] = levels;
    if (kind === "report" && levels.length === 3)
      return decodeReport(device, message.payload);
    if (kind === "event" && levels.length === 4 && isName(name))
      return decodeEvent(device, name, message.payload);
    if (kind === "reply" && levels.length === 3)
      return decodeReply(device, message.payload);
    return topicFault(message.topic);
  }
  findCommandTarget(filter) {
    const levels = filter.split("/");
    const [, , kind, name] = levels;
    const named = kind === "command" && levels.length === 4 && name !== void 0 && name !== "";
    const all = kind === "#" && levels.length === 3 || kind === "command" && name === "#" && levels.length === 4;
    return named || all ? findDevice(levels) : void 0;
  }
  encode(device, command) {
    if (!isName(command.name)) {
      return { fault: "topic-invalid", why: `the command name ${JSON.stringify(command.name)} is no topic level` };
    }
    const topic = `${device.product}/${device.id}/command/${command.name}`;
    try {
      const payload = textToBytes(JSON.stringify({ id: command.id, input: command.input }));
      return { topic, payload, qos: 1, headers: {} };
    } catch (error) {
      return { fault: "payload-invalid", why: error instanceof Error ? error.message : String(error) };
    }
  }
};
var nameLengthMax = 64;
var depthMax = 32;
function findDevice(levels) {
  const [product, id] = levels;
  return isName(product) && isName(id) ? { product, id } : void 0;
}
function isName(level) {
  return level !== void 0 && level !== "" && level.length <= nameLengthMax && !/[/+#]/.test(level);
}
function decodeReport(device, payload) {
  const read = readJson(payload);
  if ("fault" in read)
    return read;
  if (!isRecord(read.value))
    return payloadFault("a report is an object of properties");
  return { kind: "report", device, properties: read.value };
}
function decodeEvent(device, event, payload) {
  const read = payload.length === 0 ? { value: void 0 } : readJson(payload);
  return "fault" in read ? read : { kind: "event", device, event, data: read.value };
}
function decodeReply(device, payload) {
  const read = readJson(payload);
  if ("fault" in read)
    return read;
  const reply = read.value;
  const commandId = isRecord(reply) ? reply["id"] : void 0;
  if (!isRecord(reply) || typeof commandId !== "string")
    return payloadFault("a reply needs the id of its command");
  const success = !("error" in reply);
  return { kind: "reply", device, commandId, success, output: success ? reply["output"] : reply["error"] };
}
function readJson(payload) {
  if (isTooDeep(payload))
    return payloadFault(`nested deeper than ${depthMax}`);
  try {
    const value = JSON.parse(bytesToText(payload));
    return { value };
  } catch {
    return payloadFault("not JSON");
  }
}
function isTooDeep(payload) {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < payload.length; index += 1) {
    const byte = payload[index];
    if (inString) {
      if (byte === backslash)
        index += 1;
      else if (byte === quote)
        inString = false;
    } else if (byte === quote)
      inString = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > depthMax)
        return true;
    } else if (byte === closeBracket || byte === closeBrace)
      depth -= 1;
  }
  return false;
}
var quote = 34;
var backslash = 92;
var openBracket = 91;
var closeBracket = 93;
var openBrace = 123;
var closeBrace = 125;
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function topicFault(topic) {
  return { fault: "topic-invalid", why: `no device says anything on ${topic}` };
}
function payloadFault(why) {
  return { fault: "payload-invalid", why };
}
export {
  JsonProtocol
};
