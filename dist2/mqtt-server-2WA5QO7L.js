import {
  BoundedQueue,
  addressToText,
  emptyBytes,
  resolveMqttOptions
} from "./chunk-6PPO5FYB.js";
import "./chunk-OQTOUDKD.js";
import {
  after,
  assert
} from "./chunk-JIPCXZWP.js";
import {
  headersBytesMax,
  headersMax,
  topicLengthMax,
  topicSegmentsMax
} from "./chunk-44BIA6FG.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/device/network/mqtt-packets.js
import { generate, parser } from "mqtt-packet";
var PacketReader = class {
  #parser = parser();
  #packet;
  #failed = false;
  constructor() {
    this.#parser.on("packet", (packet) => {
      this.#packet = packet;
    });
    this.#parser.on("error", () => {
      this.#failed = true;
    });
  }
  /** Returns the packet, or `undefined` when it is malformed: the reader is of no use then. Its payload is lent with the bytes. */
  read(bytes) {
    this.#packet = void 0;
    try {
      this.#parser.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch {
      return void 0;
    }
    return this.#failed ? void 0 : this.#packet;
  }
};
function packetToBytes(packet, version) {
  const bytes = generate(packet, { protocolVersion: version });
  assert(bytes.length > 0, `a ${packet.cmd} that can be written`);
  return bytes;
}
function payloadToBytes(payload) {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
function bytesToPayload(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
function isPacketId(id) {
  return id !== void 0 && id >= 1 && id <= 65535;
}
function isCleanText(text) {
  return !/[\u0000-\u001f\u007f\ufffd]/.test(text);
}
function isPublishTopic(topic) {
  return isBounded(topic) && !/[+#]/.test(topic) && isCleanText(topic);
}
function isTopicFilter(filter) {
  if (!isBounded(filter) || !isCleanText(filter))
    return false;
  const levels = filter.split("/");
  return levels.every((level, index) => level === "+" || level === "#" && index === levels.length - 1 || !/[+#]/.test(level));
}
function matchesFilter(filter, topic) {
  for (let index = 0; index < filter.length; index += 1) {
    const level = filter[index];
    if (level === "#")
      return true;
    if (index >= topic.length || level !== "+" && level !== topic[index])
      return false;
  }
  return filter.length === topic.length;
}
function propertiesToHeaders(properties) {
  if (properties === void 0)
    return { headers: {}, dropped: 0 };
  const kept = [];
  let bytes = 0;
  let dropped = 0;
  for (const [name, values] of Object.entries(properties)) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    const size = typeof value === "string" ? 3 * (name.length + value.length) : 0;
    const fits = kept.length < headersMax && bytes + size <= headersBytesMax;
    if (typeof value === "string" && name !== "" && fits && isCleanText(name) && isCleanText(value)) {
      kept.push([name, value]);
      bytes += size;
    } else
      dropped += 1;
  }
  return { headers: Object.fromEntries(kept), dropped };
}
function isBounded(topic) {
  if (topic.length === 0 || topic.length > topicLengthMax)
    return false;
  let levels = 1;
  for (let index = 0; index < topic.length; index += 1)
    if (topic.charCodeAt(index) === 47)
      levels += 1;
  return levels <= topicSegmentsMax;
}

// dist/device/network/packet-framer.js
var PacketFramer = class {
  /** Largest remaining length that is taken. */
  bytesMax;
  #held = emptyBytes;
  #start = 0;
  #end = 0;
  #waits = false;
  constructor(bytesMax) {
    this.bytesMax = bytesMax;
  }
  /** Bytes that are held for a packet to come. */
  get heldBytes() {
    return this.#end - this.#start;
  }
  /** Takes bytes that are lent for the call, and gives each whole packet, lent for its call. */
  push(bytes, take) {
    if (this.#waits) {
      this.#hold(bytes, 0);
      return "waiting";
    }
    if (this.#start < this.#end) {
      this.#hold(bytes, 0);
      return this.#cutHeld(take);
    }
    const at = this.#cut(bytes, 0, bytes.length, take);
    if (typeof at === "string")
      return at;
    if (at < bytes.length)
      this.#hold(bytes, at);
    return this.#state();
  }
  /** Goes on after a `wait`. */
  proceed(take) {
    this.#waits = false;
    return this.#cutHeld(take);
  }
  #cutHeld(take) {
    const at = this.#cut(this.#held, this.#start, this.#end, take);
    if (typeof at === "string")
      return at;
    this.#start = at;
    if (this.#start === this.#end) {
      this.#held = emptyBytes;
      this.#start = 0;
      this.#end = 0;
    }
    return this.#state();
  }
  #state() {
    return this.#waits ? "waiting" : "more";
  }
  /** Returns where it came to a halt, or why it cannot go on. */
  #cut(bytes, start, end, take) {
    let at = start;
    while (at < end) {
      const size = packetSize(bytes, at, end, this.bytesMax);
      if (typeof size === "string")
        return size;
      if (size === 0 || size > end - at)
        return at;
      const answer = take(bytes.subarray(at, at + size));
      at += size;
      if (answer === "stop")
        return "stopped";
      if (answer === "wait") {
        this.#waits = true;
        return at;
      }
    }
    return at;
  }
  #hold(bytes, from) {
    const more = bytes.length - from;
    const size = this.#end - this.#start;
    if (this.#end + more > this.#held.length) {
      const grown = new Uint8Array(Math.max(size + more, Math.min(size * 2, this.bytesMax + headerBytesMax)));
      grown.set(this.#held.subarray(this.#start, this.#end));
      this.#held = grown;
      this.#start = 0;
      this.#end = size;
    }
    this.#held.set(from === 0 ? bytes : bytes.subarray(from), this.#end);
    this.#end += more;
  }
};
var headerBytesMax = 5;
function packetSize(bytes, at, end, bytesMax) {
  let length = 0;
  let scale = 1;
  for (let index = 1; index < headerBytesMax; index += 1) {
    if (at + index >= end)
      return 0;
    const byte = bytes[at + index] ?? 0;
    length += (byte & 127) * scale;
    if (length > bytesMax)
      return "too-large";
    if (byte < 128)
      return 1 + index + length;
    scale *= 128;
  }
  return "malformed";
}

// dist/device/network/mqtt-channel.js
var MqttChannel = class {
  #deps;
  #framer;
  #reader = new PacketReader();
  #take = (packet) => this.#onFrame(packet);
  #flush = () => this.#write();
  #owner;
  #waiting = [];
  #waitingBytes = 0;
  #flushDue = false;
  #greeted = false;
  #ownerWaits = false;
  #full = false;
  #paused = false;
  #closed = false;
  #ending = false;
  #silenceMs = 0;
  #heardAt;
  #cancelWatch;
  /** Counts watches, so that a judgement that is already on its way knows that another watch began. */
  #watch = 0;
  /** Set by the owner when it knows: how packets are written. */
  version = 4;
  constructor(deps, packetBytesMax) {
    this.#deps = deps;
    this.#framer = new PacketFramer(packetBytesMax);
    this.#heardAt = deps.clock.now();
  }
  /** True once nothing can be sent any more. */
  get closed() {
    return this.#closed || this.#ending;
  }
  /** Bytes that wait for the operating system. */
  get bufferedBytes() {
    return this.#waitingBytes + this.#deps.connection.bufferedBytes;
  }
  /** Begins to read. */
  open(owner) {
    this.#owner = owner;
    this.#deps.connection.listen({
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => this.#onDrain(),
      onClosed: () => this.#onClosed()
    });
  }
  /** Gives the channel to another owner, with another bound on packets. */
  handOver(owner, packetBytesMax) {
    this.#owner = owner;
    this.#framer.bytesMax = packetBytesMax;
  }
  /** Tells `onSilence` when no byte came for so long; 0 ends the watch. */
  watch(silenceMs) {
    this.#silenceMs = silenceMs;
    this.#watch += 1;
    this.#cancelWatch?.();
    this.#cancelWatch = void 0;
    this.#heardAt = this.#deps.clock.now();
    if (silenceMs > 0 && !this.#closed)
      this.#arm();
  }
  /** Goes on after `onPacket` answered `wait`. */
  proceed() {
    if (this.closed || !this.#ownerWaits)
      return;
    this.#ownerWaits = false;
    this.#settle(this.#framer.proceed(this.#take));
  }
  /** Sends a packet with the others of this turn. After the end it does nothing. */
  send(packet) {
    if (!this.closed)
      this.sendBytes(packetToBytes(packet, this.version));
  }
  /** Sends bytes that nobody changes any more. */
  sendBytes(bytes) {
    if (this.closed)
      return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#flushDue)
      return;
    this.#flushDue = true;
    this.#deps.clock.afterTurn(this.#flush);
  }
  /** Sends what waits, then ends the connection. */
  end() {
    if (this.closed)
      return;
    this.#write();
    this.#ending = true;
    this.#deps.connection.end();
  }
  /** Ends the connection at once. */
  destroy() {
    this.#ending = true;
    if (!this.#closed)
      this.#deps.connection.destroy();
  }
  #onBytes(bytes) {
    if (this.closed)
      return;
    this.#heardAt = this.#deps.clock.now();
    if (!this.#greeted && bytes.length > 0) {
      this.#greeted = true;
      if (this.#owner?.isGreeting?.(bytes[0] ?? 0) === false) {
        this.#owner.onGarbage("malformed");
        return;
      }
    }
    this.#settle(this.#framer.push(bytes, this.#take));
  }
  #onFrame(bytes) {
    if (this.#owner?.onRaw?.(bytes) === "stop")
      return "stop";
    const packet = this.#reader.read(bytes);
    if (packet === void 0) {
      this.#owner?.onGarbage("malformed");
      return "stop";
    }
    const answer = this.#owner?.onPacket(packet) ?? "stop";
    return this.closed ? "stop" : answer;
  }
  #settle(outcome) {
    if (outcome === "malformed" || outcome === "too-large")
      this.#owner?.onGarbage(outcome);
    if (this.closed)
      return;
    this.#ownerWaits = outcome === "waiting";
    this.#full = this.bufferedBytes > this.#deps.bufferedBytesMax;
    this.#pauseIfDue();
  }
  #pauseIfDue() {
    const due = this.#ownerWaits || this.#full;
    if (due === this.#paused)
      return;
    this.#paused = due;
    if (due)
      this.#deps.connection.pause();
    else
      this.#deps.connection.resume();
  }
  #onDrain() {
    if (!this.#full || this.closed)
      return;
    this.#full = false;
    this.#heardAt = this.#deps.clock.now();
    this.#pauseIfDue();
  }
  #write() {
    this.#flushDue = false;
    const pieces = this.#waiting;
    const [first] = pieces;
    if (first === void 0 || this.closed)
      return;
    const length = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#deps.connection.write(pieces.length === 1 ? first : join(pieces, length));
  }
  #onClosed() {
    this.#closed = true;
    this.#waiting = [];
    this.#cancelWatch?.();
    this.#owner?.onClosed();
    this.#deps.onGone(this);
  }
  #arm() {
    const { clock } = this.#deps;
    const watch = this.#watch;
    this.#cancelWatch = clock.setTimer(after(this.#heardAt, this.#silenceMs), () => clock.afterTurn(() => this.#judgeSilence(watch)));
  }
  #judgeSilence(watch) {
    if (this.closed || watch !== this.#watch)
      return;
    if (this.#ownerWaits)
      this.#heardAt = this.#deps.clock.now();
    if (this.#deps.clock.now() - this.#heardAt >= this.#silenceMs)
      this.#owner?.onSilence();
    else
      this.#arm();
  }
};
function join(pieces, length) {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

// dist/device/network/mqtt-outgoing.js
var MqttOutgoing = class {
  #deps;
  #queue;
  /** In the order of sending, so the first is the oldest. */
  #inFlight = /* @__PURE__ */ new Map();
  #lastId = 0;
  #cancelTimer;
  #ended = false;
  constructor(deps) {
    this.#deps = deps;
    this.#queue = new BoundedQueue(deps.queueMax);
  }
  /** Resolves when the client acknowledged. Rejects with `overloaded` when the queue is full. */
  send(message) {
    return new Promise((resolve, reject) => {
      const waiting = { message, resolve, reject };
      if (this.#inFlight.size < this.#deps.inFlightMax)
        this.#launch(waiting);
      else if (!this.#queue.push(waiting)) {
        reject(new ClusterError("overloaded", `${this.#queue.max} messages to the device wait already`));
      }
    });
  }
  /** The client acknowledged; `refusal` is its reason code when it refused. False when nothing with this id is in flight. */
  acknowledge(packetId, refusal) {
    const done = this.#inFlight.get(packetId);
    if (done === void 0)
      return false;
    this.#inFlight.delete(packetId);
    if (refusal === void 0)
      done.resolve();
    else
      done.reject(new ClusterError("rejected", `the device refused the message with reason code ${refusal}`));
    const next = this.#queue.shift();
    if (next !== void 0)
      this.#launch(next);
    return true;
  }
  /** The connection has ended: what was in flight may have arrived, what waited has not. */
  end() {
    this.#ended = true;
    this.#cancelTimer?.();
    for (const flying of this.#inFlight.values()) {
      flying.reject(new ClusterError("link-lost", "the device went away before it acknowledged"));
    }
    this.#inFlight.clear();
    for (let waiting = this.#queue.shift(); waiting !== void 0; waiting = this.#queue.shift()) {
      waiting.reject(new ClusterError("unavailable", "the device went away before the message was sent"));
    }
  }
  #launch(waiting) {
    const packetId = this.#nextId();
    const { resolve, reject } = waiting;
    this.#inFlight.set(packetId, { sentAt: this.#deps.clock.now(), resolve, reject });
    this.#deps.write(waiting.message, packetId);
    if (this.#cancelTimer === void 0)
      this.#arm();
  }
  #nextId() {
    do
      this.#lastId = this.#lastId >= 65535 ? 1 : this.#lastId + 1;
    while (this.#inFlight.has(this.#lastId));
    return this.#lastId;
  }
  /** One timer for the oldest; it is set again when it fires and others are in flight. */
  #arm() {
    const [oldest] = this.#inFlight.values();
    if (oldest === void 0)
      return;
    const { clock, ackTimeoutMs } = this.#deps;
    this.#cancelTimer = clock.setTimer(after(oldest.sentAt, ackTimeoutMs), () => {
      this.#cancelTimer = void 0;
      clock.afterTurn(() => this.#judge());
    });
  }
  #judge() {
    if (this.#ended || this.#cancelTimer !== void 0)
      return;
    const [oldest] = this.#inFlight.values();
    const { clock, ackTimeoutMs } = this.#deps;
    if (oldest !== void 0 && clock.now() - oldest.sentAt >= ackTimeoutMs)
      this.#deps.onOverdue();
    else
      this.#arm();
  }
};

// dist/device/network/mqtt-reasons.js
var reasonCodes = {
  malformed: 129,
  "protocol-error": 130,
  "version-unsupported": 132,
  "client-id-invalid": 133,
  "bad-credentials": 134,
  "not-authorized": 135,
  unavailable: 136,
  busy: 137,
  stopping: 139,
  "auth-method": 140,
  "keep-alive": 141,
  "taken-over": 142,
  "filter-invalid": 143,
  "topic-invalid": 144,
  "receive-maximum": 147,
  "topic-alias": 148,
  "too-large": 149,
  quota: 151,
  "payload-invalid": 153,
  "retain-unsupported": 154,
  "qos-unsupported": 155,
  "shared-unsupported": 158,
  "identifier-unsupported": 161
};
var noSubscribersCode = 16;
var noSubscriptionCode = 17;
var subscribeFailureCode = 128;
function findReturnCode(reason) {
  if (reason === "version-unsupported")
    return 1;
  if (reason === "client-id-invalid")
    return 2;
  if (reason === "unavailable" || reason === "busy" || reason === "quota" || reason === "stopping")
    return 3;
  if (reason === "bad-credentials")
    return 4;
  return reason === "not-authorized" || reason === "auth-method" ? 5 : void 0;
}

// dist/device/network/mqtt-client.js
var MqttClient = class {
  clientId;
  remote;
  user;
  #deps;
  #outgoing;
  /** Granted filters: their levels and the QoS that was granted. */
  #filters = /* @__PURE__ */ new Map();
  #handlers;
  #ended = false;
  #unacknowledged = 0;
  constructor(deps) {
    this.#deps = deps;
    this.clientId = deps.clientId;
    this.remote = deps.remote;
    this.user = deps.wish.user;
    this.#outgoing = new MqttOutgoing({
      clock: deps.clock,
      inFlightMax: Math.min(deps.options.inFlightMax, deps.wish.receiveMax),
      queueMax: deps.options.queueMax,
      ackTimeoutMs: deps.options.ackTimeoutMs,
      write: (message, packetId) => this.#publish(message, packetId),
      onOverdue: () => {
        deps.counters.ackTimeouts += 1;
        this.#breakOff("keep-alive", "silent");
      }
    });
  }
  allows(device) {
    return this.#deps.allows(device);
  }
  listen(handlers) {
    this.#handlers = handlers;
  }
  send(message) {
    const fault = this.#findSendFault(message);
    if (fault !== void 0)
      return Promise.reject(fault);
    this.#deps.counters.messagesOut += 1;
    const qos = Math.min(message.qos, this.#grantedQos(message.topic));
    if (qos === 1)
      return this.#outgoing.send(message);
    this.#publish(message, void 0);
    return Promise.resolve();
  }
  close(reason) {
    this.#breakOff(reason === "overloaded" ? "quota" : reason, reason);
  }
  onPacket(packet) {
    if (packet.cmd === "publish")
      return this.#onPublish(packet);
    if (packet.cmd === "puback")
      this.#onPuback(packet.messageId, packet.reasonCode);
    else if (packet.cmd === "subscribe")
      this.#onSubscribe(packet);
    else if (packet.cmd === "unsubscribe")
      this.#onUnsubscribe(packet);
    else if (packet.cmd === "pingreq")
      this.#deps.channel.send({ cmd: "pingresp" });
    else if (packet.cmd === "disconnect")
      this.#onDisconnect(packet.reasonCode);
    else
      this.#violate("protocol-error");
    return "more";
  }
  onGarbage(what) {
    this.#violate(what);
  }
  onSilence() {
    this.#deps.counters.keepAliveTimeouts += 1;
    this.#breakOff("keep-alive", "silent");
  }
  onClosed() {
    this.#end("lost");
  }
  #onPublish(packet) {
    const { wish, counters, channel, options } = this.#deps;
    const violation = findPublishViolation(packet, wish.version);
    if (violation !== void 0 || packet.qos === 1 && this.#unacknowledged >= options.inFlightMax) {
      this.#violate(violation ?? "receive-maximum");
      return "stop";
    }
    counters.messagesIn += 1;
    if (packet.retain)
      counters.retainIgnored += 1;
    const { headers, dropped } = propertiesToHeaders(packet.properties?.userProperties);
    counters.headersDropped += dropped;
    const qos = packet.qos === 0 ? 0 : 1;
    const outcome = this.#deliver({
      topic: packet.topic,
      payload: payloadToBytes(packet.payload),
      qos,
      headers
    });
    if (typeof outcome === "string")
      return this.#acknowledge(packet.messageId, qos, outcome);
    this.#unacknowledged += 1;
    const settle = (settled) => {
      this.#unacknowledged -= 1;
      this.#acknowledge(packet.messageId, qos, settled);
      channel.proceed();
    };
    outcome.then(settle, () => settle("retry"));
    return this.#unacknowledged >= options.inFlightMax && wish.version === 4 ? "wait" : "more";
  }
  #deliver(message) {
    return this.#handlers?.onMessage(message) ?? "retry";
  }
  #acknowledge(packetId, qos, outcome) {
    const { counters, channel, wish } = this.#deps;
    if (outcome !== "taken" && outcome !== "no-subscribers")
      counters.messagesRefused += 1;
    if (qos === 0 || packetId === void 0 || channel.closed)
      return "more";
    const code = outcomeCodes[outcome];
    if (outcome === "retry" || outcome === "overloaded" && wish.version === 4) {
      this.#breakOff("busy", "overloaded");
      return "stop";
    }
    channel.send({ cmd: "puback", messageId: packetId, reasonCode: wish.version === 5 ? code : 0 });
    return "more";
  }
  #onPuback(packetId, reasonCode) {
    const refusal = reasonCode !== void 0 && reasonCode >= 128 ? reasonCode : void 0;
    if (!this.#outgoing.acknowledge(packetId ?? 0, refusal))
      this.#deps.counters.acksUnknown += 1;
  }
  #onSubscribe(packet) {
    const { wish, channel } = this.#deps;
    const { messageId, subscriptions, properties } = packet;
    if (!isPacketId(messageId) || subscriptions.length === 0)
      return this.#violate("protocol-error");
    if (properties?.subscriptionIdentifier !== void 0)
      return this.#violate("identifier-unsupported");
    if (subscriptions.length > this.#deps.options.filtersMax)
      return this.#violate("quota");
    const granted = subscriptions.map(({ topic, qos }) => {
      const refusal = this.#grant(topic, qos === 0 ? 0 : 1);
      if (refusal === void 0)
        return qos === 0 ? 0 : 1;
      return wish.version === 5 ? reasonCodes[refusal] : subscribeFailureCode;
    });
    channel.send({ cmd: "suback", messageId, granted });
  }
  /** Returns why the filter is refused, or `undefined`. */
  #grant(filter, qos) {
    if (!isTopicFilter(filter))
      return "filter-invalid";
    if (filter.startsWith("$share/"))
      return "shared-unsupported";
    if (!this.#filters.has(filter) && this.#filters.size >= this.#deps.options.filtersMax)
      return "quota";
    const outcome = this.#handlers?.onSubscribe(filter) ?? "overloaded";
    if (outcome === "granted") {
      this.#filters.set(filter, { levels: filter.split("/"), qos });
      return void 0;
    }
    return outcome === "overloaded" ? "quota" : outcome;
  }
  #onUnsubscribe(packet) {
    const { messageId, unsubscriptions } = packet;
    if (!isPacketId(messageId) || unsubscriptions.length === 0)
      return this.#violate("protocol-error");
    const granted = unsubscriptions.map((filter) => {
      if (!this.#filters.delete(filter))
        return noSubscriptionCode;
      this.#handlers?.onUnsubscribe(filter);
      return 0;
    });
    this.#deps.channel.send({ cmd: "unsuback", messageId, granted });
  }
  #onDisconnect(reasonCode) {
    this.#end(reasonCode === void 0 || reasonCode === 0 ? "left" : "lost");
    this.#deps.channel.end();
  }
  #findSendFault(message) {
    const { channel, wish, options, counters } = this.#deps;
    if (this.#ended || channel.closed)
      return new ClusterError("unavailable", `client ${this.clientId} is gone`);
    if (this.#grantedQos(message.topic) < 0) {
      return new ClusterError("unavailable", `client ${this.clientId} did not subscribe to ${message.topic}`);
    }
    const headers = headersSizeMax(message.headers);
    if (headers > headersBytesMax)
      return new ClusterError("too-large", `headers beyond ${headersBytesMax} bytes`);
    if (message.payload.length + 3 * message.topic.length + headers + packetOverheadBytes > wish.packetBytesMax) {
      return new ClusterError("too-large", `client ${this.clientId} takes packets up to ${wish.packetBytesMax} bytes`);
    }
    if (channel.bufferedBytes <= options.bufferedBytesMax)
      return void 0;
    counters.outgoingDropped += 1;
    return new ClusterError("overloaded", `client ${this.clientId} does not read what it is sent`);
  }
  /** The best QoS that a matching filter was granted, or -1. */
  #grantedQos(topic) {
    const levels = topic.split("/");
    let best = -1;
    for (const granted of this.#filters.values()) {
      if (granted.qos > best && matchesFilter(granted.levels, levels))
        best = granted.qos;
    }
    return best;
  }
  #publish(message, packetId) {
    const { channel, wish } = this.#deps;
    const payload = bytesToPayload(message.payload);
    const shared = {
      cmd: "publish",
      topic: message.topic,
      payload,
      dup: false,
      retain: false
    };
    const hasHeaders = wish.version === 5 && Object.keys(message.headers).length > 0;
    const properties = hasHeaders ? { userProperties: { ...message.headers } } : {};
    const packet = packetId === void 0 ? { ...shared, qos: 0, properties } : { ...shared, qos: 1, messageId: packetId, properties };
    channel.sendBytes(packetToBytes(packet, wish.version));
  }
  #violate(reason) {
    const { counters } = this.#deps;
    if (reason === "too-large")
      counters.tooLarge += 1;
    else
      counters.malformed += 1;
    this.#breakOff(reason, "protocol");
  }
  /** Ends from this side; an MQTT 5 client is told why. */
  #breakOff(reason, end) {
    if (this.#ended)
      return;
    const { channel, wish } = this.#deps;
    if (wish.version === 5)
      channel.send({ cmd: "disconnect", reasonCode: reasonCodes[reason] });
    this.#end(end);
    if (end === "silent")
      channel.destroy();
    else
      channel.end();
  }
  #end(end) {
    if (this.#ended)
      return;
    this.#ended = true;
    const { wish, onEnded } = this.#deps;
    onEnded(this);
    this.#outgoing.end();
    if (end !== "left" && wish.will !== void 0) {
      Promise.resolve(this.#deliver(wish.will)).catch(() => void 0);
    }
    this.#handlers?.onClosed(end);
  }
};
var packetOverheadBytes = 16;
function headersSizeMax(headers) {
  let size = 0;
  for (const [name, value] of Object.entries(headers))
    size += 3 * (name.length + value.length) + 5;
  return size;
}
function findPublishViolation(packet, version) {
  const { properties } = packet;
  if (packet.qos === 2)
    return "qos-unsupported";
  if (packet.retain && version === 5)
    return "retain-unsupported";
  if (properties?.topicAlias !== void 0)
    return "topic-alias";
  if (properties?.subscriptionIdentifier !== void 0)
    return "protocol-error";
  if (packet.qos === 1 && !isPacketId(packet.messageId))
    return "protocol-error";
  return isPublishTopic(packet.topic) ? void 0 : "topic-invalid";
}
var outcomeCodes = {
  taken: 0,
  "no-subscribers": noSubscribersCode,
  overloaded: reasonCodes.quota,
  retry: reasonCodes.quota,
  "not-authorized": reasonCodes["not-authorized"],
  "topic-invalid": reasonCodes["topic-invalid"],
  "payload-invalid": reasonCodes["payload-invalid"]
};

// dist/device/network/mqtt-counters.js
function createMqttCounters() {
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
    retainIgnored: 0
  };
}

// dist/device/network/mqtt-connect.js
function findVersionRefusal(packet) {
  let at = 1;
  while (at < 4 && (packet[at] ?? 0) >= 128)
    at += 1;
  at += 1;
  const length = (packet[at] ?? 0) * 256 + (packet[at + 1] ?? 0);
  const name = String.fromCharCode(...packet.subarray(at + 2, at + 2 + Math.min(length, 8)));
  const level = packet[at + 2 + length];
  if (level === void 0 || name !== "MQTT" && name !== "MQIsdp")
    return void 0;
  if (name === "MQTT" && (level === 4 || level === 5))
    return void 0;
  return {
    kind: "refused",
    version: name === "MQTT" && level > 5 && level < 128 ? 5 : 4,
    reason: "version-unsupported"
  };
}
function judgeConnect(packet) {
  const version = packet.protocolVersion === 5 ? 5 : 4;
  const refuse = (reason2) => ({ kind: "refused", version, reason: reason2 });
  if (!isWellFormed(packet, version))
    return { kind: "malformed" };
  const reason = findConnectFault(packet, version);
  if (reason !== void 0)
    return refuse(reason);
  const { receiveMaximum, maximumPacketSize } = packet.properties ?? {};
  const receiveMax = readMaximum(receiveMaximum, 65535);
  const packetBytesMax = readMaximum(maximumPacketSize, 4294967295);
  if (receiveMax === void 0 || packetBytesMax === void 0)
    return refuse("protocol-error");
  const will = judgeWill(packet, version);
  if (typeof will === "string")
    return will === "malformed" ? { kind: "malformed" } : refuse(will);
  const { clientId, username: user, keepalive = 0 } = packet;
  const password = packet.password === void 0 ? void 0 : Uint8Array.from(packet.password);
  const keepAliveMs = keepalive * 1e3;
  const wish = { version, clientId, user, password, keepAliveMs, will, receiveMax, packetBytesMax };
  return { kind: "wish", wish };
}
function isWellFormed(packet, version) {
  const { username, password } = packet;
  if (version === 4 && password !== void 0 && username === void 0)
    return false;
  return username === void 0 || isCleanText(username);
}
function findConnectFault(packet, version) {
  const { clientId, clean, properties } = packet;
  if (properties?.authenticationMethod !== void 0)
    return "auth-method";
  if (!isClientId(clientId))
    return "client-id-invalid";
  return version === 4 && clientId === "" && clean !== true ? "client-id-invalid" : void 0;
}
var clientIdLengthMax = 256;
function isClientId(clientId) {
  return clientId.length <= clientIdLengthMax && isCleanText(clientId);
}
function judgeWill(packet, version) {
  const { will } = packet;
  if (will === void 0)
    return void 0;
  const qos = will.qos ?? 0;
  if (qos > 2 || !isPublishTopic(will.topic))
    return version === 5 ? "topic-invalid" : "malformed";
  if (version === 5 && qos === 2)
    return "qos-unsupported";
  if (version === 5 && will.retain === true)
    return "retain-unsupported";
  return {
    topic: will.topic,
    payload: Uint8Array.from(payloadToBytes(will.payload)),
    qos: qos === 0 ? 0 : 1,
    headers: propertiesToHeaders(will.properties?.userProperties).headers
  };
}
function readMaximum(value, max) {
  if (value === void 0)
    return max;
  return typeof value === "number" && value >= 1 && value <= max ? value : void 0;
}

// dist/device/network/mqtt-handshake.js
var MqttHandshake = class {
  #deps;
  #cancelTimer;
  #done = false;
  constructor(deps) {
    this.#deps = deps;
    const { clock, options } = deps;
    const at = after(clock.now(), options.connectTimeoutMs);
    this.#cancelTimer = clock.setTimer(at, () => clock.afterTurn(() => this.#onTimeout()));
  }
  isGreeting(byte) {
    return byte === connectHead;
  }
  onRaw(bytes) {
    const refusal = findVersionRefusal(bytes);
    if (refusal === void 0)
      return "more";
    this.#obey(refusal);
    return "stop";
  }
  onPacket(packet) {
    if (packet.cmd === "connect")
      return this.#obey(judgeConnect(packet));
    this.onGarbage("malformed");
    return "stop";
  }
  onGarbage(what) {
    if (this.#done)
      return;
    if (what === "malformed")
      this.#deps.counters.malformed += 1;
    else
      this.#deps.counters.tooLarge += 1;
    this.#finish();
    this.#deps.channel.destroy();
  }
  onSilence() {
  }
  onClosed() {
    this.#finish();
  }
  #obey(verdict) {
    if (verdict.kind === "malformed") {
      this.onGarbage("malformed");
      return "stop";
    }
    if (verdict.kind === "refused") {
      this.#refuse(verdict.version, verdict.reason);
      return "stop";
    }
    return this.#authenticate(verdict.wish);
  }
  #authenticate(wish) {
    const { authenticate } = this.#deps.options;
    if (authenticate === void 0)
      return this.#decide(wish, { kind: "admitted", allows: () => true });
    void this.#ask(wish, authenticate);
    return "wait";
  }
  async #ask(wish, authenticate) {
    const { remote, certificate, channel, logger } = this.#deps;
    const { clientId, user, password } = wish;
    let admission = { kind: "refused", reason: "unavailable" };
    try {
      admission = await authenticate({ clientId, user, password, remote, certificate });
    } catch (error) {
      logger.error("the authenticate hook failed", { clientId, remote, error });
    }
    this.#decide(wish, admission);
    channel.proceed();
  }
  #decide(wish, admission) {
    if (this.#done)
      return "stop";
    const reason = admission.kind === "refused" ? admission.reason : this.#admit(wish, admission.allows);
    if (reason === void 0)
      return "more";
    this.#refuse(wish.version, reason);
    return "stop";
  }
  #admit(wish, allows) {
    const reason = this.#deps.admit(wish, allows);
    if (reason === void 0)
      this.#finish();
    return reason;
  }
  #refuse(version, reason) {
    if (this.#done)
      return;
    const { channel, counters } = this.#deps;
    counters.refused += 1;
    this.#finish();
    channel.version = version;
    const returnCode = findReturnCode(reason);
    if (version === 5)
      channel.send({ cmd: "connack", sessionPresent: false, reasonCode: reasonCodes[reason] });
    else if (returnCode !== void 0)
      channel.send({ cmd: "connack", sessionPresent: false, returnCode });
    channel.end();
  }
  #onTimeout() {
    if (this.#done)
      return;
    this.#deps.counters.connectTimeouts += 1;
    this.#finish();
    this.#deps.channel.destroy();
  }
  #finish() {
    if (this.#done)
      return;
    this.#done = true;
    this.#cancelTimer();
    this.#deps.onDone();
  }
};
var connectHead = 16;

// dist/device/network/mqtt-server.js
var MqttServer = class {
  kind = "mqtt";
  #deps;
  #options;
  #counters = createMqttCounters();
  #channels = /* @__PURE__ */ new Set();
  #clients = /* @__PURE__ */ new Map();
  #connecting = 0;
  #server;
  #accept;
  #stopping;
  #onEmpty;
  /** Throws `invalid-options` or `insecure-address`. */
  constructor(deps, options) {
    this.#deps = deps;
    this.#options = resolveMqttOptions(options);
  }
  get local() {
    return this.#server?.local ?? this.#options.listen;
  }
  /** What has been counted so far. */
  get counters() {
    return this.#counters;
  }
  async start(accept) {
    assert(this.#accept === void 0, "a component that was not started before");
    this.#accept = accept;
    const { connections, logger } = this.#deps;
    const server = await connections.listen(this.#options.listen, (connection) => this.#onConnection(connection));
    this.#server = server;
    if (this.#stopping !== void 0)
      return server.close();
    logger.info("mqtt listens", { address: addressToText(server.local) });
  }
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  async #stop() {
    await this.#server?.close();
    for (const client of this.#clients.values())
      client.close("stopping");
    for (const channel of this.#channels)
      channel.end();
    if (this.#channels.size === 0)
      return;
    const { clock } = this.#deps;
    await new Promise((resolve) => {
      const at = after(clock.now(), this.#options.stopTimeoutMs);
      const cancel = clock.setTimer(at, () => {
        for (const channel of this.#channels)
          channel.destroy();
        resolve();
      });
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }
  #onConnection(connection) {
    const { clientsMax, connectingMax, connectBytesMax, bufferedBytesMax } = this.#options;
    if (this.#channels.size >= clientsMax || this.#connecting >= connectingMax || this.#stopping !== void 0) {
      this.#counters.overLimit += 1;
      connection.listen({
        onBytes: () => void 0,
        onDrain: () => void 0,
        onClosed: () => void 0
      });
      connection.destroy();
      return;
    }
    const { clock } = this.#deps;
    const onGone = (gone) => this.#onGone(gone);
    const channel = new MqttChannel({ connection, clock, bufferedBytesMax, onGone }, connectBytesMax);
    this.#channels.add(channel);
    this.#connecting += 1;
    this.#counters.accepted += 1;
    this.#counters.connections += 1;
    channel.open(this.#createHandshake(channel, connection));
  }
  #createHandshake(channel, connection) {
    const { remote, certificate } = connection;
    return new MqttHandshake({
      channel,
      clock: this.#deps.clock,
      options: this.#options,
      counters: this.#counters,
      logger: this.#deps.logger,
      remote,
      certificate,
      admit: (wish, allows) => this.#admit({ channel, remote, wish, allows }),
      onDone: () => {
        this.#connecting -= 1;
      }
    });
  }
  #admit(arrival) {
    if (this.#stopping !== void 0)
      return "stopping";
    const { channel, wish } = arrival;
    const earlier = this.#clients.get(wish.clientId);
    if (earlier !== void 0 && this.#options.authenticate !== void 0 && earlier.user !== wish.user) {
      return "client-id-invalid";
    }
    if (earlier !== void 0) {
      this.#counters.takenOver += 1;
      earlier.close("taken-over");
    }
    const clientId = wish.clientId === "" ? this.#drawClientId() : wish.clientId;
    const client = this.#createClient(arrival, clientId);
    this.#clients.set(clientId, client);
    this.#counters.clients = this.#clients.size;
    channel.version = wish.version;
    channel.handOver(client, this.#options.packetBytesMax);
    channel.watch(this.#silenceMs(wish));
    this.#sendConnack(channel, wish, clientId);
    this.#accept?.(client);
    return void 0;
  }
  #createClient({ channel, remote, wish, allows }, clientId) {
    return new MqttClient({
      channel,
      clock: this.#deps.clock,
      options: this.#options,
      counters: this.#counters,
      wish,
      clientId,
      remote,
      allows,
      onEnded: (ended) => {
        if (this.#clients.get(clientId) === ended)
          this.#clients.delete(clientId);
        this.#counters.clients = this.#clients.size;
      }
    });
  }
  #sendConnack(channel, wish, clientId) {
    if (wish.version === 4) {
      channel.send({ cmd: "connack", sessionPresent: false, returnCode: 0 });
      return;
    }
    const { inFlightMax, packetBytesMax } = this.#options;
    const keepAliveMs = this.#keepAliveMs(wish);
    channel.send({
      cmd: "connack",
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        // MQTT 5, 3.2.2.3: what is not had is said here, once.
        sessionExpiryInterval: 0,
        receiveMaximum: inFlightMax,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: packetBytesMax + packetHeaderBytesMax,
        topicAliasMaximum: 0,
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        ...wish.clientId === "" ? { assignedClientIdentifier: clientId } : {},
        ...keepAliveMs === wish.keepAliveMs ? {} : { serverKeepAlive: keepAliveMs / 1e3 }
      }
    });
  }
  /** MQTT 5 lets the server choose (3.2.2.3.14); 3.1.1 does not. */
  #keepAliveMs({ version, keepAliveMs }) {
    if (version === 4)
      return keepAliveMs;
    const maxMs = Math.min(65535e3, Math.max(1e3, Math.floor(this.#options.keepAliveMaxMs / 1e3) * 1e3));
    return keepAliveMs === 0 ? maxMs : Math.min(keepAliveMs, maxMs);
  }
  /** One and a half keep-alives (MQTT 3.1.1 and 5, 3.1.2.10). */
  #silenceMs(wish) {
    const keepAliveMs = this.#keepAliveMs(wish);
    return keepAliveMs === 0 ? this.#options.idleMs : keepAliveMs * 1.5;
  }
  #drawClientId() {
    const { random } = this.#deps;
    for (; ; ) {
      const drawn = `auto-${random.below(4294967296).toString(36)}${random.below(4294967296).toString(36)}`;
      if (!this.#clients.has(drawn))
        return drawn;
    }
  }
  #onGone(channel) {
    this.#channels.delete(channel);
    this.#counters.connections = this.#channels.size;
    if (this.#channels.size === 0)
      this.#onEmpty?.();
  }
};
var packetHeaderBytesMax = 5;
export {
  MqttServer
};
