import {
  commandPattern,
  eventTopic,
  offlineTopic,
  onlinePattern,
  onlineTopic,
  reportTopic
} from "./chunk-VU7OXCUH.js";
import {
  after,
  assert
} from "./chunk-JIPCXZWP.js";
import {
  segmentToText
} from "./chunk-GDDVHQ3H.js";
import "./chunk-44BIA6FG.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/device/gateway/device-commands.js
var DeviceCommands = class {
  #deps;
  #limits;
  #prefix;
  #pending = /* @__PURE__ */ new Map();
  #bySession = /* @__PURE__ */ new Map();
  /** Ids that ended without a reply, oldest first: their replies are late, others are unknown. */
  #expired = /* @__PURE__ */ new Set();
  #lastNumber = 0;
  constructor(deps, limits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#prefix = deps.random.below(4294967296).toString(36);
  }
  /** Commands that wait for a reply now. */
  get size() {
    return this.#pending.size;
  }
  /**
   * Sends and waits for the reply. Rejects with `overloaded`, `invalid-value` or `unavailable` when it was not sent; with
   * `link-lost` when the device went away, `deadline-exceeded` or `cancelled` when time was up, `remote` when the device said no.
   */
  async run(request) {
    const { session, name, input, cancel } = request;
    const carried = this.#bySession.get(session)?.size ?? 0;
    if (carried >= this.#limits.perDeviceMax || this.#pending.size >= this.#limits.pendingMax) {
      throw new ClusterError("overloaded", `${carried} commands wait for ${deviceText(session)} already`);
    }
    this.#lastNumber += 1;
    const id = `${this.#prefix}-${this.#lastNumber.toString(36)}`;
    const message = this.#deps.protocol.encode(session.device, { id, name, input });
    if ("fault" in message)
      throw new ClusterError("invalid-value", `command ${name}: ${message.why}`);
    const reply = this.#await(id, session, cancel);
    session.client.send(message).catch((error) => this.#fail(id, ClusterError.from(error, "unavailable")));
    return reply;
  }
  /** Hands a reply to whoever waits for it. `late`: its asker has given up; `unknown`: nobody asked, or not this session. */
  answer(session, reply) {
    const pending = this.#pending.get(reply.commandId);
    if (pending === void 0)
      return this.#expired.delete(reply.commandId) ? "late" : "unknown";
    if (pending.session !== session)
      return "unknown";
    this.#settle(pending);
    if (reply.success)
      pending.resolve(reply.output);
    else
      pending.reject(new ClusterError("remote", refusalText(session, reply.output), { details: reply.output }));
    return "matched";
  }
  /** The session has ended: whatever waits for it fails now. */
  abandon(session) {
    for (const pending of this.#bySession.get(session) ?? []) {
      this.#settle(pending);
      this.#remember(pending.id);
      pending.reject(new ClusterError("link-lost", `${deviceText(session)} went away before it replied`));
    }
  }
  #await(id, session, cancel) {
    const { clock } = this.#deps;
    const { timeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const onDeadline = () => this.#fail(id, new ClusterError("deadline-exceeded", `no reply in ${timeoutMs} ms`));
      const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), onDeadline);
      const pending = { id, session, resolve, reject, release: cancelTimer };
      this.#pending.set(id, pending);
      const carried = this.#bySession.get(session);
      if (carried === void 0)
        this.#bySession.set(session, /* @__PURE__ */ new Set([pending]));
      else
        carried.add(pending);
      const unlisten = cancel.listen(() => this.#fail(id, new ClusterError("cancelled", "the asker waits no longer")));
      pending.release = () => {
        cancelTimer();
        unlisten();
      };
    });
  }
  #fail(id, error) {
    const pending = this.#pending.get(id);
    if (pending === void 0)
      return;
    this.#settle(pending);
    this.#remember(id);
    pending.reject(error);
  }
  #settle(pending) {
    pending.release();
    this.#pending.delete(pending.id);
    const carried = this.#bySession.get(pending.session);
    carried?.delete(pending);
    if (carried?.size === 0)
      this.#bySession.delete(pending.session);
  }
  #remember(id) {
    this.#expired.add(id);
    if (this.#expired.size <= expiredMax)
      return;
    const [oldest] = this.#expired;
    if (oldest !== void 0)
      this.#expired.delete(oldest);
  }
};
var expiredMax = 1024;
function deviceText(session) {
  return `device ${session.device.product}/${session.device.id}`;
}
function refusalText(session, said) {
  return typeof said === "string" ? `${deviceText(session)} says: ${said.slice(0, 200)}` : `${deviceText(session)} refused`;
}

// dist/device/gateway/gateway-counters.js
function createGatewayCounters() {
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
    repliesUnknown: 0
  };
}

// dist/device/gateway/device-gateway.js
var DeviceGateway = class {
  partName;
  #deps;
  #acknowledge;
  #acknowledgeTimeoutMs;
  #commands;
  #counters = createGatewayCounters();
  #clients = /* @__PURE__ */ new Set();
  #attachments = /* @__PURE__ */ new Map();
  #releases = [];
  #lastFault;
  #started = false;
  #stopping;
  constructor(deps, options = {}) {
    this.#deps = deps;
    this.partName = `gateway ${deps.component.kind}`;
    this.#acknowledge = options.acknowledge ?? "accepted";
    this.#acknowledgeTimeoutMs = options.acknowledgeTimeoutMs ?? 5e3;
    this.#commands = new DeviceCommands(deps, {
      timeoutMs: options.commandTimeoutMs ?? 3e4,
      perDeviceMax: options.commandsPerDeviceMax ?? 32,
      pendingMax: options.commandsMax ?? 1e4
    });
  }
  /** What has been counted so far. */
  get counters() {
    return { ...this.#counters, commandsPending: this.#commands.size, devices: this.#attachments.size };
  }
  /** The last message that could not be read, for a person who looks for the reason; `undefined` when there was none. */
  get lastFault() {
    return this.#lastFault;
  }
  async start() {
    assert(!this.#started, "a gateway that was not started before");
    this.#started = true;
    const { bus, component, sessions } = this.#deps;
    this.#releases.push(sessions.listen((event) => this.#onSession(event)));
    const elsewhere = bus.subscribe(onlinePattern, (event) => this.#onOnlineElsewhere(event), {
      id: `${this.partName} takeover`,
      local: false
    });
    this.#releases.push(() => elsewhere.stop());
    try {
      await component.start((client) => this.#onClient(client));
    } catch (error) {
      this.#release();
      throw error;
    }
  }
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  async #stop() {
    if (this.#started)
      await this.#deps.component.stop();
    this.#release();
  }
  #release() {
    for (const release of this.#releases.splice(0))
      release();
  }
  #onClient(client) {
    this.#clients.add(client);
    client.listen({
      onMessage: (message) => this.#onMessage(client, message),
      onSubscribe: (filter) => this.#onSubscribe(client, filter),
      // Granted filters of one device may overlap; its session ends with the connection, not with a filter.
      onUnsubscribe: () => void 0,
      onClosed: (end) => this.#onClosed(client, end)
    });
  }
  #onSubscribe(client, filter) {
    const device = this.#deps.protocol.findCommandTarget(filter, client);
    if (device === void 0 || !client.allows(device)) {
      this.#counters.filtersRefused += 1;
      return "not-authorized";
    }
    const session = this.#deps.sessions.open(device, client);
    return session !== void 0 && this.#attachments.has(session) ? "granted" : "overloaded";
  }
  #onMessage(client, message) {
    const decoded = this.#deps.protocol.decode(message, client);
    if ("fault" in decoded)
      return this.#refuse(client, message.topic, decoded.fault, decoded.why);
    const { device } = decoded;
    const session = this.#sessionFor(client, device);
    if (typeof session === "string") {
      return this.#refuse(client, message.topic, session, `as ${device.product}/${device.id}`);
    }
    if (decoded.kind === "reply") {
      this.#onReply(session, decoded);
      return "taken";
    }
    return this.#publish(session, decoded, message);
  }
  /** The device's session, opened if it has none. A client that only speaks in the device's name leaves it where it is. */
  #sessionFor(client, device) {
    const { sessions } = this.#deps;
    const session = sessions.find(device);
    if (session?.client === client)
      return session;
    if (!client.allows(device))
      return "not-authorized";
    return session ?? sessions.open(device, client) ?? "overloaded";
  }
  #onReply(session, reply) {
    const what = this.#commands.answer(session, reply);
    if (what === "late")
      this.#counters.repliesLate += 1;
    else if (what === "unknown")
      this.#counters.repliesUnknown += 1;
  }
  #publish(session, said, message) {
    const { bus, clock } = this.#deps;
    const attachment = this.#attachments.get(session);
    const { product, id } = session.device;
    const shared = { product, device: id, timeMs: clock.wallMs() };
    const topic = said.kind === "report" ? attachment?.reportTopic ?? reportTopic(session.device) : eventTopic(session.device, said.event);
    const value = said.kind === "report" ? { ...shared, properties: said.properties } : { ...shared, event: said.event, data: said.data };
    const options = { key: `${product}/${id}`, headers: message.headers };
    try {
      if (message.qos === 1 && this.#acknowledge !== "accepted")
        return this.#confirm(topic, value, options);
      const receipt = bus.publish(topic, value, options);
      this.#counters.published += 1;
      if (receipt.local + receipt.nodes + receipt.groups > 0)
        return "taken";
      return receipt.dropped > 0 ? "overloaded" : "no-subscribers";
    } catch (error) {
      return this.#publishFault(session.client, topic, error);
    }
  }
  async #confirm(topic, value, options) {
    const level = this.#acknowledge === "accepted" ? "written" : this.#acknowledge;
    const { bus } = this.#deps;
    const report = await bus.publishConfirmed(topic, value, {
      ...options,
      level,
      timeoutMs: this.#acknowledgeTimeoutMs
    });
    this.#counters.published += 1;
    if (report.missing.length > 0 || report.dropped > 0)
      return "retry";
    return report.local + report.nodes + report.groups > 0 ? "taken" : "no-subscribers";
  }
  #publishFault(client, topic, error) {
    const { code, message } = ClusterError.from(error, "internal");
    if (code === "invalid-topic")
      return this.#refuse(client, topic, "topic-invalid", message);
    if (code === "invalid-value" || code === "too-large") {
      return this.#refuse(client, topic, "payload-invalid", message);
    }
    return this.#refuse(client, topic, "retry", message);
  }
  #refuse(client, topic, outcome, why) {
    this.#counters.messagesRefused += 1;
    this.#lastFault = { clientId: client.clientId, remote: client.remote, topic, outcome, why };
    return outcome;
  }
  #onClosed(client, end) {
    for (const session of this.#deps.sessions.of(client)) {
      const attachment = this.#attachments.get(session);
      if (attachment !== void 0)
        attachment.end = end;
      this.#deps.sessions.close(session);
    }
    this.#clients.delete(client);
  }
  #onSession(event) {
    if (event.kind === "closed") {
      this.#detach(event.session, true);
      return;
    }
    if (event.kind === "replaced") {
      this.#detach(event.previous, false);
      this.#dismiss(event.previous.client);
    }
    if (this.#clients.has(event.session.client))
      this.#attach(event.session);
  }
  #attach(session) {
    const { clock, sessions, logger } = this.#deps;
    const { device } = session;
    const responder = this.#respond(session);
    if (responder instanceof ClusterError) {
      logger.error("the bus refused a device", { device, error: responder });
      sessions.close(session);
      return;
    }
    this.#attachments.set(session, {
      responder,
      reportTopic: reportTopic(device),
      openedAt: clock.now(),
      end: "lost",
      moved: false
    });
    this.#counters.online += 1;
    this.#tellOnline(session);
  }
  #respond(session) {
    const pattern = commandPattern(session.device);
    try {
      return this.#deps.bus.respond(pattern, (event, context) => this.#onCommand(session, event, context));
    } catch (error) {
      return ClusterError.from(error, "internal");
    }
  }
  #tellOnline(session) {
    const { clientId, remote } = session.client;
    this.#tell(onlineTopic(session.device), session, { clientId, remote });
  }
  #detach(session, offline) {
    const attachment = this.#attachments.get(session);
    if (attachment === void 0)
      return;
    this.#attachments.delete(session);
    attachment.responder.stop();
    this.#commands.abandon(session);
    if (!offline || attachment.moved)
      return;
    this.#counters.offline += 1;
    this.#tell(offlineTopic(session.device), session, { clientId: session.client.clientId, reason: attachment.end });
  }
  #tell(topic, session, more) {
    const { bus, clock, nodeName, logger } = this.#deps;
    const { product, id } = session.device;
    try {
      const value = { product, device: id, timeMs: clock.wallMs(), node: nodeName, ...more };
      bus.publish(topic, value, { key: `${product}/${id}` });
    } catch (error) {
      logger.error("a device came or went and the bus refused to say so", { topic, error });
    }
  }
  /** Ends a client that lost its last device to another; one that carries more goes on. */
  #dismiss(client) {
    if (!this.#clients.has(client) || this.#deps.sessions.of(client).length > 0)
      return;
    this.#counters.takenOver += 1;
    client.close("taken-over");
  }
  #onOnlineElsewhere(event) {
    const { sessions, clock, nodeName } = this.#deps;
    const { product = "", device = "" } = event.captures;
    const session = sessions.find({ product: segmentToText(product), id: segmentToText(device) });
    const attachment = session === void 0 ? void 0 : this.#attachments.get(session);
    if (session === void 0 || attachment === void 0 || event.source === nodeName)
      return;
    const concurrent = clock.now() < after(attachment.openedAt, concurrentMs);
    if (concurrent && nodeName > event.source) {
      this.#tellOnline(session);
      return;
    }
    attachment.moved = true;
    this.#counters.moved += 1;
    sessions.close(session);
    this.#dismiss(session.client);
  }
  async #onCommand(session, event, context) {
    this.#counters.commands += 1;
    const name = segmentToText(event.captures["name"] ?? "");
    try {
      const output = await this.#commands.run({ session, name, input: event.value, cancel: context.cancel });
      this.#counters.commandsAnswered += 1;
      return output;
    } catch (error) {
      this.#counters.commandsFailed += 1;
      throw error;
    }
  }
};
var concurrentMs = 1e3;
export {
  DeviceGateway
};
