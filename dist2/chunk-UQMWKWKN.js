import {
  Listeners
} from "./chunk-XJGAVMWS.js";

// dist/core/cancel.js
var CancelSource = class {
  #listeners = new Listeners();
  #cancelled = false;
  #reason;
  get cancelled() {
    return this.#cancelled;
  }
  get reason() {
    return this.#reason;
  }
  listen(handle) {
    if (this.#cancelled) {
      handle(this.#reason);
      return () => void 0;
    }
    return this.#listeners.add(handle);
  }
  cancel(reason) {
    if (this.#cancelled)
      return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#listeners.tell(reason);
  }
};

export {
  CancelSource
};
