// dist/core/errors.js
var ClusterError = class _ClusterError extends Error {
  code;
  details;
  node;
  /** Whether a handler was entered, where the other side said so: a handler may fail with any code. */
  ran;
  constructor(code, message, context = {}) {
    super(`[${code}] ${message}`, context.cause === void 0 ? void 0 : { cause: context.cause });
    this.name = "ClusterError";
    this.code = code;
    this.details = context.details;
    this.node = context.node;
    this.ran = context.ran;
  }
  /** Returns `cause` itself when it already is one, else wraps it once, keeping it as the cause. */
  static from(cause, code) {
    if (cause instanceof _ClusterError)
      return cause;
    return new _ClusterError(code, cause instanceof Error ? cause.message : String(cause), {
      cause
    });
  }
};
function withoutCode(message) {
  return message.replace(/^\[[a-z-]+\] /, "");
}
function mayHaveRun(failure) {
  if (typeof failure === "string")
    return mayHaveRunCodes.has(failure);
  return failure.ran ?? mayHaveRunCodes.has(failure.code);
}
var mayHaveRunCodes = /* @__PURE__ */ new Set([
  "link-lost",
  "deadline-exceeded",
  "cancelled",
  "protocol",
  "remote",
  "handler-failed",
  "stopped",
  "overflow",
  "internal"
]);
function isErrorCode(word) {
  return allCodes.has(word);
}
var allCodes = /* @__PURE__ */ new Set([
  "invalid-options",
  "address-in-use",
  "insecure-address",
  "name-taken",
  "join-failed",
  "not-started",
  "stopped",
  "invalid-topic",
  "invalid-value",
  "too-large",
  "group-conflict",
  "no-responders",
  "not-found",
  "incompatible",
  "unavailable",
  "overloaded",
  "not-executed",
  "link-lost",
  "deadline-exceeded",
  "cancelled",
  "unauthorized",
  "rejected",
  "protocol",
  "remote",
  "handler-failed",
  "call-depth",
  "gap",
  "overflow",
  "quorum-lost",
  "internal"
]);

export {
  ClusterError,
  withoutCode,
  mayHaveRun,
  isErrorCode
};
