// dist/core/listeners.js
var Listeners = class {
  #listeners = [];
  get size() {
    return this.#listeners.length;
  }
  add(listener) {
    const own = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }
  /** Tells everyone in order. A listener that throws is a programmer error and is not hidden. */
  tell(event) {
    for (const listener of this.#listeners)
      listener(event);
  }
};

export {
  Listeners
};
