import {
  Listeners
} from "./chunk-XJGAVMWS.js";

// dist/device/session/session-table.js
var SessionTable = class {
  #sessionsMax;
  #perClientMax;
  #byDevice = /* @__PURE__ */ new Map();
  #byClient = /* @__PURE__ */ new Map();
  #listeners = new Listeners();
  #lastEpoch = 0;
  constructor(options = {}) {
    this.#sessionsMax = options.sessionsMax ?? 1e5;
    this.#perClientMax = options.perClientMax ?? 1024;
  }
  get size() {
    return this.#byDevice.size;
  }
  open(device, client) {
    const key = deviceKey(device);
    const previous = this.#byDevice.get(key);
    if (previous?.client === client)
      return previous;
    const carried = this.#byClient.get(client);
    if (carried !== void 0 && carried.size >= this.#perClientMax)
      return void 0;
    if (previous === void 0 && this.#byDevice.size >= this.#sessionsMax)
      return void 0;
    this.#lastEpoch += 1;
    const session = { device, client, epoch: this.#lastEpoch };
    if (previous !== void 0)
      this.#detach(previous);
    this.#byDevice.set(key, session);
    if (carried === void 0)
      this.#byClient.set(client, /* @__PURE__ */ new Set([session]));
    else
      carried.add(session);
    this.#listeners.tell(previous === void 0 ? { kind: "opened", session } : { kind: "replaced", session, previous });
    return session;
  }
  find(device) {
    return this.#byDevice.get(deviceKey(device));
  }
  close(session) {
    const key = deviceKey(session.device);
    if (this.#byDevice.get(key) !== session)
      return false;
    this.#byDevice.delete(key);
    this.#detach(session);
    this.#listeners.tell({ kind: "closed", session });
    return true;
  }
  of(client) {
    return [...this.#byClient.get(client) ?? []];
  }
  all() {
    return [...this.#byDevice.values()];
  }
  listen(listener) {
    return this.#listeners.add(listener);
  }
  #detach(session) {
    const carried = this.#byClient.get(session.client);
    carried?.delete(session);
    if (carried?.size === 0)
      this.#byClient.delete(session.client);
  }
};
function deviceKey(device) {
  return `${device.product.length}:${device.product}${device.id}`;
}
export {
  SessionTable
};
