import {
  BoundedQueue,
  ByteReader,
  ByteWriter,
  addressToText,
  emptyBytes,
  findAddress,
  isLoopbackHost,
  resolveMqttOptions,
  sameBytes
} from "./chunk-6PPO5FYB.js";
import {
  bytesToText,
  textToBytes
} from "./chunk-OQTOUDKD.js";
import {
  CancelSource
} from "./chunk-UQMWKWKN.js";
import {
  after,
  assert,
  must,
  toMonotonicMs,
  toWallMs,
  unreachable
} from "./chunk-JIPCXZWP.js";
import {
  Listeners
} from "./chunk-XJGAVMWS.js";
import {
  ExactPattern,
  findTopicFault,
  matchesSegments,
  normalizeTopic,
  parsePattern,
  readCaptures,
  segmentToText,
  topicSegment,
  topicToSegments
} from "./chunk-GDDVHQ3H.js";
import {
  datagramBytesMax,
  frameBytesMax,
  headersBytesMax,
  headersMax,
  memberMetadataBytesMax,
  nodeNameBytesMax,
  serviceNameBytesMax,
  spreadBytesMax,
  spreadTopicBytesMax,
  topicAlternativesMax,
  topicLengthMax,
  wireVersion,
  wireVersionMin
} from "./chunk-44BIA6FG.js";
import {
  ClusterError,
  isErrorCode,
  mayHaveRun,
  withoutCode
} from "./chunk-TSAYY3IC.js";

// dist/bus/bus-core.js
import { filter } from "rxjs/internal/operators/filter";

// dist/core/random.js
var SeededRandom = class _SeededRandom {
  #seed;
  #state;
  constructor(seed) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }
  below(bound) {
    this.#state = this.#state + 1831565813 >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ mixed >>> 15, mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 4294967296 * bound);
  }
  fork(purpose) {
    let seed = (this.#seed ^ 2654435769) >>> 0;
    for (let index = 0; index < purpose.length; index += 1) {
      seed = Math.imul(seed ^ purpose.charCodeAt(index), 16777619) >>> 0;
    }
    return new _SeededRandom(seed);
  }
};
function drawUnit(random) {
  return random.below(4294967296) / 4294967296;
}
function jitterMs(random, baseMs, share) {
  return baseMs * (1 + (drawUnit(random) * 2 - 1) * share);
}

// dist/bus/gate.js
var Gate = class {
  #open = 1;
  #failed = 0;
  #waiting;
  get isOpen() {
    return this.#open === 0;
  }
  /** Holds that ended badly: a handler threw, or the event was dropped. */
  get failed() {
    return this.#failed;
  }
  hold() {
    this.#open += 1;
  }
  /** Ends one hold. The last one runs, in order, what waits. */
  settle(succeeded) {
    if (!succeeded)
      this.#failed += 1;
    this.#open -= 1;
    if (this.#open > 0 || this.#waiting === void 0)
      return;
    const waiting = this.#waiting;
    this.#waiting = void 0;
    for (const run of waiting)
      run();
  }
  /** Calls `run` once when the gate opens; at once when it already is. */
  whenOpen(run) {
    if (this.isOpen)
      run();
    else
      (this.#waiting ??= []).push(run);
  }
};

// dist/bus/confirm.js
async function publishConfirmed(publisher, deps, event, options) {
  const confirmation = new Confirmation(deps.self, options.level);
  const watched = publisher.publishWatched(event.topic, event.value, options, confirmation);
  confirmation.regroup = watched.regroup;
  confirmation.begin(watched);
  return new Promise((resolve2) => {
    const finish = () => {
      cancelTimer();
      resolve2({ ...watched.receipt, ...confirmation.report() });
    };
    const cancelTimer = deps.clock.setTimer(after(deps.clock.now(), options.timeoutMs ?? 5e3), finish);
    confirmation.whenDone(finish);
  });
}
var Confirmation = class {
  confirming;
  done;
  regroup;
  #self;
  /** Copies that are not settled, by node. */
  #open = /* @__PURE__ */ new Map();
  #confirmed = /* @__PURE__ */ new Set();
  #missing = /* @__PURE__ */ new Map();
  #lost = /* @__PURE__ */ new Set();
  #early = [];
  #resent = false;
  #isOver = false;
  #onDone;
  constructor(self, level) {
    this.#self = self;
    this.done = level === "handled" ? new Gate() : void 0;
    this.confirming = {
      level,
      settle: (copy, outcome) => this.#settle(copy, outcome),
      resent: () => {
        this.#resent = true;
      }
    };
  }
  /** What was sent is known now; outcomes that came before are taken in. */
  begin({ accepted, refused, receipt }) {
    const early = this.#early ?? [];
    this.#early = void 0;
    if (receipt.local > 0)
      this.#takeLocal(this.done);
    this.#take(accepted, refused);
    for (const [copy, outcome] of early)
      this.#settle(copy, outcome);
    this.#tellDone();
  }
  whenDone(run) {
    this.#onDone = run;
    this.#tellDone();
  }
  /** Ends it: what is still open missed the deadline. */
  report() {
    this.#isOver = true;
    this.#onDone = void 0;
    for (const node of this.#open.keys())
      if (!this.#missing.has(node))
        this.#missing.set(node, "deadline");
    const missing = Array.from(this.#missing, ([node, why]) => ({ node, why }));
    const confirmed = [...this.#confirmed].filter((node) => !this.#missing.has(node)).toSorted();
    return { confirmed, missing, resent: this.#resent };
  }
  #take(accepted, refused) {
    for (const { node } of accepted)
      this.#hold(node);
    for (const copy of refused)
      this.#miss(copy, "dropped");
  }
  /** A subscription of this node got it: it has confirmed, or will when its handlers are done. */
  #takeLocal(done) {
    if (done === void 0) {
      this.#confirmed.add(this.#self);
      return;
    }
    this.#hold(this.#self);
    const copy = { node: this.#self, won: noGroups };
    done.whenOpen(() => this.#settle(copy, done.failed > 0 ? "handler-failed" : "confirmed"));
    done.settle(true);
  }
  #hold(node) {
    this.#open.set(node, (this.#open.get(node) ?? 0) + 1);
  }
  #settle(copy, outcome) {
    if (this.#early !== void 0) {
      this.#early.push([copy, outcome]);
      return;
    }
    const open = this.#open.get(copy.node);
    if (open === void 0 || this.#isOver)
      return;
    if (open > 1)
      this.#open.set(copy.node, open - 1);
    else
      this.#open.delete(copy.node);
    if (outcome === "confirmed")
      this.#confirmed.add(copy.node);
    else
      this.#miss(copy, outcome);
    this.#tellDone();
  }
  #miss(copy, outcome) {
    this.#missing.set(copy.node, outcome === "unsent" ? "link-lost" : outcome);
    if (outcome !== "unsent" && outcome !== "refused" && outcome !== "dropped")
      return;
    this.#lost.add(copy.node);
    const again = this.regroup?.(copy.won, this.#lost);
    if (again === void 0)
      return;
    if (again.isLocal)
      this.#takeLocal(again.done);
    this.#take(again.sent.accepted, again.sent.refused);
  }
  #tellDone() {
    if (this.#early !== void 0 || this.#open.size > 0)
      return;
    const run = this.#onDone;
    this.#onDone = void 0;
    run?.();
  }
};
var noGroups = [];

// dist/bus/explain.js
function explainSubscriptions(plan, topic) {
  const subscribers = /* @__PURE__ */ new Set();
  for (const fan of [plan.own, plan.foreign]) {
    for (const subscriber of fan.plain)
      subscribers.add(subscriber);
    for (const { members } of fan.groups)
      for (const member of members)
        subscribers.add(member);
  }
  return Array.from(subscribers, (subscriber) => ({
    id: subscriber.id,
    patterns: subscriber.wanted.matching(topic),
    group: subscriber.options.group?.name,
    priority: subscriber.options.priority,
    local: subscriber.options.local,
    broker: subscriber.options.broker
  }));
}

// dist/bus/hooks.js
function assertAllowed(hooks, request) {
  if (hooks.allow === void 0 || hooks.allow(request))
    return;
  throw new ClusterError("unauthorized", `${request.node} may not ${request.action} ${request.topic}`);
}

// dist/core/hash.js
function hashText(text, seed = 2166136261) {
  let hash = seed >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  return mixHash(hash);
}
function hashBytes(bytes, seed = 2166136261) {
  let hash = seed >>> 0;
  for (let index = 0; index < bytes.length; index += 1)
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 16777619);
  return mixHash(hash);
}
function mixHash(value) {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ hash >>> 16, 2246822507);
  hash = Math.imul(hash ^ hash >>> 13, 3266489909);
  return (hash ^ hash >>> 16) >>> 0;
}
function addHash(hash, value) {
  return mixHash(Math.imul(hash, 31) + (value >>> 0) + Math.floor(value / 4294967296));
}

// dist/core/rendezvous.js
function findRendezvous(key, names) {
  const keyHash = hashText(key);
  let best = -1;
  let bestScore = -1;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? "";
    const score = addHash(keyHash, hashText(name));
    if (score > bestScore || score === bestScore && name < (names[best] ?? "")) {
      best = index;
      bestScore = score;
    }
  }
  return best;
}

// dist/protocol/bus/group.js
function chooseCandidate(strategy, candidates, key, random) {
  if (candidates.length <= 1)
    return candidates.length - 1;
  if (strategy === "oldest")
    return indexOfLeast(candidates, isOlder);
  if (strategy === "hashed")
    return findRendezvous(key, candidates.map(nameOf));
  if (strategy === "least-in-flight")
    return indexOfLeast(candidates, isIdler, random.below(candidates.length));
  const localOnly = strategy === "local-first" && candidates.some((candidate) => candidate.local);
  return drawByMembers(candidates, random, localOnly);
}
function drawByMembers(candidates, random, localOnly) {
  let total = 0;
  for (const candidate of candidates)
    if (!localOnly || candidate.local)
      total += candidate.members;
  let left = random.below(Math.max(1, total));
  for (let index = 0; index < candidates.length; index += 1) {
    const candidate = candidates[index];
    if (candidate === void 0 || localOnly && !candidate.local)
      continue;
    left -= candidate.members;
    if (left < 0)
      return index;
  }
  return candidates.length - 1;
}
function indexOfLeast(candidates, isLess, from = 0) {
  let best = from % candidates.length;
  for (let step2 = 1; step2 < candidates.length; step2 += 1) {
    const index = (from + step2) % candidates.length;
    const candidate = candidates[index];
    const held = candidates[best];
    if (candidate !== void 0 && held !== void 0 && isLess(candidate, held))
      best = index;
  }
  return best;
}
function nameOf(candidate) {
  return candidate.name;
}
function isOlder(left, right) {
  if (left.epoch !== right.epoch)
    return left.epoch < right.epoch;
  if (left.order !== right.order)
    return left.order < right.order;
  return left.name < right.name;
}
function isIdler(left, right) {
  return left.inFlight / left.members < right.inFlight / right.members;
}

// dist/protocol/bus/pattern-overlap.js
function patternsOverlap(left, right) {
  let below = new Uint8Array(right.length + 1);
  let row = new Uint8Array(right.length + 1);
  for (let leftAt = left.length; leftAt >= 0; leftAt -= 1) {
    const leftSegment = left[leftAt];
    for (let rightAt = right.length; rightAt >= 0; rightAt -= 1) {
      const rightSegment = right[rightAt];
      const skipsLeft = leftSegment !== void 0 && below[rightAt] === 1;
      const skipsRight = rightSegment !== void 0 && row[rightAt + 1] === 1;
      const takesBoth = segmentsMeet(leftSegment, rightSegment) && below[rightAt + 1] === 1;
      const atEnd = leftSegment === void 0 && rightSegment === void 0;
      const anyDouble = leftSegment === "**" || rightSegment === "**";
      row[rightAt] = atEnd || (anyDouble ? skipsLeft || skipsRight : takesBoth) ? 1 : 0;
    }
    [below, row] = [row, below];
  }
  return below[0] === 1;
}
function segmentsMeet(left, right) {
  if (left === void 0 || right === void 0)
    return false;
  return left === right || left === "*" || right === "*";
}

// dist/protocol/bus/topic-trie.js
var TopicTrie = class {
  #build;
  #cacheMax;
  /** What nothing matches; shared by all topics that nobody wants. */
  #none;
  #slots = /* @__PURE__ */ new Map();
  /** Exact topics that one value wants and nobody has asked for yet: of a million most are, and need no slot. */
  #singles = /* @__PURE__ */ new Map();
  #root = createNode();
  #leaves = /* @__PURE__ */ new Set();
  #cached = [];
  /** Slots by topics as callers write them, which need not be the normal form; emptied when there are too many. */
  #spellings = /* @__PURE__ */ new Map();
  #seen = new Uint32Array(doorkeeperSize);
  #evictAt = 0;
  #wildcards = 0;
  #exacts = 0;
  #generation = 1;
  /**
   * `build` turns the matching values of a topic into what `find` returns; it is called once for each change, not each event.
   * For a broadcast there is no one topic.
   */
  constructor(build, cacheMax = 65536) {
    this.#build = build;
    this.#cacheMax = cacheMax;
    this.#none = build([], void 0);
  }
  /** Pairs of pattern and value. */
  get size() {
    return this.#wildcards + this.#exacts;
  }
  /** Forgets every kept match: something that `build` looks at changed. */
  touch() {
    this.#generation += 1;
  }
  /** Adds a value under a pattern; adding the same pair again changes nothing and returns false. */
  add(pattern, value) {
    if (pattern.exact)
      return this.#addExact(pattern.text, value);
    let node = this.#root;
    for (const segment of pattern.segments)
      node = childOf(node, segment);
    if (!addTo(node, value))
      return false;
    node.pattern = pattern;
    this.#leaves.add(node);
    this.#wildcards += 1;
    this.#generation += 1;
    return true;
  }
  /** Removes a pair; false when it was not there. */
  remove(pattern, value) {
    if (pattern.exact)
      return this.#removeExact(pattern.text, value);
    const path = [this.#root];
    let node = this.#root;
    for (const segment of pattern.segments) {
      node = findChild(node, segment);
      if (node === void 0)
        return false;
      path.push(node);
    }
    if (!removeFrom(node, value))
      return false;
    if (isVacant(node))
      this.#leaves.delete(node);
    prune(path, pattern.segments);
    this.#wildcards -= 1;
    this.#generation += 1;
    return true;
  }
  /** Returns the match of a topic with its normal form; throws `invalid-topic`. The hot path: one map look-up, no allocation. */
  find(topic) {
    const slot = this.#spellings.get(topic) ?? this.#slots.get(topic);
    return slot !== void 0 && slot.generation === this.#generation ? slot : this.#findCold(topic);
  }
  /** Returns what the union of all topics of these patterns matches. Linear in the number of patterns and exact topics held. */
  findOverlap(patterns) {
    const found = /* @__PURE__ */ new Set();
    for (const pattern of patterns) {
      for (const leaf of this.#leaves) {
        if (patternsOverlap(pattern.segments, leaf.pattern?.segments ?? []))
          collect(leaf, found);
      }
      if (pattern.exact) {
        const slot = this.#slots.get(pattern.text) ?? this.#openSlot(pattern.text);
        if (slot !== void 0)
          collect(slot, found);
        continue;
      }
      this.#collectExact(pattern, found);
    }
    return this.#build([...found], void 0);
  }
  /** The exact topics that a pattern matches. */
  #collectExact(pattern, found) {
    const prefix = literalPrefix(pattern);
    for (const [topic, value] of this.#singles) {
      if (!topic.startsWith(prefix))
        continue;
      if (patternsOverlap(pattern.segments, topicToSegments(topic)))
        found.add(value);
    }
    for (const slot of this.#slots.values()) {
      if (isVacant(slot) || !slot.topic.startsWith(prefix))
        continue;
      if (patternsOverlap(pattern.segments, topicToSegments(slot.topic)))
        collect(slot, found);
    }
  }
  #addExact(topic, value) {
    const slot = this.#slots.get(topic);
    const single = this.#singles.get(topic);
    if (slot === void 0 && single === void 0) {
      this.#singles.set(topic, value);
      this.#exacts += 1;
      return true;
    }
    const place = slot ?? this.#openSlot(topic);
    if (place === void 0 || !addTo(place, value))
      return false;
    place.generation = 0;
    this.#exacts += 1;
    return true;
  }
  #removeExact(topic, value) {
    if (this.#singles.get(topic) === value) {
      this.#singles.delete(topic);
      this.#exacts -= 1;
      return true;
    }
    const slot = this.#slots.get(topic);
    if (slot === void 0 || !removeFrom(slot, value))
      return false;
    slot.generation = 0;
    if (isVacant(slot) && !slot.cached)
      this.#drop(slot);
    this.#exacts -= 1;
    return true;
  }
  /** Gives a single value a slot; `undefined` when there is none. */
  #openSlot(topic) {
    const single = this.#singles.get(topic);
    if (single === void 0)
      return void 0;
    this.#singles.delete(topic);
    const slot = createSlot(topic, this.#none);
    slot.one = single;
    this.#slots.set(topic, slot);
    return slot;
  }
  #findCold(spelling) {
    const known = this.#slots.get(spelling);
    const topic = known?.topic ?? normalizeTopic(spelling);
    const slot = known ?? this.#slots.get(topic) ?? this.#openSlot(topic);
    if (slot !== void 0) {
      if (this.#spellings.size >= this.#cacheMax)
        this.#spellings.clear();
      if (this.#cacheMax > 0)
        this.#spellings.set(spelling, slot);
      return slot.generation === this.#generation ? slot : this.#refresh(slot);
    }
    const fresh = createSlot(topic, this.#match(topic, void 0));
    fresh.generation = this.#generation;
    if (this.#cacheMax > 0 && this.#isRepeated(topic))
      this.#admit(fresh);
    return fresh;
  }
  /** A slot that is gone is never current again, whoever still has it by another spelling. */
  #drop(slot) {
    slot.generation = 0;
    this.#slots.delete(slot.topic);
  }
  #refresh(slot) {
    slot.match = this.#match(slot.topic, slot);
    slot.generation = this.#generation;
    return slot;
  }
  #match(topic, slot) {
    const found = /* @__PURE__ */ new Set();
    if (slot !== void 0)
      collect(slot, found);
    if (this.#wildcards > 0)
      walk(this.#root, topicToSegments(topic), 0, found);
    return found.size === 0 ? this.#none : this.#build([...found], topic);
  }
  /** True when the topic was asked for before, as far as a small table of hashes remembers. */
  #isRepeated(topic) {
    const hash = hashText(topic);
    const at = hash & doorkeeperSize - 1;
    if (this.#seen[at] === hash)
      return true;
    this.#seen[at] = hash;
    return false;
  }
  #admit(slot) {
    slot.cached = true;
    this.#slots.set(slot.topic, slot);
    if (this.#cached.length < this.#cacheMax) {
      this.#cached.push(slot);
      return;
    }
    const old = this.#cached[this.#evictAt];
    this.#cached[this.#evictAt] = slot;
    this.#evictAt = (this.#evictAt + 1) % this.#cacheMax;
    if (old === void 0)
      return;
    old.cached = false;
    if (isVacant(old))
      this.#drop(old);
  }
};
var doorkeeperSize = 16384;
function createSlot(topic, match) {
  return { topic, match, generation: 0, cached: false, one: void 0, many: void 0 };
}
function createNode() {
  return {
    literals: void 0,
    star: void 0,
    doubleStar: void 0,
    pattern: void 0,
    one: void 0,
    many: void 0
  };
}
function walk(node, segments, at, found) {
  const double = node.doubleStar;
  if (double !== void 0) {
    collect(double, found);
    if (double.literals !== void 0 || double.star !== void 0 || double.doubleStar !== void 0) {
      for (let skip = at; skip <= segments.length; skip += 1)
        walkBelow(double, segments, skip, found);
    }
  }
  walkBelow(node, segments, at, found);
}
function walkBelow(node, segments, at, found) {
  const segment = segments[at];
  if (segment === void 0)
    return;
  const literal = node.literals?.get(segment);
  if (literal !== void 0)
    step(literal, segments, at + 1, found);
  if (node.star !== void 0)
    step(node.star, segments, at + 1, found);
}
function step(node, segments, at, found) {
  if (at === segments.length)
    collect(node, found);
  walk(node, segments, at, found);
}
function childOf(node, segment) {
  if (segment === "*")
    return node.star ??= createNode();
  if (segment === "**")
    return node.doubleStar ??= createNode();
  node.literals ??= /* @__PURE__ */ new Map();
  let child = node.literals.get(segment);
  if (child === void 0)
    node.literals.set(segment, child = createNode());
  return child;
}
function findChild(node, segment) {
  if (segment === "*")
    return node.star;
  if (segment === "**")
    return node.doubleStar;
  return node.literals?.get(segment);
}
function prune(path, segments) {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const node = path[depth];
    const parent = path[depth - 1];
    const segment = segments[depth - 1];
    if (node === void 0 || parent === void 0 || segment === void 0)
      return;
    if (!isVacant(node) || node.star !== void 0 || node.doubleStar !== void 0)
      return;
    if (node.literals !== void 0 && node.literals.size > 0)
      return;
    if (segment === "*")
      parent.star = void 0;
    else if (segment === "**")
      parent.doubleStar = void 0;
    else
      parent.literals?.delete(segment);
  }
}
function addTo(place, value) {
  if (place.many !== void 0) {
    if (place.many.has(value))
      return false;
    place.many.add(value);
  } else if (place.one === void 0) {
    place.one = value;
  } else {
    if (place.one === value)
      return false;
    place.many = /* @__PURE__ */ new Set([place.one, value]);
    place.one = void 0;
  }
  return true;
}
function removeFrom(place, value) {
  if (place.many !== void 0) {
    const had = place.many.delete(value);
    if (place.many.size === 0)
      place.many = void 0;
    return had;
  }
  if (place.one !== value)
    return false;
  place.one = void 0;
  return true;
}
function isVacant(place) {
  return place.one === void 0 && place.many === void 0;
}
function collect(place, found) {
  if (place.one !== void 0)
    found.add(place.one);
  else if (place.many !== void 0)
    for (const value of place.many)
      found.add(value);
}
function literalPrefix(pattern) {
  let prefix = "";
  for (const segment of pattern.segments) {
    if (segment === "*" || segment === "**")
      break;
    prefix += `/${segment}`;
  }
  return prefix;
}

// dist/protocol/bus/interest-row.js
function findInterestKey(key) {
  const rest = key.slice(2);
  if (key[1] !== " ")
    return void 0;
  const kind = key[0];
  if (kind === "e")
    return { kind: "events", pattern: rest };
  if (kind === "r")
    return { kind: "requests", pattern: rest };
  if (kind === "b")
    return { kind: "lane", lane: rest };
  if (kind === "h")
    return { kind: "hashed", bucket: Number(rest) };
  const match = kind === "x" ? /^(\d{1,4}) (\d{1,2}) (\/.*)$/.exec(rest) : null;
  if (match === null)
    return void 0;
  return { kind: "indexed", bucket: Number(match[1]), index: Number(match[2]), pattern: match[3] ?? "" };
}
function interestKeyToText(key) {
  if (key.kind === "lane")
    return `b ${key.lane}`;
  if (key.kind === "hashed")
    return `h ${key.bucket}`;
  if (key.kind === "indexed")
    return `x ${key.bucket} ${key.index} ${key.pattern}`;
  return key.kind === "events" ? `e ${key.pattern}` : `r ${key.pattern}`;
}
function writePatternInterest(interest) {
  const writer2 = new ByteWriter(32);
  writer2.u8(rowVersion);
  writer2.varint(interest.plain);
  writer2.varint(interest.groups.length);
  for (const { name, strategy, order, members } of interest.groups) {
    writer2.text(name);
    writer2.u8(strategyCodes.indexOf(strategy));
    writer2.varint(order);
    writer2.varint(members);
  }
  return writer2.take();
}
function readPatternInterest(bytes) {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion)
    return void 0;
  const plain = reader.varint();
  const count = reader.varint();
  const groups = [];
  for (let index = 0; index < count && reader.ok; index += 1) {
    const name = reader.text(nameBytesMax);
    const strategy = strategyCodes[reader.u8()];
    const order = reader.varint();
    const members = reader.varint();
    if (strategy !== void 0)
      groups.push({ name, strategy, order, members: Math.max(1, members) });
  }
  return reader.ok ? { plain, groups } : void 0;
}
function writeLaneInterest(interest) {
  const writer2 = new ByteWriter(64);
  writer2.u8(rowVersion);
  writer2.varint(interest.batchMax);
  writer2.varint(interest.patterns.length);
  for (const pattern of interest.patterns)
    writer2.text(pattern);
  return writer2.take();
}
function findLaneFault(patterns) {
  const { length } = patterns;
  if (length > topicAlternativesMax)
    return `${length} patterns, and ${topicAlternativesMax} is the most`;
  const bytes = writeLaneInterest({ patterns, batchMax: Number.MAX_SAFE_INTEGER }).length;
  return bytes > laneRowBytesMax ? `${bytes} bytes of patterns, and ${laneRowBytesMax} is the most` : void 0;
}
function readLaneInterest(bytes) {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion)
    return void 0;
  const batchMax = reader.varint();
  const count = reader.varint();
  if (count > topicAlternativesMax)
    return void 0;
  const patterns = [];
  for (let index = 0; index < count && reader.ok; index += 1)
    patterns.push(reader.text(topicLengthMax * 3));
  return reader.ok && batchMax > 0 ? { patterns, batchMax } : void 0;
}
function writeHashes(hashes) {
  const sorted = Uint32Array.from(hashes).toSorted();
  const writer2 = new ByteWriter(sorted.length * 4 + 8);
  writer2.u8(rowVersion);
  writer2.varint(sorted.length);
  let last = 0;
  for (const hash of sorted) {
    writer2.varint(hash - last);
    last = hash;
  }
  return writer2.take();
}
function readHashes(bytes) {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion)
    return void 0;
  const count = reader.varint();
  if (count > reader.remaining)
    return void 0;
  const hashes = [];
  let last = 0;
  for (let index = 0; index < count && reader.ok; index += 1) {
    last += reader.varint();
    hashes.push(last);
  }
  return reader.ok && last <= 4294967295 ? hashes : void 0;
}
function bucketOf(hash) {
  return hash >>> 22;
}
var rowVersion = 1;
var nameBytesMax = 512;
var laneRowBytesMax = 16384;
var strategyCodes = ["random", "local-first", "oldest", "hashed", "least-in-flight"];

// dist/bus/subscribe-options.js
function resolveSubscribeOptions(options) {
  return options === noSubscribeOptions ? defaults : resolve(options);
}
function hasOwnLane(options) {
  return options.overflow === "block" && options.group === void 0;
}
function assertLaneFits(options, wanted) {
  if (!options.broker || !hasOwnLane(options))
    return;
  const fault = findLaneFault(wanted.patterns.map(({ text }) => text));
  if (fault !== void 0)
    fail("overflow", `a block subscription for other nodes wants ${fault}; make several of it`);
}
function laneBatchMax(options) {
  return Math.max(1, Math.min(64, Math.floor((options.queueMax + options.concurrencyMax) / 4)));
}
var noSubscribeOptions = Object.freeze({});
function resolve(options) {
  const overflow = resolveOverflow(options.overflow);
  const concurrencyMax = options.concurrencyMax ?? 256;
  if (!(concurrencyMax >= 1))
    fail("concurrencyMax", "it must be at least 1");
  const queueMax = overflow === "latest" ? 1 : options.queueMax ?? 1024;
  if (!(queueMax >= 1 && queueMax <= queueLimit))
    fail("queueMax", `it must be 1 to ${queueLimit}`);
  const priority = options.priority ?? 0;
  if (!Number.isSafeInteger(priority))
    fail("priority", "it must be a whole number");
  const local2 = options.local ?? true;
  const broker = options.broker ?? true;
  if (!local2 && !broker)
    fail("local", "with broker false as well, nothing can ever come");
  return {
    id: options.id === void 0 ? void 0 : resolveName("id", options.id),
    local: local2,
    broker,
    group: resolveGroup(options.group),
    priority,
    concurrencyMax,
    queueMax,
    overflow,
    decode: options.decode,
    onGap: options.onGap,
    onDropped: options.onDropped
  };
}
function resolveOverflow(overflow = "drop-oldest") {
  if (!overflowPolicies.has(overflow))
    fail("overflow", `${overflow} is no policy`);
  return overflow;
}
var queueLimit = 1e7;
var nameLengthMax = 128;
var overflowPolicies = /* @__PURE__ */ new Set([
  "block",
  "drop-oldest",
  "drop-newest",
  "latest",
  "error"
]);
var strategies = /* @__PURE__ */ new Set([
  "random",
  "local-first",
  "oldest",
  "hashed",
  "least-in-flight"
]);
var defaults = resolve({});
function resolveGroup(group) {
  if (group === void 0)
    return void 0;
  if (!strategies.has(group.strategy))
    fail("group.strategy", `${group.strategy} is no strategy`);
  return { name: resolveName("group.name", group.name), strategy: group.strategy };
}
function resolveName(option, name) {
  if (name === "" || name.length > nameLengthMax)
    fail(option, `it must have 1 to ${nameLengthMax} characters`);
  return name;
}
function fail(option, why) {
  throw new ClusterError("invalid-options", `${option}: ${why}`);
}

// dist/bus/plan.js
var emptyReceipt = Object.freeze({ local: 0, nodes: 0, groups: 0, dropped: 0 });
function buildPlan(subscribers, topic) {
  if (subscribers.length === 0)
    return emptyPlan;
  const wanting = topic === void 0 ? subscribers : subscribers.filter(({ wanted }) => wanted.only === void 0 || wanted.wants(topic));
  if (wanting.every(({ options }) => options.local && options.broker && !hasOwnLane(options))) {
    const fan = buildFan(wanting);
    return { own: fan, foreign: fan };
  }
  return {
    own: buildFan(wanting.filter(({ options }) => options.local)),
    foreign: buildFan(wanting.filter(({ options }) => options.broker && !hasOwnLane(options)))
  };
}
function buildFan(subscribers) {
  if (subscribers.length === 0)
    return emptyFan;
  const sorted = subscribers.toSorted((left, right) => left.options.priority - right.options.priority || left.order - right.order);
  const plain = sorted.filter(({ options }) => options.group === void 0);
  const first = sorted[0]?.options.priority;
  return {
    plain,
    groups: collectGroups(sorted),
    tiered: sorted.some(({ options }) => options.priority !== first),
    receipt: Object.freeze({ local: plain.length, nodes: 0, groups: 0, dropped: 0 })
  };
}
function collectGroups(subscribers) {
  const groups = /* @__PURE__ */ new Map();
  for (const subscriber of subscribers) {
    const group = subscriber.options.group;
    if (group === void 0)
      continue;
    const held = groups.get(group.name);
    if (held === void 0)
      groups.set(group.name, { ...group, members: [subscriber] });
    else
      held.members.push(subscriber);
  }
  return [...groups.values()];
}
var emptyFan = { plain: [], groups: [], tiered: false, receipt: emptyReceipt };
var emptyPlan = { own: emptyFan, foreign: emptyFan };

// dist/bus/local-delivery.js
var LocalDelivery = class {
  #trie = new TopicTrie(buildPlan);
  #random;
  #later = new BoundedQueue(laterMax);
  #delivering = false;
  constructor(random) {
    this.#random = random;
  }
  /** Throws `invalid-topic`. */
  find(topic) {
    return this.#trie.find(topic);
  }
  findOverlap(patterns) {
    return this.#trie.findOverlap(patterns);
  }
  add(subscriber) {
    for (const pattern of subscriber.wanted.patterns)
      this.#trie.add(pattern, subscriber);
  }
  remove(subscriber) {
    for (const pattern of subscriber.wanted.patterns)
      this.#trie.remove(pattern, subscriber);
  }
  /** Puts another set of patterns in place: first the new ones, then without the old ones that are gone. */
  update(subscriber, wanted) {
    const old = subscriber.wanted;
    const kept = new Set(wanted.patterns.map(({ text }) => text));
    subscriber.wanted = wanted;
    subscriber.state.revision += 1;
    for (const pattern of wanted.patterns)
      this.#trie.add(pattern, subscriber);
    for (const pattern of old.patterns)
      if (!kept.has(pattern.text))
        this.#trie.remove(pattern, subscriber);
    this.#trie.touch();
  }
  /** Chooses the member of a group on this node that gets an event. */
  chooseMember(group, key) {
    if (group.members.length === 1)
      return group.members[0];
    const candidates = group.members.map(memberToCandidate);
    return group.members[chooseCandidate(group.strategy, candidates, key, this.#random)];
  }
  /**
   * Gives an event to the plain subscriptions of a fan and to the chosen members. Returns how many took it. `done` is held for
   * each of them.
   */
  deliver(fan, chosen, event, done) {
    if (this.#delivering)
      return this.#deliverLater({ fan, chosen, event, done });
    this.#delivering = true;
    try {
      const taken = deliverNow(fan, chosen, event, done);
      this.#deliverRest();
      return taken;
    } finally {
      this.#delivering = false;
    }
  }
  #deliverRest() {
    for (let next = this.#later.shift(); next !== void 0; next = this.#later.shift()) {
      deliverNow(next.fan, next.chosen, next.event, next.done);
      next.done?.settle(true);
    }
  }
  #deliverLater(later) {
    if (!this.#later.push(later))
      return 0;
    later.done?.hold();
    return later.fan.plain.length + later.chosen.length;
  }
};
var laterMax = 1e6;
function deliverNow(fan, chosen, event, done) {
  if (fan.tiered)
    return deliverTiers([...fan.plain, ...chosen].toSorted(byPriority), event, done);
  let taken = 0;
  const plain = fan.plain;
  for (let index = 0; index < plain.length; index += 1) {
    if (plain[index]?.offer(event, void 0, done) === true)
      taken += 1;
  }
  for (let index = 0; index < chosen.length; index += 1) {
    if (chosen[index]?.offer(event, void 0, done) === true)
      taken += 1;
  }
  return taken;
}
function deliverTiers(sorted, event, done) {
  let taken = 0;
  let before;
  let tier;
  let priority;
  for (const subscriber of sorted) {
    if (tier === void 0 || subscriber.options.priority !== priority) {
      closeTier(tier, done);
      before = tier;
      tier = new Gate();
      if (before !== void 0)
        openAfter(tier, before);
      priority = subscriber.options.priority;
    }
    if (subscriber.offer(event, before, tier))
      taken += 1;
  }
  closeTier(tier, done);
  return taken;
}
function closeTier(tier, done) {
  if (tier === void 0)
    return;
  done?.hold();
  if (done !== void 0)
    tier.whenOpen(() => done.settle(tier.failed === 0));
  tier.settle(true);
}
function openAfter(tier, before) {
  tier.hold();
  before.whenOpen(() => tier.settle(true));
}
function byPriority(left, right) {
  return left.options.priority - right.options.priority || left.order - right.order;
}
function memberToCandidate(member) {
  return {
    name: `${member.id}#${member.order}`,
    epoch: 0,
    order: member.order,
    local: true,
    members: 1,
    inFlight: member.inFlight
  };
}

// dist/bus/observe.js
import { Observable } from "rxjs/internal/Observable";
function createObservable(open, patterns, options) {
  if (options.overflow === "block") {
    throw new ClusterError("invalid-options", "overflow: an Observable cannot be slowed; subscribe with a handler");
  }
  let wanted = patterns;
  let currentOptions = options;
  const live = /* @__PURE__ */ new Set();
  const observable = new Observable((observer) => {
    const subscription = open(wanted, (event) => observer.next(event), currentOptions, (error) => error === void 0 ? observer.complete() : observer.error(error));
    const entry = { subscription, complete: () => observer.complete() };
    live.add(entry);
    return () => {
      live.delete(entry);
      subscription.stop();
    };
  });
  return Object.assign(observable, {
    async ready(readyOptions) {
      await Promise.all([...live].map(({ subscription }) => subscription.ready(readyOptions)));
    },
    update(next, only) {
      for (const { subscription } of live)
        subscription.update(next, only);
      wanted = next;
      currentOptions = only === void 0 ? currentOptions : { ...currentOptions, only };
    },
    stop() {
      for (const { complete } of live)
        complete();
    }
  });
}

// dist/core/data.js
var dataDepthMax = 64;
function findDataFault(value) {
  return isData(value, 0) ? void 0 : locate(value, "", 0) ?? { path: "", why: "it is not data" };
}
function hasMap(value) {
  if (typeof value !== "object" || value === null)
    return false;
  if (value instanceof Map)
    return true;
  if (ArrayBuffer.isView(value))
    return false;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value)
      if (hasMap(item))
        return true;
    return false;
  }
  for (const key in value)
    if (hasMap(Reflect.get(value, key)))
      return true;
  return false;
}
function isData(value, depth) {
  const type = typeof value;
  if (type !== "object")
    return type !== "function" && type !== "symbol";
  return value === null || depth < dataDepthMax && isDataObject(value, depth + 1);
}
function isDataObject(value, depth) {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1)
      if (!isData(value[index], depth))
        return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return isBuiltIn(value, depth);
  const record = value;
  for (const key in record) {
    if (key === "__proto__" || !isData(record[key], depth))
      return false;
  }
  return true;
}
function isBuiltIn(value, depth) {
  if (value instanceof Map) {
    for (const [key, item] of value)
      if (!isData(key, depth) || !isData(item, depth))
        return false;
    return true;
  }
  if (value instanceof Set) {
    for (const item of value)
      if (!isData(item, depth))
        return false;
    return true;
  }
  return isDate(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}
function locate(value, path, depth) {
  if (isData(value, depth))
    return void 0;
  if (typeof value !== "object" || value === null)
    return { path, why: `a ${typeof value} is not data` };
  if (depth >= dataDepthMax)
    return { path, why: `it is nested deeper than ${dataDepthMax}, or in itself` };
  for (const [step2, item] of partsOf(value)) {
    if (step2 === ".__proto__")
      return { path: `${path}${step2}`, why: "this key is refused" };
    const fault = locate(item, path === "" && step2.startsWith(".") ? step2.slice(1) : `${path}${step2}`, depth + 1);
    if (fault !== void 0)
      return fault;
  }
  return { path, why: `an instance of ${classNameOf(value)} is not data; send a plain object` };
}
function* partsOf(value) {
  if (Array.isArray(value) || value instanceof Set) {
    let index = 0;
    for (const item of value)
      yield [`[${index++}]`, item];
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [`<key ${String(key)}>`, key];
      yield [`<${String(key)}>`, item];
    }
  } else if (isPlain(value)) {
    for (const key in value)
      yield [`.${key}`, Reflect.get(value, key)];
  }
}
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
function classNameOf(value) {
  const made = Reflect.get(value, "constructor");
  return typeof made === "function" ? made.name : "an unknown class";
}
function isDate(value) {
  return Object.prototype.toString.call(value) === "[object Date]";
}

// dist/bus/event.js
var noHeaders = Object.freeze({});
var SharedEvent = class {
  topic;
  value;
  headers;
  source;
  captures = noHeaders;
  /** Nobody wants it later than this. */
  expiresAt;
  /** A lossless subscription promised its lane a place for it. */
  isPromised;
  constructor(topic, value, rest) {
    this.topic = topic;
    this.value = value;
    this.headers = rest.headers;
    this.source = rest.source;
    this.expiresAt = rest.expiresAt;
    this.isPromised = rest.isPromised === true;
  }
};
var OwnEvent = class {
  topic;
  value;
  headers;
  source;
  #patterns;
  #captures;
  constructor(event, value, patterns) {
    this.topic = event.topic;
    this.value = value;
    this.headers = event.headers;
    this.source = event.source;
    this.#patterns = patterns;
  }
  get captures() {
    return this.#captures ??= this.#read();
  }
  #read() {
    for (const pattern of this.#patterns) {
      const captures = readCaptures(pattern, this.topic);
      for (const _ in captures)
        return captures;
    }
    return noHeaders;
  }
};

// dist/bus/publisher.js
var Publisher = class {
  #deps;
  #delivery;
  #outlet;
  #plainRest;
  #hooked;
  constructor(deps) {
    this.#deps = deps;
    this.#delivery = deps.delivery;
    this.#outlet = deps.outlet;
    this.#plainRest = { headers: noHeaders, source: deps.self.name, expiresAt: void 0 };
    this.#hooked = deps.hooks.onPublish !== void 0 || deps.hooks.allow !== void 0;
  }
  publish(topic, value, options) {
    if (this.#hooked)
      return this.#publishHooked(topic, value, options);
    const found = this.#delivery.find(topic);
    const fan = found.match.own;
    const route = this.#outlet?.find(found.topic);
    if (route !== void 0 && route.isPlain && fan.groups.length === 0 && options === noOptions) {
      return this.#publishPlain(found.topic, { fan, route }, value);
    }
    if (route !== void 0 && !route.empty || fan.groups.length > 0) {
      return this.#publishWide({ topic: found.topic, broadcast: false, fan, route, options }, value);
    }
    if (fan.plain.length === 0)
      return emptyReceipt;
    const event = new SharedEvent(found.topic, this.#evaluate(value), this.#restOf(options));
    const local2 = this.#delivery.deliver(fan, noMembers, event);
    return local2 === fan.plain.length ? fan.receipt : { ...emptyReceipt, local: local2, dropped: fan.plain.length - local2 };
  }
  broadcast(pattern, value, options) {
    const patterns = parsePattern(pattern);
    assertAllowed(this.#deps.hooks, { action: "broadcast", topic: pattern, node: this.#deps.self.name });
    const fan = this.#delivery.findOverlap(patterns).own;
    const route = this.#outlet?.findOverlap(patterns);
    const topic = pattern.startsWith("/") ? pattern : `/${pattern}`;
    return this.#publishWide({ topic, broadcast: true, fan, route, options }, value);
  }
  /** The way of confirmed publishes: `confirming` hears of nodes, `done` is held for each local handler. */
  publishWatched(topic, value, options, watch) {
    assertAllowed(this.#deps.hooks, { action: "publish", topic, node: this.#deps.self.name });
    const draft = this.#draft(topic, value, options);
    if (draft === void 0)
      return nothingWatched;
    const found = this.#delivery.find(draft.topic);
    const route = this.#outlet?.find(found.topic);
    const event = {
      topic: found.topic,
      broadcast: false,
      fan: found.match.own,
      route,
      options: draft.options,
      watch
    };
    const evaluated = this.#evaluate(draft.value);
    let sent = noSend;
    const receipt = this.#publishWide(event, evaluated, (result) => {
      sent = result;
    });
    return {
      receipt,
      accepted: sent.accepted,
      refused: sent.refused,
      regroup: (groups, lost) => this.#sendAgain(event, evaluated, groups, lost)
    };
  }
  /** The groups of a topic, and who would win them. */
  explainGroups(topic) {
    const { own } = this.#delivery.find(topic).match;
    const theirs = this.#outlet?.find(topic).groups ?? noGroups2;
    const self = this.#deps.self.name;
    return Array.from(groupNames(own.groups, theirs), (name) => {
      const here = own.groups.find((group) => group.name === name);
      const there = theirs.find((group) => group.name === name);
      const strategy = here?.strategy ?? there?.strategy ?? "random";
      const mine = here === void 0 ? [] : [{ node: self, members: here.members.length, usable: true }];
      const others = (there?.nodes ?? []).map(({ node, members, usable }) => ({ node, members, usable }));
      const isFixed = strategy === "oldest" || strategy === "hashed";
      const winner = isFixed ? this.#chooseNode(here, there, { key: topic, except: void 0 }) : void 0;
      return { name, strategy, members: [...mine, ...others], winner };
    });
  }
  /** The usual way to other nodes: no groups, no options. */
  #publishPlain(topic, { fan, route }, value) {
    const evaluated = this.#evaluate(value);
    const nodes = this.#outlet?.sendPlain(route, topic, evaluated) ?? 0;
    const { receipt } = route;
    const here = fan.plain.length;
    if (here === 0 && nodes === receipt.nodes)
      return receipt;
    const event = new SharedEvent(topic, evaluated, this.#plainRest);
    const local2 = here === 0 ? 0 : this.#delivery.deliver(fan, noMembers, event);
    return { local: local2, nodes, groups: 0, dropped: receipt.nodes - nodes + here - local2 };
  }
  #publishHooked(topic, value, options) {
    assertAllowed(this.#deps.hooks, { action: "publish", topic, node: this.#deps.self.name });
    const draft = this.#draft(topic, value, options);
    if (draft === void 0)
      return emptyReceipt;
    const found = this.#delivery.find(draft.topic);
    const route = this.#outlet?.find(found.topic);
    const event = { topic: found.topic, broadcast: false, fan: found.match.own, route, options: draft.options };
    return this.#publishWide(event, draft.value);
  }
  #draft(topic, value, options) {
    const draft = { topic, value, options };
    return this.#deps.hooks.onPublish === void 0 ? draft : this.#deps.hooks.onPublish(draft);
  }
  #publishWide(wide, value, onSent) {
    const { fan, route, options, watch } = wide;
    const leaves = route !== void 0 && !route.empty;
    if (!leaves && fan.plain.length === 0 && fan.groups.length === 0)
      return emptyReceipt;
    const evaluated = this.#evaluate(value);
    const election = this.#elect(wide, void 0);
    const sent = leaves ? this.#send(wide, evaluated, election.winners) : noSend;
    onSent?.(sent);
    const expected = fan.plain.length + election.chosen.length;
    const event = expected === 0 ? void 0 : new SharedEvent(wide.topic, evaluated, this.#restOf(options));
    const local2 = event === void 0 ? 0 : this.#delivery.deliver(fan, election.chosen, event, watch?.done);
    return { local: local2, nodes: sent.nodes, groups: election.groups, dropped: sent.dropped + expected - local2 };
  }
  #send(wide, value, winners) {
    const { route, options, watch, topic, broadcast } = wide;
    if (this.#outlet === void 0)
      return noSend;
    return this.#outlet.send({
      route,
      topic,
      broadcast,
      value,
      headers: options.headers ?? noHeaders,
      key: options.key,
      ttlMs: options.ttlMs,
      winners,
      confirm: watch?.confirming
    });
  }
  /** Chooses again for groups whose copy certainly never arrived, without the nodes that are lost. */
  #sendAgain(wide, value, groups, lost) {
    if (groups.length === 0 || this.#outlet === void 0)
      return nothingRegrouped;
    const names = new Set(groups);
    const fan = this.#delivery.find(wide.topic).match.own;
    const route = this.#outlet.find(wide.topic);
    const again = {
      ...wide,
      fan: { ...fan, plain: [], groups: fan.groups.filter(({ name }) => names.has(name)) },
      route: { ...route, groups: route.groups.filter(({ name }) => names.has(name)) }
    };
    const election = this.#elect(again, lost);
    const sent = election.winners === void 0 ? noSend : this.#send({ ...again, route: void 0 }, value, election.winners);
    if (election.chosen.length === 0)
      return { sent, isLocal: false, done: void 0 };
    const done = wide.watch?.done === void 0 ? void 0 : new Gate();
    const event = new SharedEvent(wide.topic, value, this.#restOf(wide.options));
    const isLocal = this.#delivery.deliver(again.fan, election.chosen, event, done) > 0;
    return { sent, isLocal, done };
  }
  #elect(wide, except) {
    const { fan, route } = wide;
    const theirs = route?.groups ?? noGroups2;
    if (fan.groups.length === 0 && theirs.length === 0)
      return noElection;
    const choice = { key: wide.options.key ?? wide.topic, except };
    const chosen = [];
    const winners = /* @__PURE__ */ new Map();
    let groups = 0;
    for (const name of groupNames(fan.groups, theirs)) {
      const here = fan.groups.find((group) => group.name === name);
      const there = theirs.find((group) => group.name === name);
      const winner = this.#chooseNode(here, there, choice);
      if (winner === void 0)
        continue;
      groups += 1;
      if (winner !== this.#deps.self.name) {
        addWinner(winners, winner, name);
      } else if (here !== void 0) {
        const member = this.#delivery.chooseMember(here, choice.key);
        if (member !== void 0)
          chosen.push(member);
      }
    }
    return { chosen, groups, winners: winners.size === 0 ? void 0 : winners };
  }
  #chooseNode(here, there, choice) {
    if (here !== void 0 && there === void 0)
      return this.#deps.self.name;
    const strategy = here?.strategy ?? there?.strategy ?? "random";
    const candidates = here === void 0 ? [] : [this.#ownCandidate(here)];
    for (const member of there?.nodes ?? []) {
      if (!member.usable || choice.except?.has(member.node) === true)
        continue;
      candidates.push({ ...member, name: member.node, local: false });
    }
    return candidates[chooseCandidate(strategy, candidates, choice.key, this.#deps.random)]?.name;
  }
  #ownCandidate(group) {
    const { name, epoch } = this.#deps.self;
    const order = group.members.reduce((least, member) => Math.min(least, member.order), Number.MAX_SAFE_INTEGER);
    const inFlight = group.members.reduce((sum2, member) => sum2 + member.inFlight, 0);
    return { name, epoch, order, local: true, members: group.members.length, inFlight };
  }
  #evaluate(value) {
    const evaluated = typeof value === "function" ? value() : value;
    if (this.#deps.checkValues)
      assertData(evaluated);
    return evaluated;
  }
  #restOf(options) {
    if (options === noOptions)
      return this.#plainRest;
    const { ttlMs, headers } = options;
    return {
      headers: headers ?? noHeaders,
      source: this.#deps.self.name,
      expiresAt: ttlMs === void 0 ? void 0 : this.#expiry(ttlMs)
    };
  }
  #expiry(ttlMs) {
    return after(this.#deps.clock.now(), ttlMs);
  }
};
var noOptions = Object.freeze({});
function assertData(value) {
  const fault = findDataFault(value);
  if (fault === void 0)
    return;
  const where = fault.path === "" ? "the value" : fault.path;
  throw new ClusterError("invalid-value", `${where}: ${fault.why}`, { details: [fault] });
}
function groupNames(here, there) {
  const names = /* @__PURE__ */ new Set();
  for (const { name } of here)
    names.add(name);
  for (const { name } of there)
    names.add(name);
  return names;
}
function addWinner(winners, node, group) {
  const won = winners.get(node);
  if (won === void 0)
    winners.set(node, [group]);
  else
    won.push(group);
}
var noGroups2 = [];
var noMembers = [];
var noElection = { chosen: noMembers, groups: 0, winners: void 0 };
var noSend = { nodes: 0, dropped: 0, accepted: [], refused: [] };
var nothingWatched = { receipt: emptyReceipt, accepted: [], refused: [], regroup: () => nothingRegrouped };
var nothingRegrouped = { sent: noSend, isLocal: false, done: void 0 };

// dist/bus/publish-from.js
async function publishFrom(target, source, options) {
  const sums = { published: 0, local: 0, nodes: 0, groups: 0, dropped: 0 };
  const take = (value) => {
    const receipt2 = target.publish(value);
    sums.published += 1;
    sums.local += receipt2.local;
    sums.nodes += receipt2.nodes;
    sums.groups += receipt2.groups;
    sums.dropped += receipt2.dropped;
  };
  const droppedAtSource = isAsyncIterable(source) ? await pull(target, source, take) : await push(target, source, options, take);
  const { published, ...receipt } = sums;
  return { published, droppedAtSource, receipt };
}
async function pull(target, source, take) {
  await room(target);
  for await (const value of source) {
    take(value);
    await room(target);
  }
  return 0;
}
async function room(target) {
  while (!target.hasRoom()) {
    await new Promise((resolve2) => {
      target.whenRoom(resolve2);
    });
  }
}
function push(target, source, options, take) {
  const overflow = options.overflow ?? "error";
  if (overflow === "block") {
    throw new ClusterError("invalid-options", "overflow: an Observable cannot be slowed; give an AsyncIterable");
  }
  return new Promise((resolve2, reject) => {
    const queue = new BoundedQueue(overflow === "latest" ? 1 : options.queueMax ?? 1024);
    let dropped = 0;
    let waiting = false;
    let completed = false;
    let subscription;
    let failed = false;
    const drain = () => {
      waiting = false;
      while (queue.size > 0 && target.hasRoom())
        take(queue.shift());
      if (queue.size > 0)
        wait();
      else if (completed)
        resolve2(dropped);
    };
    const wait = () => {
      if (waiting)
        return;
      waiting = true;
      target.whenRoom(drain);
    };
    subscription = source.subscribe({
      next: (value) => {
        if (failed)
          return;
        if (queue.size === 0 && target.hasRoom()) {
          take(value);
          return;
        }
        if (queue.size >= queue.max) {
          dropped += 1;
          if (overflow === "error") {
            failed = true;
            subscription?.unsubscribe();
            reject(new ClusterError("overflow", `more than ${queue.max} values of the source wait`));
            return;
          }
          if (overflow === "drop-newest")
            return;
          queue.shift();
        }
        queue.push(value);
        wait();
      },
      error: reject,
      complete: () => {
        completed = true;
        if (queue.size === 0)
          resolve2(dropped);
      }
    });
  });
}
function isAsyncIterable(source) {
  return Symbol.asyncIterator in source;
}

// dist/bus/inquiry.js
var Inquiry = class {
  #options;
  #sources = /* @__PURE__ */ new Map();
  #answers = [];
  #cleanups = [];
  #ended = /* @__PURE__ */ new Set();
  #open = 0;
  #taken = 0;
  #over = false;
  #error;
  #lastFault;
  #wake;
  #cancelStall;
  constructor(options) {
    this.#options = options;
  }
  /** The last failure of a source, when every source failed. */
  get lastFault() {
    return this.#lastFault;
  }
  start(answerers) {
    const { clock, timeoutMs, topic, cancel } = this.#options;
    const deadline = after(clock.now(), timeoutMs);
    this.#cleanups.push(clock.setTimer(deadline, () => {
      this.#end(new ClusterError("deadline-exceeded", `no answer on ${topic} within ${timeoutMs} ms`));
    }));
    if (cancel !== void 0) {
      this.#cleanups.push(cancel.listen(() => this.#end(new ClusterError("cancelled", `the request on ${topic} was cancelled`))));
    }
    this.#open = answerers.length;
    this.#restartStall();
    answerers.forEach((answerer, index) => {
      if (this.#over)
        return;
      this.#keep(index, answerer.ask(this.#sinkFor(answerer.node, index)));
    });
  }
  /** The next answer, or `undefined` at the end; throws what ended it when that was not the sources' own end. */
  async next() {
    for (; ; ) {
      const answer = this.#answers.shift();
      if (answer !== void 0) {
        this.#sources.get(answer.source)?.request(1);
        this.#taken += 1;
        if (this.#taken === this.#options.answersMax)
          this.stop();
        return answer.event;
      }
      if (this.#error !== void 0)
        throw this.#error;
      if (this.#over)
        return void 0;
      await new Promise((resolve2) => {
        this.#wake = resolve2;
      });
    }
  }
  /** Cancels what still runs. */
  stop() {
    this.#end(void 0);
    this.#answers.length = 0;
  }
  /** The question may be over inside the call that asked. */
  #keep(index, source) {
    if (this.#over)
      source.cancel();
    else if (!this.#ended.has(index))
      this.#sources.set(index, source);
  }
  #sinkFor(node, index) {
    return {
      onAnswer: (value, headers) => {
        if (this.#over)
          return;
        const rest = { headers, source: node, expiresAt: void 0 };
        this.#answers.push({ event: new SharedEvent(this.#options.topic, value, rest), source: index });
        this.#restartStall();
        this.#wakeUp();
      },
      onEnd: (error) => {
        this.#sources.delete(index);
        this.#ended.add(index);
        if (error !== void 0)
          this.#lastFault = error;
        this.#open -= 1;
        if (this.#open === 0)
          this.#end(void 0);
      }
    };
  }
  #restartStall() {
    const { clock, stallMs } = this.#options;
    if (stallMs === void 0)
      return;
    this.#cancelStall?.();
    this.#cancelStall = clock.setTimer(after(clock.now(), stallMs), () => this.#end(void 0));
  }
  #end(error) {
    if (this.#over)
      return;
    this.#over = true;
    this.#error = error;
    this.#cancelStall?.();
    for (const cleanUp of this.#cleanups)
      cleanUp();
    for (const source of this.#sources.values())
      source.cancel();
    this.#sources.clear();
    this.#wakeUp();
  }
  #wakeUp() {
    this.#wake?.();
    this.#wake = void 0;
  }
};

// dist/bus/request-desk.js
var RequestDesk = class {
  #deps;
  #trie = new TopicTrie((responders) => responders);
  #responders = /* @__PURE__ */ new Set();
  #open = /* @__PURE__ */ new Set();
  constructor(deps) {
    this.#deps = deps;
  }
  add(responder) {
    this.#responders.add(responder);
    for (const pattern of responder.wanted.patterns)
      this.#trie.add(pattern, responder);
  }
  remove(responder) {
    this.#responders.delete(responder);
    for (const pattern of responder.wanted.patterns)
      this.#trie.remove(pattern, responder);
  }
  update(responder, wanted) {
    this.remove(responder);
    responder.wanted = wanted;
    responder.revision += 1;
    this.add(responder);
  }
  responders() {
    return [...this.#responders];
  }
  /** Who answers on a topic: this node first. */
  explain(topic) {
    const here = this.#trie.find(topic).match;
    const groups = new Set(here.flatMap(({ options }) => options.group === void 0 ? [] : [options.group.name]));
    const plain = here.filter(({ options }) => options.group === void 0).length;
    const mine = here.length === 0 ? [] : [{ node: this.#deps.self.name, plain, groups: [...groups] }];
    const others = this.#deps.outlet?.findResponders(topic) ?? [];
    return [
      ...mine,
      ...others.map((other) => ({
        node: other.node,
        plain: other.plain,
        groups: other.groups.map(({ name }) => name)
      }))
    ];
  }
  async request(topic, value, options) {
    const inquiry = this.#start(topic, value, { ...options, answersMax: 1 });
    try {
      const answer = await inquiry.next();
      if (answer !== void 0)
        return answer;
      throw inquiry.lastFault ?? new ClusterError("no-responders", `the responders of ${topic} ended without an answer`);
    } finally {
      this.#end(inquiry);
    }
  }
  async *requestMany(topic, value, options) {
    const inquiry = this.#start(topic, value, options);
    let answered = false;
    try {
      for (let answer = await inquiry.next(); answer !== void 0; answer = await inquiry.next()) {
        answered = true;
        yield answer;
      }
      if (!answered && inquiry.lastFault !== void 0)
        throw inquiry.lastFault;
    } finally {
      this.#end(inquiry);
    }
  }
  /** Answers a question that came from another node: for its chosen groups, and for responders outside groups. */
  answerFor(question, source, sink) {
    const responders = this.#choose(question.topic, { ...question, foreign: true });
    const event = new SharedEvent(question.topic, question.value, {
      headers: question.headers,
      source,
      expiresAt: void 0
    });
    return answerAll(responders, event, sink, question.topic);
  }
  stop() {
    for (const inquiry of this.#open)
      inquiry.stop();
    for (const responder of this.#responders)
      this.remove(responder);
  }
  #start(topic, value, options) {
    const { clock, hooks, self } = this.#deps;
    assertAllowed(hooks, { action: "request", topic, node: self.name });
    const found = this.#trie.find(topic);
    const answerers = this.#findAnswerers(found.topic, value, options);
    if (answerers.length === 0)
      throw new ClusterError("no-responders", `nobody responds on ${found.topic}`);
    const inquiry = new Inquiry({
      clock,
      topic: found.topic,
      timeoutMs: options.timeoutMs ?? 1e4,
      stallMs: options.stallMs,
      answersMax: options.answersMax,
      cancel: options.cancel
    });
    this.#open.add(inquiry);
    inquiry.start(answerers);
    return inquiry;
  }
  #end(inquiry) {
    inquiry.stop();
    this.#open.delete(inquiry);
  }
  #findAnswerers(topic, value, options) {
    const evaluated = typeof value === "function" ? value() : value;
    const { self, outlet } = this.#deps;
    const key = options.key ?? topic;
    const headers = options.headers ?? noHeaders;
    const remote = outlet?.findResponders(topic) ?? [];
    const winners = this.#elect(topic, key, remote);
    const here = this.#choose(topic, { foreign: false, plain: true, groups: winners.get(self.name) ?? [], key });
    const event = new SharedEvent(topic, evaluated, { headers, source: self.name, expiresAt: void 0 });
    const answerers = here.map((responder) => ({
      node: self.name,
      ask: (sink) => responder.answer(event, sink)
    }));
    for (const responder of remote) {
      const groups = winners.get(responder.node) ?? [];
      if (outlet === void 0 || responder.plain === 0 && groups.length === 0)
        continue;
      const timeoutMs = options.timeoutMs ?? 1e4;
      const question = { topic, value: evaluated, headers, timeoutMs, groups, plain: responder.plain > 0, key };
      answerers.push({ node: responder.node, ask: (sink) => outlet.ask(responder, question, sink) });
    }
    return answerers;
  }
  /** The responders of this node that answer: all outside groups, and one for each group won. */
  #choose(topic, ask2) {
    const wanting = this.#trie.find(topic).match.filter((responder) => ask2.foreign ? responder.options.broker : responder.options.local).filter((responder) => responder.wanted.only === void 0 || responder.wanted.wants(topic));
    const chosen = ask2.plain ? wanting.filter((responder) => responder.options.group === void 0) : [];
    for (const name of ask2.groups) {
      const members = wanting.filter((responder) => responder.options.group?.name === name);
      const strategy = members[0]?.options.group?.strategy ?? "random";
      const index = chooseCandidate(strategy, members.map(responderToCandidate), ask2.key, this.#deps.random);
      const member = members[index];
      if (member !== void 0)
        chosen.push(member);
    }
    return chosen;
  }
  /** Groups won, by node; this node takes part with its own members. */
  #elect(topic, key, remote) {
    const { self, random } = this.#deps;
    const groups = /* @__PURE__ */ new Map();
    for (const responder of this.#trie.find(topic).match) {
      const group = responder.options.group;
      if (group === void 0 || !responder.options.local)
        continue;
      const held = groups.get(group.name) ?? { strategy: group.strategy, candidates: [] };
      groups.set(group.name, held);
      if (held.candidates.length > 0)
        continue;
      held.candidates.push({ ...responderToCandidate(responder), name: self.name, epoch: self.epoch });
    }
    for (const { groups: theirs } of remote) {
      for (const { name, strategy, nodes } of theirs) {
        const held = groups.get(name) ?? { strategy, candidates: [] };
        groups.set(name, held);
        for (const member of nodes) {
          if (member.usable)
            held.candidates.push({ ...member, name: member.node, local: false });
        }
      }
    }
    const winners = /* @__PURE__ */ new Map();
    for (const [name, { strategy, candidates }] of groups) {
      const winner = candidates[chooseCandidate(strategy, candidates, key, random)]?.name;
      if (winner === void 0)
        continue;
      const won = winners.get(winner);
      if (won === void 0)
        winners.set(winner, [name]);
      else
        won.push(name);
    }
    return winners;
  }
};
function responderToCandidate(responder) {
  return {
    name: `${responder.id}#${responder.order}`,
    epoch: 0,
    order: responder.order,
    local: true,
    members: 1,
    inFlight: responder.inFlight
  };
}
function answerAll(responders, event, sink, topic) {
  let open = responders.length;
  let lastError;
  let answered = false;
  if (open === 0) {
    sink.onEnd(new ClusterError("no-responders", `nobody responds on ${topic} here any more`));
    return { request: () => void 0, cancel: () => void 0 };
  }
  const order = [];
  const sources = responders.map((responder, index) => responder.answer(event, {
    onAnswer: (value, headers) => {
      answered = true;
      order.push(index);
      sink.onAnswer(value, headers);
    },
    onEnd: (error) => {
      lastError = error ?? lastError;
      open -= 1;
      if (open === 0)
        sink.onEnd(answered ? void 0 : lastError);
    }
  }));
  return {
    // Answers are taken in the order they were given: whoever gave the oldest may give another.
    request: (count) => {
      for (const index of order.splice(0, count))
        sources[index]?.request(1);
    },
    cancel: () => {
      for (const source of sources)
        source.cancel();
    }
  };
}

// dist/bus/answers.js
var answerCredit = 16;

// dist/bus/responder.js
var Responder = class {
  options;
  order;
  wanted;
  revision = 0;
  received = 0;
  handled = 0;
  dropped = 0;
  failed = 0;
  inFlight = 0;
  #handler;
  #idleWaiters = [];
  constructor(handler, setup) {
    this.#handler = handler;
    this.options = setup.options;
    this.order = setup.order;
    this.wanted = setup.wanted;
  }
  get id() {
    return this.options.id ?? `responder-${this.order}`;
  }
  /** Always 0: a request that cannot run now is refused, not kept. */
  get queued() {
    return 0;
  }
  /** Calls `run` once when no request is being answered. */
  whenIdle(run) {
    if (this.inFlight === 0)
      run();
    else
      this.#idleWaiters.push(run);
  }
  /** Runs the handler for one request and tells the sink what it answers, never inside this call. */
  answer(event, sink) {
    const run = new AnswerRun(sink);
    this.received += 1;
    if (this.inFlight >= this.options.concurrencyMax) {
      this.dropped += 1;
      const { concurrencyMax } = this.options;
      void run.refuse(new ClusterError("overloaded", `responder ${this.id} answers ${concurrencyMax} requests already`));
      return run;
    }
    this.inFlight += 1;
    void this.#run(event, run);
    return run;
  }
  async #run(event, run) {
    try {
      const decode = this.options.decode;
      const value = decode === void 0 ? event.value : decode(event.value);
      const own = new OwnEvent(event, value, this.wanted.patterns);
      await run.pump(() => this.#handler(own, { cancel: run.cancelled }));
      this.handled += 1;
    } catch (error) {
      this.failed += 1;
      run.end(toRemote(error));
    } finally {
      this.inFlight -= 1;
      if (this.inFlight === 0)
        this.#tellIdle();
    }
  }
  #tellIdle() {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const run of waiters)
      run();
  }
};
var AnswerRun = class {
  cancelled = new CancelSource();
  #sink;
  #credit = answerCredit;
  #wake;
  #ended = false;
  constructor(sink) {
    this.#sink = sink;
  }
  request(count) {
    this.#credit += count;
    this.#wake?.();
  }
  cancel() {
    this.#ended = true;
    this.cancelled.cancel("the asker went away");
    this.#wake?.();
  }
  async pump(start) {
    await Promise.resolve();
    if (this.#ended)
      return;
    const result = await start();
    if (!isAsyncIterable2(result)) {
      this.#tell(result);
      this.end(void 0);
      return;
    }
    for await (const value of result) {
      if (!await this.#hasCredit())
        return;
      this.#tell(value);
    }
    this.end(void 0);
  }
  async refuse(why) {
    await Promise.resolve();
    this.end(why);
  }
  end(error) {
    if (this.#ended)
      return;
    this.#ended = true;
    this.#sink.onEnd(error);
  }
  #woken() {
    return new Promise((resolve2) => {
      this.#wake = resolve2;
    });
  }
  #tell(value) {
    if (this.#ended)
      return;
    this.#credit -= 1;
    this.#sink.onAnswer(value, {});
  }
  /** True when there is credit; false when the run ended. */
  async #hasCredit() {
    while (this.#credit <= 0 && !this.#ended) {
      await this.#woken();
    }
    return !this.#ended;
  }
};
function toRemote(error) {
  if (!(error instanceof ClusterError)) {
    const message = error instanceof Error ? error.message : String(error);
    return new ClusterError("remote", `the responder failed: ${message}`, { cause: error, ran: true });
  }
  const { code, cause, details, node, stack } = error;
  const where = node === void 0 ? {} : { node };
  const told = new ClusterError(code, withoutCode(error.message), { cause, details, ran: true, ...where });
  if (stack !== void 0)
    told.stack = stack;
  return told;
}
function isAsyncIterable2(value) {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

// dist/bus/subscriber-state.js
var SubscriberState = class {
  dropped = 0;
  failed = 0;
  revision = 0;
  /** Places that exist for lanes of peers, beyond the queue's own. */
  laneRoom = 0;
  /** Those of them that are kept for lanes that were promised nothing yet. */
  laneRoomKept = 0;
  /** Places that are promised to lanes of peers. */
  reserved = 0;
  /** Called whenever a handler is done, for who feeds it. */
  onProgress;
  /** Told once when the bus, not its owner, ends it; `error` says why. */
  onEnd;
  queue;
  /** Handlers under way. */
  running = 0;
  /** Drops that `onDropped` has not heard of. */
  droppedUntold = 0;
  roomWaiters;
  idleWaiters;
};

// dist/bus/subscriber.js
var Subscriber = class {
  options;
  /** Grows with each subscription of this bus: the age that the `oldest` strategy compares. */
  order;
  received = 0;
  handled = 0;
  wanted;
  #handler;
  #host;
  #state;
  #stopped = false;
  constructor(host, handler, setup) {
    this.#host = host;
    this.#handler = handler;
    this.options = setup.options;
    this.order = setup.order;
    this.wanted = setup.wanted;
    if (setup.onEnd !== void 0)
      this.state.onEnd = setup.onEnd;
  }
  /** Its parts that most subscriptions never need; made by asking. */
  get state() {
    return this.#state ??= new SubscriberState();
  }
  get dropped() {
    return this.#state?.dropped ?? 0;
  }
  get failed() {
    return this.#state?.failed ?? 0;
  }
  /** Grows with each update. */
  get revision() {
    return this.#state?.revision ?? 0;
  }
  /** Told once when the bus, not its owner, ends it; the error says why. */
  get onEnd() {
    return this.#state?.onEnd;
  }
  get id() {
    return this.options.id ?? `subscription-${this.order}`;
  }
  get queued() {
    return this.#state?.queue?.size ?? 0;
  }
  /** Events taken and not yet done with: what the least-in-flight strategy compares on this node. */
  get inFlight() {
    return this.#running + this.queued;
  }
  get stopped() {
    return this.#stopped;
  }
  get #running() {
    return this.#state?.running ?? 0;
  }
  /** Events it could take now without dropping one, beyond those it is promised. */
  get room() {
    const { concurrencyMax, queueMax } = this.options;
    const state = this.#state;
    if (state === void 0)
      return concurrencyMax + queueMax;
    return concurrencyMax - state.running + queueMax + state.laneRoom - this.queued - state.reserved;
  }
  /** True when this node's own programs may give it one more: the places of lanes are not theirs. */
  get hasRoom() {
    return this.room > (this.#state?.laneRoomKept ?? 0);
  }
  /**
   * Takes an event; false when its policy dropped it. `before` holds the handler back until it opens; `done` is held here and
   * settled exactly once, whatever becomes of the event.
   */
  offer(event, before, done) {
    if (this.#stopped)
      return false;
    this.received += 1;
    done?.hold();
    const own = this.#view(event);
    if (own === void 0) {
      done?.settle(false);
      return false;
    }
    const mayStart = this.#running < this.options.concurrencyMax && this.queued === 0;
    if (mayStart && (before === void 0 || before.isOpen)) {
      this.#run(own, done);
      return true;
    }
    return this.#enqueue({ event: own, expiresAt: event.expiresAt, revision: this.revision, before, done }, event.isPromised);
  }
  /** Calls `run` once when there is room again, or the subscription stopped. */
  whenRoom(run) {
    if (this.#stopped || this.hasRoom)
      run();
    else
      (this.state.roomWaiters ??= []).push(run);
  }
  /** Tells its owner, if it asked, that events were lost before they reached this node. */
  tellGap(gap) {
    try {
      this.options.onGap?.(gap);
    } catch (error) {
      this.#fault(ClusterError.from(error, "handler-failed"));
    }
  }
  /** Calls `run` once when nothing runs and nothing waits. */
  whenIdle(run) {
    if (this.inFlight === 0)
      run();
    else
      (this.state.idleWaiters ??= []).push(run);
  }
  /** No handler is called after it; what waits counts as dropped. */
  stop() {
    if (this.#stopped)
      return;
    this.#stopped = true;
    const queue = this.#state?.queue;
    for (let waiting = queue?.shift(); waiting !== void 0; waiting = queue?.shift())
      this.#drop(waiting);
    this.#tellRoom();
    if (this.inFlight === 0)
      this.#tellIdle();
  }
  #view(event) {
    const { decode } = this.options;
    if (decode === void 0) {
      return this.wanted.hasCaptures ? new OwnEvent(event, event.value, this.wanted.patterns) : event;
    }
    try {
      return new OwnEvent(event, decode(event.value), this.wanted.patterns);
    } catch (error) {
      this.#countDropped();
      this.#fault(ClusterError.from(error, "invalid-value"));
      return void 0;
    }
  }
  #run(event, done) {
    let result;
    try {
      result = this.#handler(event);
    } catch (error) {
      this.#fail(error, done);
      return;
    }
    if (!isThenable(result)) {
      this.handled += 1;
      done?.settle(true);
      return;
    }
    this.state.running += 1;
    void result.then(() => {
      this.handled += 1;
      this.#finish();
      done?.settle(true);
      return void 0;
    }, (error) => {
      this.#finish();
      this.#fail(error, done);
    });
  }
  #finish() {
    this.state.running -= 1;
    this.#goOn();
  }
  /** Starts what may start now, and tells who waits for the places that it left. */
  #goOn() {
    this.#pump();
    if (this.hasRoom)
      this.#tellRoom();
    if (this.inFlight === 0)
      this.#tellIdle();
    this.#state?.onProgress?.();
  }
  #fail(error, done) {
    this.state.failed += 1;
    this.#fault(ClusterError.from(error, "handler-failed"));
    done?.settle(false);
  }
  #fault(error) {
    this.#host.onFault({ subscription: this.id, error });
  }
  #enqueue(waiting, isPromised) {
    const { overflow, queueMax } = this.options;
    const queue = this.state.queue ??= new BoundedQueue(queueMax + (overflow === "block" ? laneRoomMax : 0));
    if (overflow === "block" ? !isPromised && !this.hasRoom : queue.size >= queueMax) {
      if (overflow === "drop-oldest" || overflow === "latest") {
        const oldest = queue.shift();
        if (oldest !== void 0)
          this.#drop(oldest);
      } else {
        this.#drop(waiting);
        if (overflow === "error")
          this.#overflow();
        return false;
      }
    }
    if (!queue.push(waiting)) {
      this.#drop(waiting);
      return false;
    }
    if (waiting.before !== void 0 && !waiting.before.isOpen)
      waiting.before.whenOpen(() => this.#goOn());
    return true;
  }
  #overflow() {
    const { queueMax } = this.options;
    const error = new ClusterError("overflow", `subscription ${this.id} let more than ${queueMax} events wait`);
    this.#host.onOverflow(this, error);
  }
  /** Starts what may start, in order; an event behind a closed gate holds back those after it. */
  #pump() {
    const queue = this.#state?.queue;
    if (queue === void 0)
      return;
    while (!this.#stopped && this.#running < this.options.concurrencyMax) {
      const next = queue.peek();
      if (next === void 0 || next.before !== void 0 && !next.before.isOpen)
        return;
      queue.shift();
      if (this.#isStale(next))
        this.#drop(next);
      else
        this.#run(next.event, next.done);
    }
  }
  #isStale(waiting) {
    if (waiting.expiresAt !== void 0 && this.#host.clock.now() > waiting.expiresAt)
      return true;
    return waiting.revision !== this.revision && !this.wanted.wants(waiting.event.topic);
  }
  #drop(waiting) {
    this.#countDropped();
    waiting.done?.settle(false);
  }
  #countDropped() {
    const { state } = this;
    state.dropped += 1;
    const { onDropped } = this.options;
    if (onDropped === void 0)
      return;
    state.droppedUntold += 1;
    if (state.droppedUntold > 1)
      return;
    this.#host.clock.afterTurn(() => {
      const count = state.droppedUntold;
      state.droppedUntold = 0;
      try {
        onDropped(count);
      } catch (error) {
        this.#fault(ClusterError.from(error, "handler-failed"));
      }
    });
  }
  #tellIdle() {
    const state = this.#state;
    const waiters = state?.idleWaiters;
    if (state === void 0 || waiters === void 0)
      return;
    state.idleWaiters = void 0;
    for (const run of waiters)
      run();
  }
  #tellRoom() {
    const state = this.#state;
    const waiters = state?.roomWaiters;
    if (state === void 0 || waiters === void 0)
      return;
    state.roomWaiters = void 0;
    for (const run of waiters)
      run();
  }
};
var laneRoomMax = 65536;
function isThenable(value) {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

// dist/bus/subscription.js
function doNothing() {
}
var SubscriptionHandle = class {
  #part;
  #owner;
  #stopped = false;
  constructor(part, owner) {
    this.#part = part;
    this.#owner = owner;
  }
  get id() {
    return this.#part.id;
  }
  get stats() {
    const { received, handled, dropped, failed, queued } = this.#part;
    return { received, handled, dropped, failed, queued };
  }
  get revision() {
    return this.#part.revision;
  }
  async ready(options = {}) {
    if ((options.scope ?? "local") === "local")
      return;
    await this.#untilKnown(options.timeoutMs ?? 1e4);
  }
  update(patterns, only) {
    if (this.#stopped)
      throw new ClusterError("stopped", `subscription ${this.id} is stopped`);
    this.#owner.update(this.#part, patterns, only);
  }
  stop() {
    if (this.#stopped)
      return;
    this.#stopped = true;
    this.#owner.stop(this.#part);
  }
  #untilKnown(timeoutMs) {
    const { clock } = this.#owner;
    return new Promise((resolve2, reject) => {
      let give = doNothing;
      const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), () => {
        give();
        const message = `not every peer knew subscription ${this.id} within ${timeoutMs} ms`;
        reject(new ClusterError("deadline-exceeded", message));
      });
      give = this.#owner.whenKnown(() => {
        cancelTimer();
        resolve2();
      });
    });
  }
};

// dist/bus/wanted.js
function createWanted(patterns, only) {
  const texts = typeof patterns === "string" ? [patterns] : patterns;
  const parsed = uniquePatterns(texts.flatMap((text) => parsePattern(text)));
  const [first] = parsed;
  return parsed.length === 1 && first?.exact === true && only === void 0 ? new OneTopic(first.text) : new Patterns(parsed, only);
}
var OneTopic = class {
  #topic;
  constructor(topic) {
    this.#topic = topic;
  }
  get patterns() {
    return [new ExactPattern(this.#topic)];
  }
  get only() {
    return void 0;
  }
  get hasCaptures() {
    return false;
  }
  matching(topic) {
    return this.wants(topic) ? [topic] : [];
  }
  wants(topic) {
    return topic === this.#topic;
  }
};
var Patterns = class {
  patterns;
  only;
  hasCaptures;
  constructor(patterns, only) {
    this.patterns = patterns;
    this.only = only;
    this.hasCaptures = this.patterns.some((pattern) => pattern.captures.length > 0);
    if (only !== void 0)
      for (const pattern of this.patterns)
        captureIndexOf(pattern, only.capture);
  }
  matching(topic) {
    const segments = topicToSegments(topic);
    return this.patterns.filter((pattern) => matchesSegments(pattern.segments, segments)).map(({ text }) => text);
  }
  wants(topic) {
    const segments = topicToSegments(topic);
    const only = this.only;
    for (const pattern of this.patterns) {
      if (!matchesSegments(pattern.segments, segments))
        continue;
      if (only === void 0)
        return true;
      if (only.values.has(segments[captureIndexOf(pattern, only.capture)] ?? ""))
        return true;
    }
    return false;
  }
};
function captureIndexOf(pattern, name) {
  const capture = pattern.captures.find((other) => other.name === name);
  if (capture === void 0) {
    throw new ClusterError("invalid-topic", `pattern ${pattern.text} does not capture {${name}}, which \`only\` names`);
  }
  if (pattern.segments.indexOf("**") !== -1 && pattern.segments.indexOf("**") < capture.index) {
    throw new ClusterError("invalid-topic", `pattern ${pattern.text} has ** before {${name}}, which \`only\` names`);
  }
  return capture.index;
}
function uniquePatterns(patterns) {
  if (patterns.length === 1)
    return patterns;
  const byText = /* @__PURE__ */ new Map();
  for (const pattern of patterns)
    if (!byText.has(pattern.text))
      byText.set(pattern.text, pattern);
  return [...byText.values()];
}

// dist/bus/bus-core.js
var BusCore = class {
  delivery;
  desk;
  #deps;
  #hooks;
  #outlet;
  #publisher;
  #faults = new Listeners();
  #undelivered = new Listeners();
  #subscribers = /* @__PURE__ */ new Set();
  #groups = /* @__PURE__ */ new Map();
  #host;
  #subscriberOwner;
  #responderOwner;
  #orders = 0;
  #stopped = false;
  constructor(deps, options, makeOutlet) {
    this.#deps = deps;
    this.#hooks = options.hooks ?? {};
    this.delivery = new LocalDelivery(deps.random);
    this.#outlet = makeOutlet?.(this);
    const shared = { ...deps, delivery: this.delivery, outlet: this.#outlet, hooks: this.#hooks };
    this.#publisher = new Publisher({ ...shared, checkValues: options.checkValues ?? false });
    this.desk = new RequestDesk(shared);
    this.#host = {
      clock: deps.clock,
      onFault: (fault) => this.#faults.tell(fault),
      onOverflow: (full, error) => {
        this.#close(full);
        this.#faults.tell({ subscription: full.id, error });
        full.onEnd?.(error);
      }
    };
    this.#subscriberOwner = {
      clock: deps.clock,
      whenKnown: (done) => this.#whenKnown(done),
      update: (subscriber, patterns, only) => this.#updateSubscriber(subscriber, patterns, only),
      stop: (subscriber) => this.#close(subscriber)
    };
    this.#responderOwner = {
      clock: deps.clock,
      whenKnown: (done) => this.#whenKnown(done),
      update: (responder, patterns, only) => this.#updateResponder(responder, patterns, only),
      stop: (responder) => this.#closeResponder(responder)
    };
  }
  publish(topic, value, options = noOptions) {
    if (this.#stopped)
      this.#refuseStopped();
    return this.#publisher.publish(topic, value, options);
  }
  broadcast(pattern, value, options = noOptions) {
    if (this.#stopped)
      this.#refuseStopped();
    return this.#publisher.broadcast(pattern, value, options);
  }
  publishMany(topic, values, options = noOptions) {
    let [local2, nodes, groups, dropped] = [0, 0, 0, 0];
    for (const value of values) {
      const receipt = this.publish(topic, value, options);
      local2 += receipt.local;
      nodes += receipt.nodes;
      groups += receipt.groups;
      dropped += receipt.dropped;
    }
    return { local: local2, nodes, groups, dropped };
  }
  async publishConfirmed(topic, value, options) {
    if (this.#stopped)
      this.#refuseStopped();
    const { clock, self } = this.#deps;
    return publishConfirmed(this.#publisher, { clock, self: self.name }, { topic, value }, options);
  }
  async publishFrom(topic, source, options = {}) {
    const publishOptions = toPublishOptions(options);
    return publishFrom({
      publish: (value) => this.publish(topic, value, publishOptions),
      hasRoom: () => this.#fullBlockers(topic).length === 0 && this.#outletHasRoom(topic),
      whenRoom: (run) => this.#whenRoom(topic, run)
    }, source, options);
  }
  subscribe(patterns, handler, options = noSubscribeOptions) {
    return this.#open(patterns, handler, options);
  }
  observe(patterns, options = {}) {
    return createObservable((...args) => this.#open(...args), patterns, options);
  }
  request(topic, value, options = noOptions) {
    return this.desk.request(topic, value, options);
  }
  requestMany(topic, value, options = noOptions) {
    return this.desk.requestMany(topic, value, options);
  }
  respond(patterns, handler, options = {}) {
    const { resolved, wanted, order } = this.#admit("respond", patterns, options);
    const responder = new Responder(handler, { options: resolved, order, wanted });
    this.#useGroup(resolved);
    this.desk.add(responder);
    if (resolved.broker)
      this.#outlet?.responding(responder);
    return new SubscriptionHandle(responder, this.#responderOwner);
  }
  onFault(listener) {
    return this.#faults.add(listener);
  }
  /** True when an access hook must be asked about each event. */
  get isGuarded() {
    return this.#hooks.allow !== void 0;
  }
  /** What the access hook says of something that came by a link. */
  isAllowed(request) {
    return this.#hooks.allow === void 0 || this.#hooks.allow(request);
  }
  onUndelivered(listener) {
    return this.#undelivered.add(listener);
  }
  /** Tells the program of events that will not arrive, or may not; for the way out. */
  tellUndelivered(undelivered) {
    this.#undelivered.tell(undelivered);
  }
  /** Reports a fault of a link or a peer; for the way out. */
  tellFault(fault) {
    this.#faults.tell(fault);
  }
  explain(topic) {
    const { topic: normal, match } = this.delivery.find(topic);
    const nodes = this.#outlet?.explain(normal) ?? [];
    return {
      topic: normal,
      node: this.#deps.self.name,
      subscriptions: explainSubscriptions(match, normal),
      nodes,
      groups: this.#publisher.explainGroups(normal),
      responders: this.desk.explain(normal)
    };
  }
  tap(pattern, options = {}) {
    const sample = options.sample ?? 1;
    if (!(sample >= 0 && sample <= 1))
      throw new ClusterError("invalid-options", "sample: it must be from 0 to 1");
    const random = this.#deps.random.fork("tap");
    return this.observe(pattern).pipe(filter(() => sample >= 1 || drawUnit(random) < sample));
  }
  subscriptions() {
    return this.subscribers().map((subscriber) => ({
      id: subscriber.id,
      patterns: subscriber.wanted.patterns.map(({ text }) => text),
      received: subscriber.received,
      handled: subscriber.handled,
      dropped: subscriber.dropped,
      failed: subscriber.failed,
      queued: subscriber.queued
    }));
  }
  /** The subscriptions themselves; for the way out. */
  subscribers() {
    return [...this.#subscribers];
  }
  /** Ends every subscription and refuses everything from now on. Idempotent. */
  end() {
    if (this.#stopped)
      return;
    this.#stopped = true;
    for (const subscriber of this.subscribers()) {
      this.#close(subscriber);
      subscriber.onEnd?.(void 0);
    }
    this.desk.stop();
  }
  #open(patterns, handler, options, onEnd) {
    const { resolved, wanted, order } = this.#admit("subscribe", patterns, options);
    if (this.#outlet !== void 0)
      assertLaneFits(resolved, wanted);
    this.#useGroup(resolved);
    const setup = { options: resolved, order, wanted, onEnd };
    const subscriber = new Subscriber(this.#host, this.#hookHandler(handler, resolved.id ?? String(order)), setup);
    this.#subscribers.add(subscriber);
    this.delivery.add(subscriber);
    if (resolved.broker)
      this.#outlet?.subscribed(subscriber);
    return new SubscriptionHandle(subscriber, this.#subscriberOwner);
  }
  #close(subscriber) {
    if (!this.#subscribers.delete(subscriber))
      return;
    this.delivery.remove(subscriber);
    if (subscriber.options.broker)
      this.#outlet?.unsubscribed(subscriber);
    this.#leaveGroup(subscriber.options);
    subscriber.stop();
  }
  #updateSubscriber(subscriber, patterns, only) {
    const before = subscriber.wanted;
    const wanted = this.#admitUpdate("subscribe", patterns, only);
    if (this.#outlet !== void 0)
      assertLaneFits(subscriber.options, wanted);
    this.delivery.update(subscriber, wanted);
    if (subscriber.options.broker)
      this.#outlet?.updated(subscriber, before);
  }
  #updateResponder(responder, patterns, only) {
    const before = responder.wanted;
    this.desk.update(responder, this.#admitUpdate("respond", patterns, only));
    if (responder.options.broker)
      this.#outlet?.responding(responder, before);
  }
  #closeResponder(responder) {
    this.desk.remove(responder);
    if (responder.options.broker)
      this.#outlet?.respondingEnded(responder);
    this.#leaveGroup(responder.options);
  }
  #hookHandler(handler, id) {
    const { onDeliver } = this.#hooks;
    if (onDeliver === void 0)
      return handler;
    return (event) => {
      const changed = onDeliver(event, id);
      return changed === void 0 ? void 0 : handler(changed);
    };
  }
  #admit(action, patterns, options) {
    if (this.#stopped)
      this.#refuseStopped();
    const order = this.#orders;
    this.#orders += 1;
    const wanted = createWanted(patterns, options.only);
    this.#checkAccess(action, wanted);
    return { resolved: resolveSubscribeOptions(options), wanted, order };
  }
  #admitUpdate(action, patterns, only) {
    const wanted = createWanted(patterns, only);
    this.#checkAccess(action, wanted);
    return wanted;
  }
  #checkAccess(action, wanted) {
    for (const { text } of wanted.patterns) {
      assertAllowed(this.#hooks, { action, topic: text, node: this.#deps.self.name });
    }
  }
  /** Counts a member in, or throws `group-conflict`. */
  #useGroup(options) {
    const { group } = options;
    if (group === void 0)
      return;
    const use = this.#groups.get(group.name) ?? { strategy: group.strategy, members: 0 };
    if (use.strategy !== group.strategy)
      throw groupConflict(group.name, group.strategy, use.strategy);
    if (options.broker)
      this.#outlet?.checkGroup(group.name, group.strategy);
    use.members += 1;
    this.#groups.set(group.name, use);
  }
  #leaveGroup(options) {
    const use = options.group === void 0 ? void 0 : this.#groups.get(options.group.name);
    if (use === void 0 || options.group === void 0)
      return;
    use.members -= 1;
    if (use.members === 0)
      this.#groups.delete(options.group.name);
  }
  #whenKnown(done) {
    if (this.#outlet !== void 0)
      return this.#outlet.whenKnown(done);
    done();
    return () => void 0;
  }
  #fullBlockers(topic) {
    const { plain } = this.delivery.find(topic).match.own;
    return plain.filter((subscriber) => subscriber.options.overflow === "block" && !subscriber.hasRoom);
  }
  #outletHasRoom(topic) {
    return this.#outlet === void 0 || this.#outlet.hasRoom(this.#outlet.find(this.delivery.find(topic).topic));
  }
  #whenRoom(topic, run) {
    const blocker = this.#fullBlockers(topic)[0];
    if (blocker !== void 0)
      blocker.whenRoom(run);
    else if (this.#outlet !== void 0)
      this.#outlet.whenRoom(this.#outlet.find(this.delivery.find(topic).topic), run);
    else
      run();
  }
  #refuseStopped() {
    throw new ClusterError("stopped", "the bus is stopped");
  }
};
function groupConflict(name, wanted, held) {
  return new ClusterError("group-conflict", `group ${name} has strategy ${held} here, not ${wanted}`);
}
function toPublishOptions(options) {
  const { key, headers, ttlMs } = options;
  return {
    ...key === void 0 ? {} : { key },
    ...headers === void 0 ? {} : { headers },
    ...ttlMs === void 0 ? {} : { ttlMs }
  };
}

// dist/bus/create-local-bus.js
function createLocalBus(deps, options = {}) {
  const core = new BusCore(deps, options);
  return Object.assign(core, { stop: () => core.end() });
}

// dist/cluster/rpc/contract.js
function call(options = {}) {
  return { kind: "call", options };
}
function stream(options = {}) {
  return { kind: "stream", options };
}
function channel(options = {}) {
  return { kind: "channel", options };
}
function oneWay(options = {}) {
  return { kind: "one-way", options };
}
function defineService(name, parts) {
  assert(isServiceWord(name), `a service name of letters, digits, ".", "_" and "-", not ${JSON.stringify(name)}`);
  assert(/^\d+\.\d+\.\d+/.test(parts.version), `a semantic version, not ${JSON.stringify(parts.version)}`);
  for (const method of Object.keys(parts.methods)) {
    assert(isServiceWord(method), `a method name of letters, digits, ".", "_" and "-", not ${JSON.stringify(method)}`);
  }
  return { name, version: parts.version, methods: parts.methods, description: describe(name, parts) };
}
function isServiceWord(word) {
  return word.length <= serviceNameBytesMax && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(word);
}
function majorOf(version) {
  return version.slice(0, Math.max(0, version.indexOf(".")));
}
function findIncompatibility(wanted, offered) {
  if (wanted.hash === offered.hash)
    return void 0;
  if (majorOf(wanted.version) !== majorOf(offered.version)) {
    return `version ${offered.version} is served, ${wanted.version} is wanted`;
  }
  for (const [name, method] of Object.entries(wanted.methods)) {
    const other = offered.methods[name];
    if (other === void 0)
      return `method ${name} is not served`;
    if (other.kind !== method.kind)
      return `method ${name} is a ${other.kind}, a ${method.kind} is wanted`;
    if (other.raw !== method.raw)
      return `method ${name} is ${other.raw ? "raw" : "not raw"} there`;
  }
  return void 0;
}
function describe(name, parts) {
  const methods = {};
  let hash = addHash(hashText(name), hashText(majorOf(parts.version)));
  for (const [method, { kind, options }] of Object.entries(parts.methods).toSorted(byName)) {
    const { idempotent = false, raw = false } = options;
    methods[method] = { kind, idempotent, raw };
    const schemas = `${vendorOf(options.input)} ${vendorOf(options.output)}`;
    hash = addHash(hash, hashText(`${method} ${kind} ${schemas} ${raw}`));
  }
  return { name, version: parts.version, methods, hash };
}
function isSchema(value) {
  if (value === null || typeof value !== "object" && typeof value !== "function")
    return false;
  return "~standard" in value && typeof value["~standard"] === "object";
}
function vendorOf(schema) {
  return isSchema(schema) ? schema["~standard"].vendor : "-";
}
function byName(left, right) {
  return left[0] < right[0] ? -1 : 1;
}

// dist/cluster/rpc/sources.js
function fromCredit(produce) {
  return { kind: "credit", produce };
}
function withOverflow(source, policy, queueMax = observableQueueMax) {
  assert(queueMax >= 1, "a queue of at least one item");
  return { kind: "lossy", source, policy, queueMax };
}
var observableQueueMax = 1024;

// dist/cluster/rpc/trace-calls.js
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
function traceCalls(tracer = trace.getTracer("scalebus")) {
  return {
    clientInterceptors: [
      (call2, next) => {
        if (call2.kind === "stream" || call2.kind === "channel")
          return next(call2);
        return inSpan(tracer, { ...call2, kind: SpanKind.CLIENT }, () => next(call2));
      }
    ],
    serverInterceptors: [
      (input, { service, method }, next) => inSpan(tracer, { service, method, kind: SpanKind.SERVER }, () => next(input))
    ]
  };
}
function inSpan(tracer, { service, method, kind }, run) {
  const attributes = { "rpc.system": "scalebus", "rpc.service": service, "rpc.method": method };
  return tracer.startActiveSpan(`${service}/${method}`, { kind, attributes }, (span) => {
    try {
      const result = run();
      if (!(result instanceof Promise)) {
        span.end();
        return result;
      }
      return result.then((value) => {
        span.end();
        return value;
      }, (error) => {
        fail2(span, error);
        throw error;
      });
    } catch (error) {
      fail2(span, error);
      throw error;
    }
  });
}
function fail2(span, error) {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  if (error instanceof ClusterError)
    span.setAttribute("error.type", error.code);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}

// dist/core/version.js
var packageVersion = "0.1.0";

// dist/core/ids.js
function nodeKey(node) {
  return `${node.name}@${node.epoch}`;
}
function isSameNode(left, right) {
  return left.epoch === right.epoch && left.name === right.name;
}
var namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
function isNodeName(name) {
  return namePattern.test(name);
}

// dist/cluster/link/hello-message.js
function encodeHello(kind, message) {
  const writer2 = begin(kind);
  field(writer2, 1, textToBytes(message.name));
  field(writer2, 2, u64(message.epoch));
  field(writer2, 3, Uint8Array.of(message.role === "peer" ? 0 : 1));
  field(writer2, 4, Uint8Array.of(message.purpose === "link" ? 0 : 1));
  field(writer2, 5, textToBytes(message.address));
  field(writer2, 6, Uint8Array.of(message.wireMin, message.wireMax));
  for (const capability of message.capabilities)
    field(writer2, 7, textToBytes(capability));
  field(writer2, 8, message.nonce);
  if (message.insists)
    field(writer2, 9, emptyBytes);
  if (message.wanted !== "")
    field(writer2, 10, textToBytes(message.wanted));
  return writer2.take();
}
function withProof(message, proof) {
  const writer2 = new ByteWriter(message.length + proofFieldBytes);
  writer2.bytes(message);
  field(writer2, 11, proof);
  return writer2.take();
}
function splitProof(bytes) {
  const at = bytes.length - proofFieldBytes;
  if (at < 2 || bytes[at] !== 11 || bytes[at + 1] !== proofBytes)
    return void 0;
  return { body: bytes.subarray(0, at), proof: bytes.subarray(at + 2) };
}
function encodeProof() {
  return begin("proof").take();
}
function encodeWelcome() {
  return begin("welcome").take();
}
function decodeHello(bytes) {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const kind = helloKinds[reader.u8()];
  if (!reader.ok || version !== helloVersion || kind === void 0)
    return void 0;
  const message = readFields(reader);
  const isWho = kind === "hello" || kind === "challenge";
  const isValid = !isWho || message !== void 0 && isNodeName(message.name) && message.nonce.length === nonceBytes;
  return message !== void 0 && isValid ? { kind, message } : void 0;
}
function prove(secrets, key, side, said) {
  const writer2 = new ByteWriter(1024);
  writer2.text(`scalebus link ${side}`);
  writer2.block(said.hello);
  writer2.block(said.challenge);
  return secrets.hmac(key, writer2.view());
}
function isProof(secrets, keys, side, said) {
  const all = keys.length === 0 ? [emptyBytes] : keys;
  return all.filter((key) => secrets.isEqual(prove(secrets, key, side, said), said.proof)).length > 0;
}
var nonceBytes = 16;
function begin(kind) {
  const writer2 = new ByteWriter(256);
  writer2.u8(helloVersion);
  writer2.u8(helloKinds.indexOf(kind));
  return writer2;
}
function field(writer2, tag, value) {
  writer2.u8(tag);
  writer2.block(value);
}
function u64(value) {
  const writer2 = new ByteWriter(8);
  writer2.u64(value);
  return writer2.take();
}
function readFields(reader) {
  const fields = /* @__PURE__ */ new Map();
  const capabilities = [];
  while (reader.remaining > 0) {
    const tag = reader.u8();
    const value = reader.block(fieldBytesMax);
    if (!reader.ok)
      return void 0;
    if (tag === 7 && capabilities.length < capabilitiesMax)
      capabilities.push(bytesToText(value));
    else
      fields.set(tag, value);
  }
  return toMessage(fields, capabilities);
}
function toMessage(fields, capabilities) {
  const get = (tag) => fields.get(tag) ?? emptyBytes;
  const short = (tag) => get(tag).length > nodeNameBytesMax ? "" : bytesToText(get(tag));
  return {
    name: short(1),
    epoch: new ByteReader(get(2)).u64(),
    role: get(3)[0] === 0 ? "peer" : "guest",
    purpose: get(4)[0] === 0 ? "link" : "exchange",
    address: bytesToText(get(5)),
    wireMin: get(6)[0] ?? 0,
    wireMax: get(6)[1] ?? 0,
    capabilities,
    nonce: get(8).slice(),
    insists: fields.has(9),
    wanted: short(10)
  };
}
var helloVersion = 1;
var helloKinds = ["hello", "challenge", "proof", "welcome"];
var proofBytes = 32;
var proofFieldBytes = proofBytes + 2;
var fieldBytesMax = 1024;
var capabilitiesMax = 64;

// dist/cluster/link/stream-kinds.js
var kindBytes = { rpc: 1, bus: 2, table: 3, swim: 4 };
var helloByte = 0;
function findKind(byte) {
  return kinds[byte];
}
var linkMime = "application/x.scalebus-link";
var compositeMime = "message/x.rsocket.composite-metadata.v0";
var bytesMime = "application/octet-stream";
var kinds = [void 0, "rpc", "bus", "table", "swim"];

// dist/cluster/link/hello-dialer.js
var HelloDialer = class {
  #link;
  #secrets;
  #options;
  #done;
  #wanted;
  #hello;
  #self;
  #isDone = false;
  constructor(deps, intent, link, done) {
    this.#link = link;
    this.#secrets = deps.secrets;
    this.#options = deps.options;
    this.#self = deps.self;
    this.#done = done;
    this.#wanted = intent.wanted;
    this.#hello = encodeHello("hello", { ...introduce(deps), ...intent });
  }
  start() {
    this.#ask(this.#hello, (answer) => this.#onChallenge(answer));
  }
  /** The connection ended, or time is up. */
  fail(why) {
    this.#settle({ kind: "refused", why });
  }
  #onChallenge(answer) {
    const parts = splitProof(answer);
    const decoded = decodeHello(answer);
    if (parts === void 0 || decoded?.kind !== "challenge") {
      this.fail("malformed");
      return;
    }
    const said = { hello: this.#hello, challenge: parts.body };
    const { message } = decoded;
    const version = commonVersion(message, this.#options.wireVersions);
    if (!isProof(this.#secrets, this.#options.keys, "acceptor", { ...said, proof: parts.proof })) {
      this.fail("unauthorized");
    } else if (!mayBe(this.#link.connection.certificate, message.name, this.#options)) {
      this.fail("unauthorized");
    } else if (message.name === this.#self.name || this.#wanted !== "" && message.name !== this.#wanted) {
      this.fail("wrong-name");
    } else if (version === void 0) {
      this.fail("incompatible");
    } else {
      const key = this.#options.keys[0] ?? emptyBytes;
      const proof = withProof(encodeProof(), prove(this.#secrets, key, "dialer", said));
      const peer = toPeer(message, version, this.#options.capabilities);
      this.#ask(proof, () => this.#settle({ kind: "welcome", peer }));
    }
  }
  #ask(data, next) {
    const request = { kind: "rpc", interaction: "response", metadata: emptyBytes, data, credit: 1 };
    const opened = this.#link.openEarly(helloByte, request, new AnswerSink(next, (why) => this.fail(why)));
    if (typeof opened === "string")
      this.fail("closed");
  }
  #settle(outcome) {
    if (this.#isDone)
      return;
    this.#isDone = true;
    this.#done(outcome);
  }
};
function introduce(deps) {
  return {
    ...deps.self,
    purpose: "link",
    wireMin: deps.options.wireVersions.min,
    wireMax: deps.options.wireVersions.max,
    capabilities: deps.options.capabilities,
    nonce: deps.secrets.randomBytes(nonceBytes),
    insists: false,
    wanted: ""
  };
}
function commonVersion(message, own) {
  const highest = Math.min(message.wireMax, own.max);
  return highest >= Math.max(message.wireMin, own.min) ? highest : void 0;
}
function mayBe(certificate, name, options) {
  const { checkCertificate } = options;
  return checkCertificate === void 0 || certificate !== void 0 && checkCertificate(certificate, name);
}
function toPeer(message, version, ours) {
  return {
    name: message.name,
    epoch: message.epoch,
    role: message.role,
    address: message.address,
    wireVersion: version,
    capabilities: new Set(message.capabilities.filter((capability) => ours.includes(capability)))
  };
}
var AnswerSink = class {
  #next;
  #fail;
  #answer;
  constructor(next, fail4) {
    this.#next = next;
    this.#fail = fail4;
  }
  onNext(payload) {
    this.#answer = payload.data().slice();
  }
  onComplete() {
    if (this.#answer === void 0)
      this.#fail("malformed");
    else
      this.#next(this.#answer);
  }
  onFail(fault) {
    const word = fault.kind === "remote" ? bytesToText(fault.data) : "closed";
    this.#fail(refusals.find((known) => known === word) ?? "closed");
  }
  onCredit() {
  }
  onCancel() {
  }
};
var refusals = [
  "unauthorized",
  "incompatible",
  "duplicate",
  "stale",
  "name-taken",
  "wrong-name",
  "full",
  "leaving",
  "malformed",
  "closed"
];

// dist/cluster/link/dial.js
var Dial = class {
  #deps;
  #intent;
  #done;
  #link;
  #cancelTimer;
  #isOver = false;
  constructor(deps, intent, done) {
    this.#deps = deps;
    this.#intent = intent;
    this.#done = done;
  }
  start(addressText, timeoutMs) {
    const address = toAddress(addressText);
    if (address === void 0) {
      this.#deps.clock.afterTurn(() => this.#settle({ kind: "unreachable", fault: "failed" }));
      return;
    }
    this.#deps.hub.metrics.count("dialed");
    this.#deps.connections.dial(address, { timeoutMs }).then((connection) => this.#onConnected(connection), (error) => this.#settle({ kind: "unreachable", fault: toFault(error) }));
  }
  /** Nobody waits any more: nothing is told, and what was opened is closed. */
  cancel() {
    if (this.#isOver)
      return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#link?.close("closed");
  }
  #onConnected(connection) {
    if (this.#isOver) {
      connection.destroy();
      return;
    }
    const { hub, clock, hello } = this.#deps;
    const link = hub.create(connection, true);
    this.#link = link;
    this.#cancelTimer = clock.setTimer(after(clock.now(), hello.options.helloTimeoutMs), () => {
      hub.metrics.count("hello-timeout");
      link.close("silent");
    });
    new HelloDialer(hello, this.#intent, link, (outcome) => this.#onHello(link, outcome)).start();
  }
  #onHello(link, outcome) {
    if (outcome.kind === "welcome") {
      this.#settle({ kind: "welcome", link, peer: outcome.peer });
      return;
    }
    this.#deps.hub.metrics.count(outcome.why === "duplicate" ? "duplicate" : "refused-hello");
    link.close("closed");
    this.#settle(outcome);
  }
  #settle(outcome) {
    if (this.#isOver)
      return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#done(outcome);
  }
};
function toAddress(text) {
  return text.startsWith("/") ? { host: text.replace(/:\d+$/, ""), port: 0 } : findAddress(text);
}
function toFault(error) {
  const details = error instanceof ClusterError ? error.details : void 0;
  return details === "refused" || details === "silent" ? details : "failed";
}

// dist/cluster/link/exchanger.js
var Exchanger = class {
  #hub;
  #clock;
  #dialDeps;
  #options;
  #open = /* @__PURE__ */ new Set();
  constructor(dialDeps, options) {
    this.#hub = dialDeps.hub;
    this.#clock = dialDeps.clock;
    this.#dialDeps = dialDeps;
    this.#options = options;
  }
  exchange(request, done) {
    let cleanup = doNothing2;
    const settle = (answer) => {
      if (!this.#open.delete(stop))
        return;
      cancelTimer();
      cleanup();
      this.#hub.metrics.count(answer === void 0 ? "exchange-failed" : "exchange");
      done(answer);
    };
    const stop = () => settle(void 0);
    this.#open.add(stop);
    const cancelTimer = this.#clock.setTimer(after(this.#clock.now(), request.timeoutMs), stop);
    const link = this.#findLink(request);
    if (link !== void 0) {
      if (!ask(link, request, settle))
        this.#clock.afterTurn(stop);
      return;
    }
    if (this.#open.size > this.#options.exchangesMax) {
      this.#clock.afterTurn(stop);
      return;
    }
    const intent = { purpose: "exchange", insists: false, wanted: request.name ?? "" };
    const dial = new Dial(this.#dialDeps, intent, (outcome) => {
      if (outcome.kind !== "welcome") {
        stop();
        return;
      }
      cleanup = () => outcome.link.close("closed");
      this.#hub.raise(outcome.link, outcome.peer, false);
      if (!ask(outcome.link, request, settle))
        stop();
    });
    cleanup = () => dial.cancel();
    dial.start(request.address, Math.min(request.timeoutMs, this.#options.dialTimeoutMs));
  }
  /** Ends every exchange without an answer. */
  stop() {
    for (const stop of this.#open)
      stop();
  }
  #findLink(request) {
    if (request.name !== void 0)
      return this.#hub.findLink(request.name);
    return this.#hub.links().find((link) => link.peer.address === request.address && link.peer.role === "peer");
  }
};
function doNothing2() {
}
function ask(link, request, done) {
  let answer;
  const sink = {
    onNext: (payload) => {
      answer = payload.data().slice();
    },
    onComplete: () => done(answer),
    onFail: () => done(void 0),
    onCredit: () => void 0,
    onCancel: () => void 0
  };
  const { kind, data } = request;
  const stream2 = link.open({ kind, interaction: "response", metadata: emptyBytes, data, credit: 1 }, sink);
  return typeof stream2 !== "string";
}

// dist/cluster/link/idle.js
var Idle = class {
  #clock;
  #isIdle;
  #waiting = /* @__PURE__ */ new Set();
  constructor(clock, isIdle) {
    this.#clock = clock;
    this.#isIdle = isIdle;
  }
  /** Resolves true when no stream of these kinds is open, false after `timeoutMs`. */
  wait(timeoutMs, kinds3) {
    return this.#until(() => this.#isIdle(kinds3), timeoutMs);
  }
  /** Resolves when the condition holds, or false after the time that a connection takes to end at most. */
  ended(condition) {
    return this.#until(condition, endingMaxMs);
  }
  check() {
    if (this.#waiting.size === 0)
      return;
    for (const waiter of this.#waiting)
      if (waiter())
        this.#waiting.delete(waiter);
  }
  #until(condition, timeoutMs) {
    if (condition())
      return Promise.resolve(true);
    return new Promise((resolve2) => {
      const cancel = this.#clock.setTimer(after(this.#clock.now(), timeoutMs), () => {
        this.#waiting.delete(waiter);
        resolve2(condition());
      });
      const waiter = () => {
        if (!condition())
          return false;
        cancel();
        resolve2(true);
        return true;
      };
      this.#waiting.add(waiter);
    });
  }
};
var endingMaxMs = 5e3;

// dist/spi/links.js
var streamErrorCodes = {
  /** The handler failed: it ran. */
  applicationError: 513,
  /** Refused before it ran: safe to retry elsewhere. */
  rejected: 514,
  /** Cancelled by the responder; it may have run. */
  canceled: 515,
  /** Malformed for this responder; it did not run. */
  invalid: 516
};

// dist/protocol/rsocket/send-buffer.js
var SendBuffer = class {
  #target;
  #pool;
  #lent = [];
  #handedBytes = 0;
  #start = 0;
  #at = 0;
  /** The slab that `reserve` gives offsets in; read it after `reserve`, never before. */
  slab;
  constructor(target, pool) {
    this.#target = target;
    this.#pool = pool;
    this.slab = pool.take();
  }
  /** Everything encoded so far, handed over or not. */
  get encodedBytes() {
    return this.#handedBytes + this.#at - this.#start;
  }
  /** Everything that the connection was given so far. */
  get handedBytes() {
    return this.#handedBytes;
  }
  /** Encoded or handed over, and not yet taken by the operating system. */
  get waitingBytes() {
    return this.#target.bufferedBytes + this.#at - this.#start;
  }
  get isEmpty() {
    return this.#at === this.#start;
  }
  /** Returns an offset in `slab` with room for `byteCount`, at most half a slab; the caller MUST fill all of it. */
  reserve(byteCount) {
    if (this.#at - this.#start >= flushBytes)
      this.flush();
    if (this.#at + byteCount > this.slab.length)
      this.#makeRoom();
    const at = this.#at;
    this.#at = at + byteCount;
    return at;
  }
  /** Hands over what is encoded, then `bytes` by reference. */
  pass(bytes) {
    this.flush();
    this.#handedBytes += bytes.length;
    this.#target.write(bytes);
  }
  /** Hands over what is encoded. */
  flush() {
    if (this.#at === this.#start)
      return;
    const bytes = this.slab.subarray(this.#start, this.#at);
    this.#handedBytes += bytes.length;
    this.#start = this.#at;
    this.#target.write(bytes);
    if (this.#target.bufferedBytes === 0)
      this.drained();
  }
  /** The connection gave everything back. */
  drained() {
    for (const slab of this.#lent)
      this.#pool.give(slab);
    if (this.#lent.length > 0)
      this.#lent = [];
    if (this.#at !== this.#start)
      return;
    this.#start = 0;
    this.#at = 0;
  }
  /** Forgets what was not handed over. The connection may still own slabs, so none goes back to the pool. */
  clear() {
    this.#lent = [];
    this.#at = this.#start;
  }
  #makeRoom() {
    this.flush();
    if (this.#start === 0)
      return;
    this.#lent.push(this.slab);
    this.slab = this.#pool.take();
    this.#start = 0;
    this.#at = 0;
  }
};
var flushBytes = 16384;
var SlabPool = class {
  slabBytes;
  #spareMax;
  #spare = [];
  constructor(slabBytes = 65536, spareMax = 64) {
    this.slabBytes = slabBytes;
    this.#spareMax = spareMax;
  }
  take() {
    return this.#spare.pop() ?? new Uint8Array(this.slabBytes);
  }
  give(slab) {
    if (this.#spare.length < this.#spareMax)
      this.#spare.push(slab);
  }
};

// dist/protocol/rsocket/frame.js
var typeSetup = 1;
var typeLease = 2;
var typeKeepAlive = 3;
var typeRequestResponse = 4;
var typeRequestFnf = 5;
var typeRequestStream = 6;
var typeRequestChannel = 7;
var typeRequestN = 8;
var typeCancel = 9;
var typePayload = 10;
var typeError = 11;
var typeMetadataPush = 12;
var typeResume = 13;
var typeResumeOk = 14;
var flagIgnore = 512;
var flagMetadata = 256;
var flagFollows = 128;
var flagResume = 128;
var flagRespond = 128;
var flagComplete = 64;
var flagLease = 64;
var flagNext = 32;
var prefixBytes = 9;
var headerBytes = 6;
var metadataLengthBytes = 3;
var int31Max = 2147483647;
var connectionErrorCodes = {
  invalidSetup: 1,
  unsupportedSetup: 2,
  rejectedSetup: 3,
  rejectedResume: 4,
  connectionError: 257,
  connectionClose: 258
};
function writePrefix(bytes, at, frameBytes, streamId, typeAndFlags) {
  bytes[at] = frameBytes >>> 16;
  bytes[at + 1] = frameBytes >>> 8;
  bytes[at + 2] = frameBytes;
  bytes[at + 3] = streamId >>> 24;
  bytes[at + 4] = streamId >>> 16;
  bytes[at + 5] = streamId >>> 8;
  bytes[at + 6] = streamId;
  bytes[at + 7] = typeAndFlags >>> 8;
  bytes[at + 8] = typeAndFlags;
  return at + prefixBytes;
}
function writeU24(bytes, at, value) {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
  return at + 3;
}
function writeU32(bytes, at, value) {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
function writeBytes(bytes, at, source) {
  const length = source.length;
  if (length > 8)
    bytes.set(source, at);
  else
    for (let index = 0; index < length; index += 1)
      bytes[at + index] = source[index] ?? 0;
  return at + length;
}
function readU24(bytes, at) {
  return (bytes[at] ?? 0) << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
}
function readI32(bytes, at) {
  return (bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 | (bytes[at + 3] ?? 0);
}

// dist/protocol/rsocket/stream.js
var RsocketStream = class {
  id;
  interaction;
  isRequester;
  /** What the owner of the connection marks it with: the kind byte. */
  tag = 0;
  sink = deafSink;
  /** Items that the peer allows. */
  sendCredit = 0;
  /** Items that the peer may still send. */
  granted = 0;
  isSending = false;
  isReceiving = false;
  /** Fragments of a payload that is coming in. */
  assembly;
  /** Payloads too long for the slab, and what must follow them, in order. */
  longPayloads;
  /** The request is on the wire as far as this count of encoded bytes; infinite until all of it is encoded. */
  requestEnd = 0;
  /** In the engine's table. */
  isListed = false;
  /** In the engine's list of streams that were shown credit 0 for a full buffer. */
  isWaiting = false;
  #host;
  constructor(host, id, interaction, isRequester) {
    this.#host = host;
    this.id = id;
    this.interaction = interaction;
    this.isRequester = isRequester;
  }
  get link() {
    return this.#host.link;
  }
  get stream() {
    return this;
  }
  get payload() {
    return this.#host.view;
  }
  get metadataForm() {
    return this.#host.metadataForm;
  }
  get isOpen() {
    return this.isSending || this.isReceiving;
  }
  get credit() {
    if (!this.isSending || this.sendCredit === 0)
      return 0;
    if (this.interaction === "response")
      return this.sendCredit;
    if (!this.#host.isChoked && this.longPayloads === void 0)
      return this.sendCredit;
    this.#host.waitForCredit(this);
    return 0;
  }
  next(metadata, data) {
    this.#send(this.interaction === "response" ? flagNext | flagComplete : flagNext, metadata, data);
  }
  nextAndComplete(metadata, data) {
    this.#send(flagNext | flagComplete, metadata, data);
  }
  complete() {
    if (!this.isSending)
      return;
    this.isSending = false;
    this.#host.sendPayload(this, flagComplete, emptyBytes, emptyBytes);
    this.#host.releaseIfDone(this);
  }
  fail(code, data) {
    if (!this.isOpen)
      return;
    if (this.isRequester && this.interaction !== "channel") {
      this.cancel();
      return;
    }
    this.end();
    this.#host.sendError(this, code, data);
  }
  request(count) {
    if (!this.isReceiving || count < 1 || this.interaction === "response")
      return;
    const more = Math.min(Math.floor(count), int31Max - this.granted);
    if (more < 1)
      return;
    this.granted += more;
    this.#host.sendRequestN(this, more);
  }
  cancel() {
    if (this.isRequester) {
      if (!this.isOpen)
        return;
      this.end();
      this.#host.sendCancel(this);
    } else if (this.isReceiving) {
      this.isReceiving = false;
      this.#host.dropAssembly(this);
      this.#host.sendCancel(this);
      this.#host.releaseIfDone(this);
    }
  }
  /** A whole payload came. */
  onPayload(flags, payload) {
    if (!this.isReceiving) {
      this.#host.counters.late += 1;
      return;
    }
    const isLast = (flags & flagComplete) !== 0 || this.interaction === "response";
    if ((flags & flagNext) === 0) {
      if (isLast)
        this.onRemoteComplete();
      else
        this.#host.counters.ignored += 1;
      return;
    }
    if (this.granted === 0) {
      this.#exceeded();
      return;
    }
    this.granted -= 1;
    if (isLast) {
      this.isReceiving = false;
      this.#host.releaseIfDone(this);
    }
    try {
      this.sink.onNext(payload);
      if (isLast)
        this.sink.onComplete();
    } catch (error) {
      this.#caught(error);
    }
  }
  /** The peer ended its direction. */
  onRemoteComplete() {
    this.isReceiving = false;
    this.#host.releaseIfDone(this);
    try {
      this.sink.onComplete();
    } catch (error) {
      this.#caught(error);
    }
  }
  /** The peer ended both directions. */
  onError(code, data) {
    this.end();
    this.#tellFault({ kind: "remote", code, data });
  }
  /** The peer wants no more. */
  onCancel() {
    if (this.isRequester && this.interaction !== "channel") {
      this.#host.counters.ignored += 1;
      return;
    }
    if (this.isRequester) {
      this.isSending = false;
      this.#host.dropPayloads(this);
      this.#host.releaseIfDone(this);
    } else {
      this.end();
    }
    try {
      this.sink.onCancel();
    } catch (error) {
      this.#caught(error);
    }
  }
  /** The peer allows more. */
  onRequestN(count) {
    if (!this.isSending || this.interaction === "response")
      return;
    const before = this.sendCredit;
    this.sendCredit = Math.min(before + count, int31Max);
    if (before === 0)
      this.tellCredit();
  }
  /** Credit went from 0 to more. */
  tellCredit() {
    if (this.credit === 0)
      return;
    try {
      this.sink.onCredit();
    } catch (error) {
      this.#caught(error);
    }
  }
  /** The connection is gone. */
  onLinkEnd(reason, written) {
    this.end();
    this.#tellFault({ kind: "link", reason, written });
  }
  /** Ends both directions without a word. */
  end() {
    this.isSending = false;
    this.isReceiving = false;
    this.#host.release(this);
  }
  /** Ends the stream for a fault of the peer on this stream alone, and says so on both sides. */
  refuse(code, text) {
    const data = textToBytes(text);
    this.end();
    if (this.isRequester)
      this.#host.sendCancel(this);
    else
      this.#host.sendError(this, code, data);
    this.#tellFault({ kind: "remote", code, data });
  }
  #send(flags, metadata, data) {
    if (!this.isSending)
      return;
    assert(this.sendCredit > 0, "credit above 0 before an item is sent");
    this.sendCredit -= 1;
    if ((flags & flagComplete) !== 0)
      this.isSending = false;
    this.#host.sendPayload(this, flags, metadata, data);
    if (!this.isSending)
      this.#host.releaseIfDone(this);
  }
  #exceeded() {
    this.#host.counters.overCredit += 1;
    this.refuse(streamErrorCodes.invalid, "more items than were requested");
  }
  #tellFault(fault) {
    try {
      this.sink.onFail(fault);
    } catch (error) {
      this.#caught(error);
    }
  }
  /** A callback of the owner threw: this stream ends, the connection and its other streams do not. */
  #caught(error) {
    this.#host.caught(error);
    if (this.isOpen)
      this.fail(streamErrorCodes.applicationError, callbackFailed);
  }
};
function newCounters() {
  return {
    malformed: 0,
    late: 0,
    ignored: 0,
    unknown: 0,
    refused: 0,
    overCredit: 0,
    oversize: 0,
    callbackFailures: 0
  };
}
var deafSink = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};
var callbackFailed = textToBytes("a callback failed");

// dist/core/payload-view.js
var PayloadView = class _PayloadView {
  bytes = emptyBytes;
  metadataStart = 0;
  metadataEnd = 0;
  dataStart = 0;
  dataEnd = 0;
  /** The bytes are nobody else's and stay as they are: the receiver may keep them without a copy. */
  isOwned = false;
  /** Points the view at another payload. Returns itself. */
  set(bytes, metadataStart, dataStart, dataEnd) {
    this.isOwned = false;
    this.bytes = bytes;
    this.metadataStart = metadataStart;
    this.metadataEnd = dataStart;
    this.dataStart = dataStart;
    this.dataEnd = dataEnd;
    return this;
  }
  /** Points the view at metadata and data that lie in two places, by joining them. For tests and cold paths. */
  static of(metadata, data) {
    const bytes = new Uint8Array(metadata.length + data.length);
    bytes.set(metadata);
    bytes.set(data, metadata.length);
    return new _PayloadView().set(bytes, 0, metadata.length, bytes.length);
  }
  /** A subarray of the metadata; costs an object. */
  metadata() {
    return this.bytes.subarray(this.metadataStart, this.metadataEnd);
  }
  /** A subarray of the data; costs an object. */
  data() {
    return this.bytes.subarray(this.dataStart, this.dataEnd);
  }
  get metadataLength() {
    return this.metadataEnd - this.metadataStart;
  }
  get dataLength() {
    return this.dataEnd - this.dataStart;
  }
};

// dist/protocol/rsocket/frame-reader.js
var FrameReader = class {
  /** Longest frame that is accepted; the owner raises it when it trusts the peer more. */
  frameMaxBytes;
  #scratch = emptyBytes;
  #partial = emptyBytes;
  /** Bytes of the cut frame that are there, length field included. */
  #have = 0;
  #held = [];
  #heldBytes = 0;
  #state = "reading";
  constructor(frameMaxBytes) {
    this.frameMaxBytes = frameMaxBytes;
  }
  /** Reads a chunk. The bytes given to `out` are lent for the call. */
  read(chunk, out) {
    if (this.#state === "reading")
      this.#keep(chunk, this.#readWhole(chunk, this.#finishPartial(chunk, out), out), out);
    else if (this.#state === "held")
      this.#hold(chunk, out);
  }
  /** Tells no more frames until `release`; bytes that come meanwhile are copied, up to `frameMaxBytes`. */
  hold() {
    if (this.#state === "reading")
      this.#state = "held";
  }
  /** Goes on with what was held. */
  release(out) {
    if (this.#state !== "held")
      return;
    this.#state = "reading";
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const chunk of held)
      this.read(chunk, out);
  }
  /** Reads nothing any more. */
  stop() {
    this.#state = "stopped";
    this.#held = [];
    this.#partial = emptyBytes;
    this.#scratch = emptyBytes;
  }
  /** Reads frames that lie whole in the chunk; returns the offset behind the last one. */
  #readWhole(chunk, start, out) {
    const end = chunk.length;
    let at = start;
    while (end - at >= 3 && this.#state === "reading") {
      const length = readU24(chunk, at);
      const next = at + 3 + length;
      if (next > end)
        break;
      if (length > this.frameMaxBytes) {
        this.#refuse(length, out);
        break;
      }
      at = next;
      out.onFrame(chunk, next - length, next);
    }
    return at;
  }
  /** Completes the frame that the last chunk cut; returns the offset behind it. */
  #finishPartial(chunk, out) {
    if (this.#have === 0)
      return 0;
    let at = 0;
    while (this.#have < 3 && at < chunk.length)
      this.#partial[this.#have++] = chunk[at++] ?? 0;
    if (this.#have < 3)
      return at;
    const length = readU24(this.#partial, 0);
    if (!this.#fits(length, out))
      return at;
    const part = Math.min(length + 3 - this.#have, chunk.length - at);
    this.#partial.set(at === 0 && part === chunk.length ? chunk : chunk.subarray(at, at + part), this.#have);
    this.#have += part;
    if (this.#have === length + 3) {
      const whole = this.#partial;
      this.#partial = emptyBytes;
      this.#have = 0;
      out.onFrame(whole, 3, length + 3);
    }
    return at + part;
  }
  /** Keeps the cut frame at the end of the chunk. */
  #keep(chunk, at, out) {
    if (at >= chunk.length)
      return;
    const rest = chunk.subarray(at);
    if (this.#state === "held") {
      this.#hold(rest, out);
      return;
    }
    if (this.#state === "stopped")
      return;
    this.#usePartial(scratchBytes);
    if (rest.length >= 3 && !this.#fits(readU24(rest, 0), out))
      return;
    this.#partial.set(rest, 0);
    this.#have = rest.length;
  }
  /** Makes `#partial` long enough for a frame of `length`, or refuses it. */
  #fits(length, out) {
    if (length > this.frameMaxBytes) {
      this.#refuse(length, out);
      return false;
    }
    if (this.#partial.length >= length + 3)
      return true;
    const needed = length + 3;
    const longer = new Uint8Array(needed > scratchMaxBytes ? needed : Math.min(scratchMaxBytes, needed * 2));
    longer.set(this.#partial.subarray(0, this.#have));
    this.#partial = longer;
    if (needed <= scratchMaxBytes)
      this.#scratch = longer;
    return true;
  }
  #usePartial(byteCount) {
    if (this.#scratch.length === 0)
      this.#scratch = new Uint8Array(byteCount);
    this.#partial = this.#scratch;
  }
  #hold(chunk, out) {
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > this.frameMaxBytes) {
      this.#refuse(this.#heldBytes, out);
      return;
    }
    this.#held.push(chunk.slice());
  }
  #refuse(length, out) {
    this.stop();
    out.onOversize(length);
  }
};
var scratchBytes = 4096;
var scratchMaxBytes = 67584;

// dist/protocol/rsocket/assembly.js
var Assembly = class {
  #pool;
  #chunks = [];
  /** Bytes used of the last chunk. */
  #used = 0;
  #metadataBytes = 0;
  #length = 0;
  /** Flags of all fragments so far. */
  flags;
  /** The request type that the fragments belong to; PAYLOAD for an item. */
  type = typePayload;
  constructor(pool, flags) {
    this.#pool = pool;
    this.flags = flags;
  }
  get length() {
    return this.#length;
  }
  /** Adds a fragment; false when metadata comes after data, which no sender may do. The caller checked the limits. */
  add(fragment) {
    if (fragment.metadataLength > 0 && this.#length > this.#metadataBytes)
      return false;
    this.#append(fragment.bytes, fragment.metadataStart, fragment.metadataEnd);
    this.#metadataBytes += fragment.metadataLength;
    this.#append(fragment.bytes, fragment.dataStart, fragment.dataEnd);
    return true;
  }
  /** Points the view at the whole payload, whose bytes are its receiver's to keep. Called once, at the end. */
  show(view) {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      const rest = this.#length - at;
      whole.set(rest < chunk.length ? chunk.subarray(0, rest) : chunk, at);
      at += chunk.length;
    }
    this.drop();
    view.set(whole, 0, this.#metadataBytes, this.#length);
    view.isOwned = true;
    return view;
  }
  /** Gives the chunks back. */
  drop() {
    for (const chunk of this.#chunks)
      if (chunk.length === this.#pool.slabBytes)
        this.#pool.give(chunk);
    this.#chunks = [];
    this.#used = 0;
  }
  #append(source, start, end) {
    for (let at = start; at < end; ) {
      let chunk = this.#chunks.at(-1);
      if (chunk === void 0 || this.#used === chunk.length) {
        chunk = this.#takeChunk(end - at);
        this.#chunks.push(chunk);
        this.#used = 0;
      }
      const part = Math.min(end - at, chunk.length - this.#used);
      chunk.set(source.subarray(at, at + part), this.#used);
      this.#used += part;
      this.#length += part;
      at += part;
    }
  }
  #takeChunk(neededBytes) {
    const { slabBytes } = this.#pool;
    const bytes = Math.min(slabBytes, Math.max(chunkMinBytes, this.#length, neededBytes * 2));
    return bytes === slabBytes ? this.#pool.take() : new Uint8Array(bytes);
  }
};
var chunkMinBytes = 1024;

// dist/protocol/rsocket/assemblies.js
var Assemblies = class {
  #options;
  #pool;
  #bytes = 0;
  constructor(options, pool) {
    this.#options = options;
    this.#pool = pool;
  }
  /** Bytes held. */
  get bytes() {
    return this.#bytes;
  }
  /** Adds a fragment. `'too-large'` and `'malformed'` leave the stream's payload as it was: the caller ends the stream. */
  add(stream2, flags, fragment) {
    const byteCount = fragment.dataEnd - fragment.metadataStart;
    const length = (stream2.assembly?.length ?? 0) + byteCount;
    if (length > this.#options.payloadMaxBytes || this.#bytes + byteCount > this.#options.assemblyMaxBytes) {
      return "too-large";
    }
    stream2.assembly ??= new Assembly(this.#pool, 0);
    if (!stream2.assembly.add(fragment))
      return "malformed";
    stream2.assembly.flags |= flags;
    this.#bytes += byteCount;
    return "added";
  }
  /** Takes the payload off the stream. */
  take(stream2) {
    const assembly = stream2.assembly;
    if (assembly === void 0)
      return void 0;
    stream2.assembly = void 0;
    this.#bytes -= assembly.length;
    return assembly;
  }
};

// dist/protocol/rsocket/incoming.js
var Incoming = class {
  /** New requests are refused as not executed. */
  isRefusing = false;
  #host;
  #streams;
  #lease;
  #options;
  #assemblies;
  // oxlint-disable-next-line max-params -- all of them are parts of one engine
  constructor(host, streams, lease, pool, options) {
    this.#host = host;
    this.#streams = streams;
    this.#lease = lease;
    this.#options = options;
    this.#assemblies = new Assemblies(options, pool);
  }
  /** Bytes of unfinished payloads. */
  get assemblyBytes() {
    return this.#assemblies.bytes;
  }
  /** Drops the fragments of a stream. */
  dropAssembly(stream2) {
    this.#assemblies.take(stream2)?.drop();
  }
  /** A frame with a stream id; returns false when its type has no meaning there. */
  onFrame(id, bytes, start, end) {
    const mark = (bytes[start + 4] ?? 0) << 8 | (bytes[start + 5] ?? 0);
    const at = start + headerBytes;
    const type = mark >>> 10;
    switch (type) {
      case typePayload:
        this.#onPayload(id, mark, this.#show(mark, bytes, at, end));
        return true;
      case typeRequestResponse:
      case typeRequestFnf:
        this.#onRequest(id, mark, 1, this.#show(mark, bytes, at, end));
        return true;
      case typeRequestStream:
      case typeRequestChannel:
        if (end - at < 4)
          this.#host.onMalformed();
        else
          this.#onRequest(id, mark, readI32(bytes, at), this.#show(mark, bytes, at + 4, end));
        return true;
      case typeRequestN:
        if (end - at < 4)
          this.#host.onMalformed();
        else
          this.#onRequestN(id, readI32(bytes, at));
        return true;
      case typeCancel:
        this.#known(id)?.onCancel();
        return true;
      case typeError:
        if (end - at < 4)
          this.#host.onMalformed();
        else
          this.#onError(id, readI32(bytes, at), bytes.slice(at + 4, end));
        return true;
      default:
        return false;
    }
  }
  /** Points the view at a frame's metadata and data; `undefined` when the metadata is longer than the frame. */
  #show(mark, bytes, at, end) {
    if ((mark & flagMetadata) === 0)
      return this.#host.view.set(bytes, at, at, end);
    if (end - at < metadataLengthBytes)
      return void 0;
    const dataStart = at + metadataLengthBytes + readU24(bytes, at);
    return dataStart > end ? void 0 : this.#host.view.set(bytes, at + metadataLengthBytes, dataStart, end);
  }
  #onPayload(id, flags, view) {
    const stream2 = this.#known(id);
    if (stream2 === void 0)
      return;
    if (view === void 0) {
      this.#host.onMalformed();
      return;
    }
    const follows = (flags & flagFollows) !== 0 && (flags & flagComplete) === 0;
    if (stream2.assembly === void 0 && !follows)
      stream2.onPayload(flags, view);
    else if (stream2.assembly === void 0 && !stream2.isReceiving)
      this.#host.counters.late += 1;
    else
      this.#onFragment(stream2, flags, follows, view);
  }
  #onFragment(stream2, flags, follows, fragment) {
    const result = this.#assemblies.add(stream2, flags, fragment);
    if (result !== "added") {
      if (result === "too-large")
        this.#host.counters.oversize += 1;
      else
        this.#host.counters.malformed += 1;
      stream2.refuse(streamErrorCodes.invalid, result === "too-large" ? "the payload is too long" : "metadata after data");
      return;
    }
    if (follows)
      return;
    const assembly = this.#assemblies.take(stream2);
    if (assembly === void 0)
      return;
    const view = assembly.show(this.#host.view);
    if (assembly.type === typePayload)
      stream2.onPayload(assembly.flags, view);
    else
      this.#begin(stream2, assembly.flags);
  }
  #onRequest(id, mark, credit, view) {
    if (view === void 0) {
      this.#host.onMalformed();
      return;
    }
    if (this.#streams.isLocalId(id) || this.#streams.find(id) !== void 0) {
      this.#host.counters.ignored += 1;
      return;
    }
    const type = mark >>> 10;
    const refusal = this.#findRefusal(credit);
    if (refusal !== void 0) {
      this.#host.counters.refused += 1;
      if (type !== typeRequestFnf)
        this.#host.answerError(id, refusal.code, refusal.data);
      return;
    }
    const stream2 = new RsocketStream(this.#host, id, interactionOf(type), false);
    stream2.isSending = type !== typeRequestFnf;
    stream2.isReceiving = type === typeRequestChannel;
    stream2.sendCredit = credit;
    const follows = (mark & flagFollows) !== 0;
    if (follows || stream2.isSending)
      this.#streams.add(stream2, 0);
    if (!follows) {
      this.#begin(stream2, mark);
      return;
    }
    this.#onFragment(stream2, mark & flagComplete, true, view);
    if (stream2.assembly !== void 0)
      stream2.assembly.type = type;
  }
  #begin(stream2, flags) {
    try {
      stream2.sink = this.#host.accept(stream2);
    } catch (error) {
      this.#host.caught(error);
      stream2.fail(streamErrorCodes.applicationError, acceptorFailed);
    }
    if (stream2.interaction === "channel" && (flags & flagComplete) !== 0 && stream2.isReceiving) {
      stream2.onRemoteComplete();
    }
    this.#host.releaseIfDone(stream2);
  }
  #findRefusal(credit) {
    if (credit < 1)
      return creditRefusal;
    if (this.isRefusing)
      return leavingRefusal;
    if (this.#streams.remoteCount >= this.#options.streamsMax)
      return fullRefusal;
    return this.#lease.takePeer(this.#host.now) ? void 0 : leaseRefusal;
  }
  #onRequestN(id, count) {
    if (count < 1)
      this.#host.counters.ignored += 1;
    else
      this.#known(id)?.onRequestN(count);
  }
  #onError(id, code, data) {
    const stream2 = this.#known(id);
    if (stream2 === void 0)
      return;
    if (stream2.isRequester || stream2.interaction === "channel")
      stream2.onError(code, data);
    else
      this.#host.counters.ignored += 1;
  }
  /** The stream of an id, or `undefined` after counting a frame that came too late for it. */
  #known(id) {
    const stream2 = this.#streams.find(id);
    if (stream2 === void 0)
      this.#host.counters.late += 1;
    return stream2;
  }
};
function interactionOf(type) {
  if (type === typeRequestResponse)
    return "response";
  if (type === typeRequestFnf)
    return "fire-and-forget";
  return type === typeRequestStream ? "stream" : "channel";
}
var acceptorFailed = textToBytes("the acceptor failed");
var creditRefusal = { code: streamErrorCodes.invalid, data: textToBytes("initial request-n must be above 0") };
var leavingRefusal = { code: streamErrorCodes.rejected, data: textToBytes("this node is leaving") };
var fullRefusal = { code: streamErrorCodes.rejected, data: textToBytes("too many streams") };
var leaseRefusal = { code: streamErrorCodes.rejected, data: textToBytes("beyond the lease") };

// dist/protocol/rsocket/lease-book.js
var LeaseBook = class {
  /** SETUP carried the L flag, so both sides wait for leases. */
  isLeased = false;
  #mayLeft = 0;
  #mayUntil = 0;
  #gaveLeft = 0;
  #gaveUntil = 0;
  /** The peer allows requests. */
  onLease(ttlMs, requests, now) {
    this.#mayLeft = requests;
    this.#mayUntil = after(now, ttlMs);
  }
  /** This side allows requests. */
  grant(ttlMs, requests, now) {
    this.#gaveLeft = requests;
    this.#gaveUntil = after(now, ttlMs);
  }
  /** Takes one of the requests that the peer allows; false when there is none. */
  takeOwn(now) {
    if (!this.isLeased)
      return true;
    if (this.#mayLeft < 1 || now >= this.#mayUntil)
      return false;
    this.#mayLeft -= 1;
    return true;
  }
  /** Takes one of the requests that this side allowed; false when the peer is beyond its lease. */
  takePeer(now) {
    if (!this.isLeased)
      return true;
    if (this.#gaveLeft < 1 || now >= this.#gaveUntil)
      return false;
    this.#gaveLeft -= 1;
    return true;
  }
};

// dist/protocol/rsocket/frame-writer.js
var FrameWriter = class {
  #buffer;
  constructor(buffer) {
    this.#buffer = buffer;
  }
  /** A request. `prefix` is a byte before the metadata, or -1; `credit` is the initial request-n, or 0 for types without. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per frame
  request(id, type, credit, prefix, metadata, data) {
    const metadataBytes = metadata.length + (prefix < 0 ? 0 : 1);
    const fieldBytes = (credit > 0 ? 4 : 0) + (metadataBytes > 0 ? metadataLengthBytes : 0);
    const frameBytes = headerBytes + fieldBytes + metadataBytes + data.length;
    const flags = metadataBytes > 0 ? flagMetadata : 0;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = writePrefix(slab, at, frameBytes, id, type << 10 | flags);
    if (credit > 0)
      at = writeU32(slab, at, credit);
    if (metadataBytes > 0) {
      at = writeU24(slab, at, metadataBytes);
      if (prefix >= 0)
        slab[at++] = prefix;
      at = writeBytes(slab, at, metadata);
    }
    writeBytes(slab, at, data);
  }
  /** PAYLOAD with NEXT, COMPLETE or both. */
  payload(id, flags, metadata, data) {
    const metadataBytes = metadata.length;
    const lengthBytes = metadataBytes > 0 ? metadataLengthBytes : 0;
    const frameBytes = headerBytes + lengthBytes + metadataBytes + data.length;
    const mark = metadataBytes > 0 ? flags | flagMetadata : flags;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = writePrefix(slab, at, frameBytes, id, typePayload << 10 | mark);
    if (metadataBytes > 0)
      at = writeBytes(slab, writeU24(slab, at, metadataBytes), metadata);
    writeBytes(slab, at, data);
  }
  requestN(id, count) {
    this.#fixed(id, typeRequestN << 10, count);
  }
  cancel(id) {
    const at = this.#buffer.reserve(prefixBytes);
    writePrefix(this.#buffer.slab, at, headerBytes, id, typeCancel << 10);
  }
  /** ERROR; its data is cut at `errorDataMaxBytes`. */
  error(id, code, data) {
    const text = data.length > errorDataMaxBytes ? data.subarray(0, errorDataMaxBytes) : data;
    let at = this.#buffer.reserve(prefixBytes + 4 + text.length);
    const slab = this.#buffer.slab;
    at = writePrefix(slab, at, headerBytes + 4 + text.length, id, typeError << 10);
    writeBytes(slab, writeU32(slab, at, code), text);
  }
  /** KEEPALIVE; the position is 0 because there is no resume. */
  keepAlive(flags, data) {
    const frameBytes = headerBytes + 8 + data.length;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = writePrefix(slab, at, frameBytes, 0, typeKeepAlive << 10 | flags);
    at = writeU32(slab, writeU32(slab, at, 0), 0);
    writeBytes(slab, at, data);
  }
  lease(ttlMs, requests) {
    const at = this.#buffer.reserve(prefixBytes + 8);
    const slab = this.#buffer.slab;
    const end = writePrefix(slab, at, headerBytes + 8, 0, typeLease << 10);
    writeU32(slab, writeU32(slab, end, ttlMs), requests);
  }
  metadataPush(metadata) {
    const frameBytes = headerBytes + metadata.length;
    const at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    const mark = typeMetadataPush << 10 | flagMetadata;
    writeBytes(slab, writePrefix(slab, at, frameBytes, 0, mark), metadata);
  }
  /** Bytes that are a frame already. */
  raw(bytes) {
    const at = this.#buffer.reserve(bytes.length);
    this.#buffer.slab.set(bytes, at);
  }
  #fixed(id, typeAndFlags, value) {
    const at = this.#buffer.reserve(prefixBytes + 4);
    const slab = this.#buffer.slab;
    writeU32(slab, writePrefix(slab, at, headerBytes + 4, id, typeAndFlags), value);
  }
};
var errorDataMaxBytes = 16384;

// dist/protocol/rsocket/long-payloads.js
var LongPayloads = class {
  #buffer;
  #fragmentMaxBytes;
  #ring = [];
  #next = 0;
  #waitingBytes = 0;
  constructor(buffer, fragmentMaxBytes) {
    this.#buffer = buffer;
    this.#fragmentMaxBytes = fragmentMaxBytes;
  }
  get isEmpty() {
    return this.#ring.length === 0;
  }
  /** Payload bytes that are not encoded yet. */
  get waitingBytes() {
    return this.#waitingBytes;
  }
  /** Queues a payload behind those of its stream. */
  add(stream2, payload) {
    this.#waitingBytes += payload.metadata.length + payload.data.length;
    if (stream2.longPayloads !== void 0) {
      stream2.longPayloads.push(payload);
      return;
    }
    stream2.longPayloads = [payload];
    this.#ring.push(stream2);
  }
  /** Forgets what a stream had to send. */
  drop(stream2) {
    if (stream2.longPayloads === void 0)
      return;
    for (const payload of stream2.longPayloads)
      this.#waitingBytes -= unsentBytes(payload);
    stream2.longPayloads = void 0;
    const index = this.#ring.indexOf(stream2);
    if (index < 0)
      return;
    this.#ring.splice(index, 1);
    if (index < this.#next)
      this.#next -= 1;
  }
  /** Writes one fragment of the stream whose turn it is. Returns that stream when it has nothing left, else `undefined`. */
  writeOne() {
    if (this.#next >= this.#ring.length)
      this.#next = 0;
    const stream2 = this.#ring[this.#next];
    const payload = stream2?.longPayloads?.[0];
    if (stream2 === void 0 || payload === void 0)
      return void 0;
    if (!this.#writeFragment(stream2, payload)) {
      this.#next += 1;
      return void 0;
    }
    if (stream2.requestEnd === Infinity)
      stream2.requestEnd = this.#buffer.encodedBytes;
    stream2.longPayloads?.shift();
    if (stream2.longPayloads?.length !== 0) {
      this.#next += 1;
      return void 0;
    }
    stream2.longPayloads = void 0;
    this.#ring.splice(this.#next, 1);
    return stream2;
  }
  clear() {
    for (const stream2 of this.#ring)
      stream2.longPayloads = void 0;
    this.#ring = [];
    this.#waitingBytes = 0;
  }
  /** Returns whether it was the last fragment. */
  #writeFragment(stream2, payload) {
    const { metadata, data } = payload;
    const metadataPart = Math.min(metadata.length - payload.metadataSent, this.#fragmentMaxBytes);
    const dataPart = Math.min(data.length - payload.dataSent, this.#fragmentMaxBytes - metadataPart);
    const isLast = payload.metadataSent + metadataPart === metadata.length && payload.dataSent + dataPart === data.length;
    let flags = payload.flags & (isLast ? flagNext | flagComplete : flagNext);
    if (!isLast)
      flags |= flagFollows;
    if (metadataPart > 0)
      flags |= flagMetadata;
    const creditBytes = payload.credit > 0 ? 4 : 0;
    const lengthBytes = metadataPart > 0 ? metadataLengthBytes : 0;
    const frameBytes = headerBytes + creditBytes + lengthBytes + metadataPart + dataPart;
    const at = this.#buffer.reserve(frameBytes - metadataPart - dataPart + 3);
    const slab = this.#buffer.slab;
    let end = writePrefix(slab, at, frameBytes, stream2.id, payload.type << 10 | flags);
    if (creditBytes > 0)
      end = writeU32(slab, end, payload.credit);
    if (lengthBytes > 0)
      writeU24(slab, end, metadataPart);
    this.#passPart(metadata, payload.metadataSent, metadataPart);
    this.#passPart(data, payload.dataSent, dataPart);
    payload.metadataSent += metadataPart;
    payload.dataSent += dataPart;
    this.#waitingBytes -= metadataPart + dataPart;
    if (payload.type !== typePayload) {
      payload.type = typePayload;
      payload.flags = flagNext;
      payload.credit = 0;
    }
    return isLast;
  }
  #passPart(source, start, length) {
    if (length === 0)
      return;
    const end = start + length;
    if (length > copyMaxBytes) {
      this.#buffer.pass(source.subarray(start, end));
      return;
    }
    const pieceMaxBytes = this.#buffer.slab.length >>> 1;
    for (let from = start; from < end; from += pieceMaxBytes) {
      const piece = source.subarray(from, Math.min(end, from + pieceMaxBytes));
      const at = this.#buffer.reserve(piece.length);
      this.#buffer.slab.set(piece, at);
    }
  }
};
function longPayload(fields) {
  return { ...fields, metadataSent: 0, dataSent: 0 };
}
function unsentBytes(payload) {
  return payload.metadata.length - payload.metadataSent + payload.data.length - payload.dataSent;
}
var copyMaxBytes = 65536;

// dist/protocol/rsocket/outgoing.js
var Outgoing = class {
  #target;
  #options;
  #flushSoon;
  #buffer;
  #writer;
  #long;
  #waiting = [];
  #isChoked = false;
  #isFlushDue = false;
  /** `flushSoon` MUST lead to one `flush` after this turn of the event loop, never inside the call. */
  constructor(target, pool, options, flushSoon) {
    this.#target = target;
    this.#options = options;
    this.#flushSoon = flushSoon;
    this.#buffer = new SendBuffer(target, pool);
    this.#writer = new FrameWriter(this.#buffer);
    this.#long = new LongPayloads(this.#buffer, options.fragmentMaxBytes);
  }
  /** The buffer is above the high-water mark. */
  get isChoked() {
    return this.#isChoked;
  }
  /** Bytes that wait for the operating system, those of long payloads that are not encoded yet among them. */
  get bufferedBytes() {
    return this.#buffer.waitingBytes + this.#long.waitingBytes;
  }
  /** No more is taken: the buffer and the long payloads are at their limit. */
  get isFull() {
    return this.bufferedBytes > this.#options.bufferedMaxBytes;
  }
  /** Every byte was handed to the connection. */
  get isFlushed() {
    return this.#buffer.isEmpty && this.#long.isEmpty;
  }
  /** Says whether the whole request of a stream was handed to the connection. */
  wasWritten(stream2) {
    return stream2.requestEnd <= this.#buffer.handedBytes;
  }
  /** Encodes a request, or queues it when it is long. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per request
  request(stream2, type, credit, prefix, metadata, data) {
    if (metadata.length + data.length <= this.#options.longPayloadBytes) {
      this.#writer.request(stream2.id, type, credit, prefix, metadata, data);
      stream2.requestEnd = this.#buffer.encodedBytes;
    } else {
      stream2.requestEnd = Infinity;
      const joined = prefix < 0 ? metadata : withPrefix(prefix, metadata);
      this.#long.add(stream2, longPayload({ type, flags: 0, credit, metadata: joined, data }));
    }
    this.#written();
  }
  /** A fire-and-forget request that is short enough for the slab, without an object. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per request
  oneWay(id, type, prefix, metadata, data) {
    this.#writer.request(id, type, 0, prefix, metadata, data);
    this.#written();
  }
  /** Says whether a payload of this size goes by reference. */
  isLong(metadata, data) {
    return metadata.length + data.length > this.#options.longPayloadBytes;
  }
  payload(stream2, flags, metadata, data) {
    if (stream2.longPayloads !== void 0 || metadata.length + data.length > this.#options.longPayloadBytes) {
      this.#long.add(stream2, longPayload({ type: typePayload, flags, credit: 0, metadata, data }));
    } else {
      this.#writer.payload(stream2.id, flags, metadata, data);
    }
    this.#written();
  }
  requestN(stream2, count) {
    const first = stream2.longPayloads?.[0];
    if (first !== void 0 && first.type !== typePayload) {
      first.credit += count;
      return;
    }
    this.#writer.requestN(stream2.id, count);
    this.#written();
  }
  cancel(stream2) {
    if (stream2.requestEnd === neverWritten)
      return;
    this.#writer.cancel(stream2.id);
    this.#written();
  }
  error(id, code, data) {
    this.#writer.error(id, code, data);
    this.#written();
  }
  keepAlive(isRespondWanted, data) {
    this.#writer.keepAlive(isRespondWanted ? flagRespond : 0, data);
    this.#written();
  }
  lease(ttlMs, requests) {
    this.#writer.lease(ttlMs, requests);
    this.#written();
  }
  metadataPush(metadata) {
    this.#writer.metadataPush(metadata);
    this.#written();
  }
  /** Bytes that are a frame already, shorter than half a slab. */
  raw(bytes) {
    this.#writer.raw(bytes);
    this.#written();
  }
  /** Drops the payloads that a stream has not written. */
  drop(stream2) {
    const first = stream2.longPayloads?.[0];
    if (first === void 0)
      return;
    if (first.type !== typePayload)
      stream2.requestEnd = neverWritten;
    this.#long.drop(stream2);
  }
  /** Remembers a stream that was shown credit 0 although its peer allows more. */
  wait(stream2) {
    if (stream2.isWaiting)
      return;
    stream2.isWaiting = true;
    this.#waiting.push(stream2);
  }
  /** Hands over what is encoded, and a turn's worth of long payloads. Returns nothing; `whenSent` gets streams that are through. */
  flush(whenSent) {
    this.#isFlushDue = false;
    if (!this.#long.isEmpty)
      this.#pump(whenSent);
    this.#buffer.flush();
    this.#isChoked = this.#target.bufferedBytes > this.#options.highWaterBytes;
    if (!this.#long.isEmpty && this.#target.bufferedBytes === 0)
      this.#askFlush();
    if (!this.#isChoked && this.#waiting.length > 0)
      this.#relieve();
  }
  /** The operating system took everything. */
  drained() {
    this.#buffer.drained();
    this.#isChoked = false;
    if (!this.#long.isEmpty)
      this.#askFlush();
    this.#relieve();
  }
  /** Nothing is sent any more. */
  close() {
    this.#long.clear();
    this.#buffer.clear();
    this.#waiting = [];
  }
  #pump(whenSent) {
    const { turnMaxBytes } = this.#options;
    const endBytes = this.#buffer.encodedBytes + turnMaxBytes;
    while (!this.#long.isEmpty && this.#buffer.encodedBytes < endBytes && this.#target.bufferedBytes < turnMaxBytes) {
      const sent = this.#long.writeOne();
      if (sent !== void 0)
        whenSent(sent);
    }
  }
  #relieve() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream2 of waiting) {
      if (!stream2.isWaiting)
        continue;
      stream2.isWaiting = false;
      stream2.tellCredit();
    }
  }
  #written() {
    if (this.#target.bufferedBytes > this.#options.highWaterBytes)
      this.#isChoked = true;
    if (!this.#isFlushDue)
      this.#askFlush();
  }
  #askFlush() {
    if (this.#isFlushDue)
      return;
    this.#isFlushDue = true;
    this.#flushSoon();
  }
};
var neverWritten = -1;
function withPrefix(prefix, metadata) {
  const joined = new Uint8Array(metadata.length + 1);
  joined[0] = prefix;
  joined.set(metadata, 1);
  return joined;
}

// dist/protocol/rsocket/setup.js
function encodeSetup(setup) {
  const metadataMime = textToBytes(setup.metadataMime);
  const dataMime = textToBytes(setup.dataMime);
  const hasMetadata = setup.metadata.length > 0;
  const frameBytes = headerBytes + 12 + 2 + metadataMime.length + dataMime.length + (hasMetadata ? 3 + setup.metadata.length : 0);
  const bytes = new Uint8Array(3 + frameBytes + setup.data.length);
  const flags = (hasMetadata ? flagMetadata : 0) | (setup.isLeased ? flagLease : 0);
  let at = writePrefix(bytes, 0, frameBytes + setup.data.length, 0, typeSetup << 10 | flags);
  at = writeU32(bytes, at, majorVersion << 16);
  at = writeU32(bytes, at, setup.keepAliveMs);
  at = writeU32(bytes, at, setup.lifetimeMs);
  for (const mime of [metadataMime, dataMime]) {
    bytes[at] = mime.length;
    at = writeBytes(bytes, at + 1, mime);
  }
  if (hasMetadata)
    at = writeBytes(bytes, writeU24(bytes, at, setup.metadata.length), setup.metadata);
  writeBytes(bytes, at, setup.data);
  return bytes;
}
function decodeSetup(bytes) {
  const reader = new ByteReader(bytes);
  reader.u32();
  const flags = reader.u16() & 1023;
  const major = reader.u16();
  reader.u16();
  const keepAliveMs = reader.u32();
  const lifetimeMs = reader.u32();
  if (reader.ok && major !== majorVersion)
    return unsupported("only RSocket 1.x is spoken here");
  if (reader.ok && (flags & flagResume) !== 0)
    return unsupported("resume is not supported");
  const metadataMime = bytesToText(reader.bytes(reader.u8()));
  const dataMime = bytesToText(reader.bytes(reader.u8()));
  const metadata = (flags & flagMetadata) === 0 ? emptyBytes : reader.bytes(reader.u24()).slice();
  const data = reader.rest().slice();
  const isTimed = keepAliveMs > 0 && keepAliveMs <= int31Max && lifetimeMs > 0 && lifetimeMs <= int31Max;
  if (!reader.ok || !isTimed)
    return { code: connectionErrorCodes.invalidSetup, text: "malformed SETUP" };
  const isLeased = (flags & flagLease) !== 0;
  return { keepAliveMs, lifetimeMs, metadataMime, dataMime, isLeased, metadata, data };
}
function isSetupRefusal(result) {
  return "code" in result;
}
var majorVersion = 1;
function unsupported(text) {
  return { code: connectionErrorCodes.unsupportedSetup, text };
}

// dist/protocol/rsocket/stream-table.js
var StreamTable = class {
  #slots = Array.from({ length: slotsMin });
  #mask = slotsMin - 1;
  #others = /* @__PURE__ */ new Map();
  #size = 0;
  get size() {
    return this.#size;
  }
  find(id) {
    const found = this.#slots[id >>> 1 & this.#mask];
    if (found !== void 0 && found.id === id)
      return found;
    return this.#others.size === 0 ? void 0 : this.#others.get(id);
  }
  /** Adds an item whose id MUST NOT be there. */
  add(item) {
    if (this.#size * 2 >= this.#slots.length && this.#slots.length < slotsMax)
      this.#grow();
    this.#place(item);
    this.#size += 1;
  }
  remove(id) {
    const slot = id >>> 1 & this.#mask;
    const found = this.#slots[slot];
    if (found !== void 0 && found.id === id) {
      this.#slots[slot] = void 0;
      this.#size -= 1;
    } else if (this.#others.delete(id)) {
      this.#size -= 1;
    }
  }
  /** A snapshot, for the end of a connection. */
  all() {
    const items = [...this.#others.values()];
    for (const item of this.#slots)
      if (item !== void 0)
        items.push(item);
    return items.toSorted((left, right) => left.id - right.id);
  }
  #place(item) {
    const slot = item.id >>> 1 & this.#mask;
    if (this.#slots[slot] === void 0)
      this.#slots[slot] = item;
    else
      this.#others.set(item.id, item);
  }
  #grow() {
    const items = this.all();
    const length = this.#slots.length * 2;
    this.#slots = Array.from({ length });
    this.#mask = length - 1;
    this.#others.clear();
    for (const item of items)
      this.#place(item);
  }
};
var slotsMin = 64;
var slotsMax = 65536;

// dist/protocol/rsocket/streams.js
var Streams = class {
  /** Open streams of both sides by tag. */
  countByTag = new Int32Array(256);
  #isClient;
  #local = new StreamTable();
  #remote = new StreamTable();
  #nextId;
  constructor(isClient, firstId) {
    this.#isClient = isClient;
    this.#nextId = firstId ?? (isClient ? 1 : 2);
  }
  get localCount() {
    return this.#local.size;
  }
  get remoteCount() {
    return this.#remote.size;
  }
  find(id) {
    return (this.isLocalId(id) ? this.#local : this.#remote).find(id);
  }
  /** "A client MUST generate odd Stream IDs and a server MUST generate even Stream IDs" (Stream Identifiers). */
  isLocalId(id) {
    return (id & 1) === (this.#isClient ? 1 : 0);
  }
  /** Returns the next id that is not in use; ids begin again after the largest. Ends because the table is bounded. */
  takeId() {
    let id = this.#nextId;
    while (this.#local.find(id) !== void 0)
      id = this.#idAfter(id);
    this.#nextId = this.#idAfter(id);
    return id;
  }
  add(stream2, tag) {
    stream2.isListed = true;
    stream2.tag = tag;
    (stream2.isRequester ? this.#local : this.#remote).add(stream2);
    this.#count(tag, 1);
  }
  /** Counts a stream under another tag. */
  mark(stream2, tag) {
    if (stream2.isListed) {
      this.#count(stream2.tag, -1);
      this.#count(tag, 1);
    }
    stream2.tag = tag;
  }
  remove(stream2) {
    stream2.isListed = false;
    (stream2.isRequester ? this.#local : this.#remote).remove(stream2.id);
    this.#count(stream2.tag, -1);
  }
  /** A snapshot, for the end of the connection. */
  all() {
    return [...this.#local.all(), ...this.#remote.all()];
  }
  #idAfter(id) {
    return id + 2 > int31Max ? this.#isClient ? 1 : 2 : id + 2;
  }
  #count(tag, change) {
    this.countByTag[tag] = (this.countByTag[tag] ?? 0) + change;
  }
};

// dist/protocol/rsocket/engine.js
var RsocketEngine = class {
  link;
  view = new PayloadView();
  counters = newCounters();
  /** How the metadata of the peer's requests reads; a stock client's is composite. */
  metadataForm = "scalebus";
  now;
  #isClient;
  #effects;
  #options;
  #reader;
  #out;
  #lease = new LeaseBook();
  #streams;
  #incoming;
  #ended;
  #state = "setup";
  constructor(deps, options) {
    this.link = deps.link;
    this.#isClient = deps.isClient;
    this.#effects = deps.effects;
    this.#options = options;
    this.now = deps.now;
    this.#reader = new FrameReader(options.strangerFrameMaxBytes);
    this.#out = new Outgoing(deps.target, deps.pool, options, () => deps.effects.flushSoon());
    this.#streams = new Streams(deps.isClient, options.firstStreamId);
    this.#incoming = new Incoming(this, this.#streams, this.#lease, deps.pool, options);
    this.#ended = new RsocketStream(this, 0, "fire-and-forget", true);
  }
  get isChoked() {
    return this.#out.isChoked;
  }
  /** Bytes that wait for the operating system. */
  get bufferedBytes() {
    return this.#out.bufferedBytes;
  }
  /** Everything that was said is handed to the connection. */
  get isFlushed() {
    return this.#out.isFlushed;
  }
  /** Streams open in both directions. */
  get streamCount() {
    return this.#streams.localCount + this.#streams.remoteCount;
  }
  /** Bytes of unfinished payloads. */
  get assemblyBytes() {
    return this.#incoming.assemblyBytes;
  }
  /** Opens the connection of a client. */
  start(setup) {
    this.#lease.isLeased = setup.isLeased;
    this.#state = "open";
    this.#out.raw(encodeSetup(setup));
  }
  /** Takes the SETUP that `onSetup` left waiting, and goes on with what came behind it. */
  acceptSetup() {
    if (this.#state !== "held")
      return;
    this.#state = "open";
    this.#reader.release(this);
  }
  /** Refuses the SETUP that `onSetup` left waiting. */
  refuseSetup(refusal) {
    if (this.#state === "held")
      this.shut(refusal.code, refusal.text);
  }
  /** The peer proved who it is: frames of full length are taken. */
  trust() {
    this.#reader.frameMaxBytes = this.#options.frameMaxBytes;
  }
  /** Bytes came; they are lent for the call. */
  receive(now, bytes) {
    this.now = now;
    this.#reader.read(bytes, this);
  }
  /**
   * Opens a stream. `tag` is the byte that goes before the metadata, or -1 for none. `'full'` means the limit of streams or of
   * the buffer, or no lease; nothing was sent then.
   */
  open(now, tag, request, sink) {
    if (this.#state !== "open")
      return "down";
    if (this.#streams.localCount >= this.#options.streamsMax || this.#out.isFull)
      return "full";
    if (!this.#lease.takeOwn(now))
      return "full";
    const { interaction, metadata, data } = request;
    if (interaction === "response")
      return this.#openResponse(tag, metadata, data, sink);
    const isOneWay = interaction === "fire-and-forget";
    if (isOneWay && !this.#out.isLong(metadata, data)) {
      this.#out.oneWay(this.#streams.takeId(), typeRequestFnf, tag, metadata, data);
      return this.#ended;
    }
    const stream2 = new RsocketStream(this, this.#streams.takeId(), interaction, true);
    stream2.sink = sink;
    const credit = toCredit(request.credit);
    stream2.granted = credit;
    stream2.isReceiving = !isOneWay;
    stream2.isSending = interaction === "channel";
    this.#streams.add(stream2, tag < 0 ? 0 : tag);
    this.#out.request(stream2, requestTypes[interaction], isOneWay ? 0 : credit, tag, metadata, data);
    return stream2;
  }
  #openResponse(tag, metadata, data, sink) {
    const stream2 = new RsocketStream(this, this.#streams.takeId(), "response", true);
    stream2.sink = sink;
    stream2.granted = 1;
    stream2.isReceiving = true;
    this.#streams.add(stream2, tag < 0 ? 0 : tag);
    this.#out.request(stream2, typeRequestResponse, 0, tag, metadata, data);
    return stream2;
  }
  /** Refuses new requests of the peer from now on, as not executed. */
  refuseRequests() {
    this.#incoming.isRefusing = true;
  }
  /** Open streams of both sides under one tag. */
  countOf(tag) {
    return this.#streams.countByTag[tag] ?? 0;
  }
  /** Marks a stream of the peer, so that it is counted under that tag. */
  mark(stream2, tag) {
    this.#streams.mark(stream2, tag);
  }
  /** Hands over what is encoded. The owner calls it once after each `flushSoon`. */
  flush() {
    if (this.#state !== "closed")
      this.#out.flush(this.#whenSent);
  }
  /** The connection's `bufferedBytes` is 0 again. */
  drained() {
    if (this.#state !== "closed")
      this.#out.drained();
  }
  /** Sends KEEPALIVE and asks for an answer. */
  keepAlive() {
    if (this.#state === "open")
      this.#out.keepAlive(true, emptyBytes);
  }
  /** Allows the peer `requests` for `ttlMs`; only where SETUP asked for leases. */
  grantLease(now, ttlMs, requests) {
    if (this.#state !== "open" || !this.#lease.isLeased)
      return;
    this.#lease.grant(ttlMs, requests, now);
    this.#out.lease(ttlMs, requests);
  }
  /** Sends METADATA_PUSH, at most `longPayloadBytes`. */
  pushMetadata(metadata) {
    if (this.#state === "open" && metadata.length <= this.#options.longPayloadBytes)
      this.#out.metadataPush(metadata);
  }
  /** Says why and ends the connection. The owner learns it by `onEnd`. */
  shut(code, text) {
    this.#end({ by: "self", code, text });
  }
  /** The connection is gone: nothing is written or read from here on. `ended` tells the streams. */
  freeze() {
    this.#state = "closed";
    this.#reader.stop();
  }
  /** The connection is gone, for whatever reason: every stream learns it. Idempotent. */
  ended(reason) {
    this.freeze();
    for (const stream2 of this.#streams.all()) {
      if (stream2.isListed)
        stream2.onLinkEnd(reason, !stream2.isRequester || this.#out.wasWritten(stream2));
    }
    this.#out.close();
  }
  // What the reader tells.
  onFrame(bytes, start, end) {
    const id = end - start < headerBytes ? -1 : readI32(bytes, start);
    if (id < 0) {
      this.onMalformed();
      return;
    }
    const mark = (bytes[start + 4] ?? 0) << 8 | (bytes[start + 5] ?? 0);
    if (this.#state === "setup")
      this.#onFirstFrame(id, mark, bytes.subarray(start, end));
    else if (id === 0)
      this.#onConnectionFrame(mark, bytes, start, end);
    else if (!this.#incoming.onFrame(id, bytes, start, end))
      this.#onOddFrame(mark);
  }
  onOversize(length) {
    this.counters.oversize += 1;
    this.shut(connectionErrorCodes.connectionError, `a frame of ${length} bytes is too long`);
  }
  // What streams ask for.
  waitForCredit(stream2) {
    this.#out.wait(stream2);
  }
  sendPayload(stream2, flags, metadata, data) {
    if (this.#state === "open")
      this.#out.payload(stream2, flags, metadata, data);
  }
  sendError(stream2, code, data) {
    this.answerError(stream2.id, code, data);
  }
  sendRequestN(stream2, count) {
    if (this.#state === "open")
      this.#out.requestN(stream2, count);
  }
  sendCancel(stream2) {
    if (this.#state === "open")
      this.#out.cancel(stream2);
  }
  dropAssembly(stream2) {
    this.#incoming.dropAssembly(stream2);
  }
  dropPayloads(stream2) {
    this.#out.drop(stream2);
  }
  release(stream2) {
    if (!stream2.isListed)
      return;
    this.#streams.remove(stream2);
    stream2.isWaiting = false;
    if (stream2.assembly !== void 0)
      this.#incoming.dropAssembly(stream2);
    if (stream2.longPayloads !== void 0)
      this.#out.drop(stream2);
  }
  releaseIfDone(stream2) {
    if (!stream2.isSending && !stream2.isReceiving && stream2.longPayloads === void 0)
      this.release(stream2);
  }
  caught(error) {
    this.counters.callbackFailures += 1;
    this.#effects.onCallbackFailed(error);
  }
  accept(stream2) {
    return this.#effects.onRequest(stream2);
  }
  // Frames of the connection itself.
  #onFirstFrame(id, mark, bytes) {
    const type = mark >>> 10;
    if (this.#isClient || id !== 0 || type !== typeSetup) {
      const isResume = type === typeResume && id === 0;
      const { rejectedResume, invalidSetup } = connectionErrorCodes;
      this.shut(isResume ? rejectedResume : invalidSetup, isResume ? "resume is not supported" : "SETUP must come first");
      return;
    }
    const setup = decodeSetup(bytes);
    const answer = isSetupRefusal(setup) ? setup : this.#effects.onSetup(setup);
    if (typeof answer !== "string") {
      this.counters.refused += 1;
      this.shut(answer.code, answer.text);
      return;
    }
    if (!isSetupRefusal(setup))
      this.#lease.isLeased = setup.isLeased;
    this.#state = answer === "wait" ? "held" : "open";
    if (answer === "wait")
      this.#reader.hold();
  }
  #onConnectionFrame(mark, bytes, start, end) {
    const at = start + headerBytes;
    switch (mark >>> 10) {
      case typeKeepAlive:
        if (end - at < 8)
          this.onMalformed();
        else if ((mark & flagRespond) !== 0)
          this.#answerKeepAlive(bytes.subarray(at + 8, end));
        return;
      case typeLease:
        if (end - at < 8 || readI32(bytes, at) < 0 || readI32(bytes, at + 4) < 0)
          this.onMalformed();
        else
          this.#lease.onLease(readI32(bytes, at), readI32(bytes, at + 4), this.now);
        return;
      case typeMetadataPush:
        this.#effects.onMetadataPush(this.view.set(bytes, at, end, end));
        return;
      case typeError:
        this.#onConnectionError(bytes, at, end);
        return;
      default:
        this.#onOddFrame(mark);
    }
  }
  #onConnectionError(bytes, at, end) {
    if (end - at < 4) {
      this.onMalformed();
      return;
    }
    const code = readI32(bytes, at);
    if (code < connectionErrorCodes.connectionError && !this.#isClient) {
      this.counters.ignored += 1;
      return;
    }
    this.#end({ by: "peer", code, text: bytesToText(bytes.subarray(at + 4, Math.min(end, at + 4 + endTextMaxBytes))) });
  }
  #onOddFrame(mark) {
    const type = mark >>> 10;
    const isKnown = type >= typeSetup && type <= typeResumeOk;
    if (isKnown) {
      this.counters.ignored += 1;
      return;
    }
    this.counters.unknown += 1;
    if ((mark & flagIgnore) === 0) {
      this.shut(connectionErrorCodes.connectionError, `frame type ${type} is not known here`);
    }
  }
  onMalformed() {
    this.counters.malformed += 1;
    if (this.#state === "setup")
      this.shut(connectionErrorCodes.invalidSetup, "SETUP must come first");
    else if (this.counters.malformed > this.#options.malformedMax) {
      this.shut(connectionErrorCodes.connectionError, "too many malformed frames");
    }
  }
  #answerKeepAlive(data) {
    if (this.#state !== "open")
      return;
    this.#out.keepAlive(false, data);
    this.#checkAnswers();
  }
  answerError(id, code, data) {
    if (this.#state !== "open")
      return;
    this.#out.error(id, code, data);
    this.#checkAnswers();
  }
  /** A peer that makes us answer and never reads would fill our memory. */
  #checkAnswers() {
    if (this.#out.isChoked && this.#out.isFull) {
      this.shut(connectionErrorCodes.connectionError, "answers are not read");
    }
  }
  #whenSent = (stream2) => {
    this.releaseIfDone(stream2);
    if (!stream2.isWaiting)
      return;
    stream2.isWaiting = false;
    stream2.tellCredit();
  };
  #end(end) {
    if (this.#state === "closed")
      return;
    if (end.by === "self")
      this.#out.error(0, end.code, textToBytes(end.text));
    this.#out.flush(this.#whenSent);
    this.#state = "closed";
    this.#reader.stop();
    this.#effects.onEnd(end);
  }
};
function toCredit(credit) {
  return Math.max(1, Math.min(Math.floor(credit), int31Max));
}
var requestTypes = {
  "fire-and-forget": typeRequestFnf,
  stream: typeRequestStream,
  channel: typeRequestChannel
};
var endTextMaxBytes = 256;

// dist/cluster/link/link-engine.js
var createOwnEngine = (deps, options) => new RsocketEngine(deps, options);

// dist/cluster/link/link-metrics.js
var LinkMetrics = class {
  #metrics;
  #events = /* @__PURE__ */ new Map();
  #drops = /* @__PURE__ */ new Map();
  #seen = /* @__PURE__ */ new WeakMap();
  constructor(metrics) {
    this.#metrics = metrics;
  }
  /** Counts something that happened to a connection. */
  count(event) {
    let counter2 = this.#events.get(event);
    if (counter2 === void 0) {
      counter2 = this.#metrics.counter("link_events_total", "What happened to connections, by event", { event });
      this.#events.set(event, counter2);
    }
    counter2.add();
  }
  /** Carries over what an engine counted since the last time. */
  collect(counters) {
    const before = this.#seen.get(counters);
    for (const cause of causes)
      this.#add(cause, counters[cause] - (before?.[cause] ?? 0));
    this.#seen.set(counters, { ...counters });
  }
  #add(cause, count) {
    if (count === 0)
      return;
    let counter2 = this.#drops.get(cause);
    if (counter2 === void 0) {
      counter2 = this.#metrics.counter("link_dropped_frames_total", "Frames without effect, by cause", { cause });
      this.#drops.set(cause, counter2);
    }
    counter2.add(count);
  }
};
var causes = [
  "malformed",
  "late",
  "ignored",
  "unknown",
  "refused",
  "overCredit",
  "oversize",
  "callbackFailures"
];

// dist/cluster/link/rsocket-link.js
var RsocketLink = class {
  id;
  isDialer;
  connection;
  engine;
  #owner;
  #clock;
  #options;
  #peer;
  #state = "stranger";
  #heardAt;
  #lifetimeMs;
  #cancelTick;
  #closing;
  #refusal;
  #receivedBytes = 0;
  #wasHeard = false;
  #isLeased = false;
  constructor(deps) {
    this.id = deps.id;
    this.isDialer = deps.isDialer;
    this.connection = deps.connection;
    this.#owner = deps.owner;
    this.#clock = deps.clock;
    this.#options = deps.options;
    this.#peer = strangerPeer;
    this.#heardAt = deps.clock.now();
    this.#lifetimeMs = deps.options.lifetimeMs;
    const { connection: target, pool, isDialer: isClient } = deps;
    this.engine = deps.createEngine({ isClient, link: this, target, pool, effects: this, now: this.#heardAt }, deps.options.engine);
  }
  /** Begins to listen, and to say SETUP when it dialled. */
  start(metadataMime = linkMime) {
    this.connection.listen({
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => this.engine.drained(),
      onClosed: (reason) => this.#onClosed(reason)
    });
    if (this.isDialer) {
      const { keepAliveMs, lifetimeMs } = this.#options;
      const mimes = { metadataMime, dataMime: bytesMime };
      this.engine.start({ keepAliveMs, lifetimeMs, ...mimes, isLeased: false, metadata: emptyBytes, data: emptyBytes });
    }
    this.#tickLater();
  }
  get peer() {
    return this.#peer;
  }
  get up() {
    return this.#state === "up";
  }
  /** It was replaced and finishes what runs. */
  get isDraining() {
    return this.#state === "draining";
  }
  /** Nothing more comes from this link but its end, if that was not told yet. */
  get isEnded() {
    return this.#state === "ended";
  }
  get bufferedBytes() {
    return this.engine.bufferedBytes;
  }
  /** What the peer said when it refused this connection. */
  get refusal() {
    return this.#refusal;
  }
  /** Bytes received so far; strangers are bounded by it. */
  get receivedBytes() {
    return this.#receivedBytes;
  }
  /** True once after bytes came. */
  takeHeard() {
    const wasHeard = this.#wasHeard;
    this.#wasHeard = false;
    return wasHeard;
  }
  open(request, sink) {
    if (this.#state !== "up")
      return "down";
    const tag = this.#peer.role === "stock" ? -1 : kindBytes[request.kind];
    const now = this.#isLeased ? this.#clock.now() : this.#heardAt;
    return this.engine.open(now, tag, request, sink);
  }
  /** Opens a stream before the link is up: hello. */
  openEarly(tag, request, sink) {
    return this.#state === "stranger" ? this.engine.open(this.#clock.now(), tag, request, sink) : "down";
  }
  /** The peer is known from here on: streams of every kind may be opened. */
  raise(peer) {
    if (this.#state !== "stranger")
      return;
    this.#peer = peer;
    this.#state = "up";
    this.engine.trust();
  }
  /** Opens nothing more and refuses what the peer opens; what runs goes on. */
  drain() {
    if (this.#state !== "up")
      return;
    this.#state = "draining";
    this.engine.refuseRequests();
  }
  close(reason) {
    if (this.#state === "ended")
      return;
    if (reason === "silent" || reason === "reset") {
      this.#finish(reason, true);
      return;
    }
    this.#closing = reason;
    const { connectionError, connectionClose } = connectionErrorCodes;
    this.engine.shut(reason === "protocol" ? connectionError : connectionClose, reason);
  }
  // What the engine tells.
  flushSoon() {
    this.#clock.afterTurn(this.#flush);
  }
  onSetup(setup) {
    this.#lifetimeMs = Math.max(this.#options.lifetimeMs, setup.lifetimeMs);
    this.#isLeased = setup.isLeased;
    return this.#owner.onSetup(this, setup);
  }
  onRequest(stream2) {
    return this.#owner.onRequest(this, stream2);
  }
  onMetadataPush() {
    this.engine.counters.ignored += 1;
  }
  onEnd(end) {
    if (this.#state === "ended")
      return;
    if (end.by === "peer")
      this.#refusal = end.text;
    this.#finish(this.#closing ?? endReason(end), false);
    this.connection.end();
  }
  onCallbackFailed(error) {
    this.#owner.onCallbackFailed(this, error);
  }
  #flush = () => {
    this.engine.flush();
    this.#owner.onMoved(this);
  };
  #onBytes(bytes) {
    const now = this.#clock.now();
    this.#heardAt = now;
    this.#wasHeard = true;
    this.#receivedBytes += bytes.length;
    if (this.#state === "stranger" && this.#receivedBytes > this.#options.helloBytesMax) {
      this.#finish("protocol", true);
      return;
    }
    this.engine.receive(now, bytes);
    this.#owner.onMoved(this);
  }
  #onClosed(reason) {
    this.#finish(reason === "reset" || reason === "failed" ? "reset" : "closed", true);
  }
  #tickLater() {
    const due = after(this.#clock.now(), this.#options.keepAliveMs);
    this.#cancelTick = this.#clock.setTimer(due, () => this.#tick(due));
  }
  /**
   * Silence is measured in time that this process was awake: a late tick moves the last sign of life by its lateness, and the
   * verdict falls after the turn, when bytes that waited in the socket have been read.
   */
  #tick(due) {
    const now = this.#clock.now();
    this.#heardAt = after(this.#heardAt, Math.min(now - due, now - this.#heardAt));
    const lastHeard = this.#heardAt;
    if (now - lastHeard > this.#lifetimeMs) {
      this.#clock.afterTurn(() => {
        if (this.#heardAt === lastHeard)
          this.#finish("silent", true);
      });
    }
    if (this.isDialer || this.#peer.role !== "stock")
      this.engine.keepAlive();
    this.#owner.onTick(this);
    this.#tickLater();
  }
  /** The one way to the end. Streams and the owner are told after this turn, so never inside a call of theirs. */
  #finish(reason, isDead) {
    if (this.#state === "ended")
      return;
    const wasUp = this.#state !== "stranger";
    this.#state = "ended";
    this.#cancelTick?.();
    this.engine.freeze();
    if (isDead)
      this.connection.destroy();
    this.#clock.afterTurn(() => {
      this.engine.ended(reason);
      this.#owner.onEnded(this, reason, wasUp);
    });
  }
};
var strangerPeer = {
  name: "",
  epoch: 0,
  role: "stock",
  address: "",
  wireVersion: 0,
  capabilities: /* @__PURE__ */ new Set()
};
function endReason(end) {
  if (end.by === "self" || end.code !== connectionErrorCodes.connectionClose)
    return "protocol";
  return end.text === "left" || end.text === "replaced" ? end.text : "closed";
}

// dist/cluster/link/link-hub.js
var LinkHub = class {
  self;
  metrics;
  #deps;
  #options;
  #events;
  #pool = new SlabPool();
  #listeners = new Listeners();
  #acceptors = /* @__PURE__ */ new Map();
  #byName = /* @__PURE__ */ new Map();
  #all = /* @__PURE__ */ new Set();
  #nextId = 1;
  constructor(deps, options, events) {
    this.self = deps.self;
    this.metrics = new LinkMetrics(deps.metrics);
    this.#deps = deps;
    this.#options = options;
    this.#events = events;
  }
  /** Every connection that has not ended: strangers, links that are up, and those that drain. */
  get connections() {
    return this.#all;
  }
  /** Links that are up. */
  links() {
    return [...this.#all].filter((link) => link.up);
  }
  findLink(name) {
    return this.#byName.get(name);
  }
  listen(listener) {
    return this.#listeners.add(listener);
  }
  serve(kind, accept) {
    assert(!this.#acceptors.has(kind), `one acceptor for streams of kind ${kind}`);
    this.#acceptors.set(kind, accept);
    return () => {
      if (this.#acceptors.get(kind) === accept)
        this.#acceptors.delete(kind);
    };
  }
  /** Puts an engine on a connection; it listens, and says SETUP when it dialled. */
  create(connection, isDialer, metadataMime) {
    const { clock } = this.#deps;
    const link = new RsocketLink({
      id: this.#nextId++,
      isDialer,
      connection,
      owner: this,
      clock,
      pool: this.#pool,
      options: this.#options,
      createEngine: this.#deps.createEngine ?? createOwnEngine
    });
    this.#all.add(link);
    link.start(metadataMime);
    return link;
  }
  /** The peer of a connection is known. `isNamed` makes it the link of that name; an exchange is not. */
  raise(link, peer, isNamed) {
    link.raise(peer);
    if (!isNamed)
      return;
    this.#byName.set(peer.name, link);
    this.metrics.count("up");
    this.#deps.logger.info("link up", { node: peer.name, epoch: peer.epoch, role: peer.role, address: peer.address });
    this.#listeners.tell({ kind: "up", link });
  }
  /** A link is no longer the one of its name. */
  lower(link, reason) {
    if (this.#byName.get(link.peer.name) !== link)
      return;
    this.#byName.delete(link.peer.name);
    this.metrics.count("down");
    this.#deps.logger.info("link down", { node: link.peer.name, epoch: link.peer.epoch, reason });
    this.#listeners.tell({ kind: "down", link, reason });
  }
  /** Another link took over: this one opens nothing more, finishes what runs, and is told as down. */
  retire(link) {
    link.drain();
    this.lower(link, "replaced");
    if (link.engine.streamCount === 0)
      link.close("replaced");
  }
  /** Open streams of some kinds over all connections. */
  streamCount(kinds3) {
    let count = 0;
    for (const link of this.#all)
      for (const kind of kinds3)
        count += link.engine.countOf(kindBytes[kind]);
    return count;
  }
  // What links tell.
  onSetup(link, setup) {
    return this.#events.onSetup(link, setup);
  }
  onRequest(link, stream2) {
    if (stream2.metadataForm === "composite")
      return this.#accept(link, stream2, "rpc");
    const view = stream2.payload;
    const byte = view.metadataLength > 0 ? view.bytes[view.metadataStart] : void 0;
    view.metadataStart += byte === void 0 ? 0 : 1;
    if (!link.up)
      return byte === helloByte ? this.#events.onHello(link, stream2) : refuse(stream2, "hello comes first");
    const kind = byte === void 0 ? void 0 : findKind(byte);
    return kind === void 0 ? refuse(stream2, "unknown kind of stream") : this.#accept(link, stream2, kind);
  }
  onCallbackFailed(link, error) {
    this.metrics.count("callback-failed");
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#deps.logger.error("a callback of a stream threw", { node: link.peer.name, error: text });
  }
  onMoved(link) {
    if (link.isDraining && link.engine.streamCount === 0)
      link.close("replaced");
    this.#events.onMoved();
  }
  onTick(link) {
    this.metrics.collect(link.engine.counters);
    this.#events.onTick(link);
  }
  onEnded(link, reason) {
    this.#all.delete(link);
    this.metrics.collect(link.engine.counters);
    this.lower(link, reason);
    this.#events.onEnded(link, reason);
  }
  #accept(link, stream2, kind) {
    const accept = this.#acceptors.get(kind);
    if (accept === void 0)
      return refuse(stream2, `nobody takes streams of kind ${kind} here`);
    link.engine.mark(stream2, kindBytes[kind]);
    return accept(stream2);
  }
};
function refuse(incoming, why) {
  incoming.stream.fail(streamErrorCodes.rejected, textToBytes(why));
  return deafSink;
}

// dist/cluster/link/guest-links.js
var GuestLinks = class {
  self;
  #options;
  #hub;
  #dialDeps;
  #exchanger;
  #idle;
  constructor(deps, options) {
    this.self = deps.self;
    this.#options = options;
    this.#hub = new LinkHub(deps, options, {
      onSetup: () => ({ code: connectionErrorCodes.rejectedSetup, text: "a guest takes no connections" }),
      onHello: (_link, stream2) => refuse(stream2, "a guest takes no hello"),
      onMoved: () => this.#idle.check(),
      onTick: () => void 0,
      onEnded: () => this.#idle.check()
    });
    const self = { ...deps.self, role: "guest", address: "" };
    const hello = { self, secrets: deps.secrets, options };
    this.#dialDeps = { hub: this.#hub, clock: deps.clock, connections: deps.connections, hello };
    this.#exchanger = new Exchanger(this.#dialDeps, options);
    this.#idle = new Idle(deps.clock, (kinds3) => this.#hub.streamCount(kinds3) === 0);
  }
  /**
   * Dials `host:port` and resolves with the link, up. Rejects with `unavailable` when nobody answers there, `unauthorized`,
   * `incompatible`, or `rejected` with the node's reason. A link that is lost is not dialled again: call it again.
   */
  dial(address, timeoutMs = this.#options.dialTimeoutMs) {
    return new Promise((resolve2, reject) => {
      const dial = new Dial(this.#dialDeps, { purpose: "link", insists: true, wanted: "" }, (outcome) => {
        if (outcome.kind === "welcome") {
          const old = this.#hub.findLink(outcome.peer.name);
          if (old !== void 0)
            this.#hub.retire(old);
          this.#hub.raise(outcome.link, outcome.peer, true);
          resolve2(outcome.link);
        } else {
          reject(toError(address, outcome));
        }
      });
      dial.start(address, timeoutMs);
    });
  }
  /**
   * Dials a stock RSocket server, without hello: `link.open` sends metadata as it is given, which should be composite. `name` is
   * what the link goes by here. A SETUP that the server refuses ends the link as `protocol` later. Rejects with `unavailable`.
   */
  async dialStock(address, name, timeoutMs = this.#options.dialTimeoutMs) {
    const to = toAddress(address);
    if (to === void 0)
      throw new ClusterError("unavailable", `${address} is no address`);
    const connection = await this.#dialDeps.connections.dial(to, { timeoutMs });
    const link = this.#hub.create(connection, true, compositeMime);
    link.engine.metadataForm = "composite";
    this.#hub.raise(link, { name, epoch: 0, role: "stock", address, wireVersion: 0, capabilities: /* @__PURE__ */ new Set() }, true);
    return link;
  }
  /** Closes every link. Idempotent. */
  async stop(drainMs = 0) {
    if (drainMs > 0)
      await this.#idle.wait(drainMs, ["rpc", "bus"]);
    this.#exchanger.stop();
    for (const link of this.#hub.connections)
      link.close("left");
    await this.#idle.ended(() => this.#hub.connections.size === 0);
  }
  links() {
    return this.#hub.links();
  }
  findLink(name) {
    return this.#hub.findLink(name);
  }
  listen(listener) {
    return this.#hub.listen(listener);
  }
  serve(kind, accept) {
    return this.#hub.serve(kind, accept);
  }
  exchange(request, done) {
    this.#exchanger.exchange(request, done);
  }
};
function toError(address, outcome) {
  if (outcome.kind === "unreachable") {
    return new ClusterError("unavailable", `no node answers at ${address}`, { details: outcome.fault });
  }
  const { why } = outcome;
  if (why === "unauthorized" || why === "incompatible")
    return new ClusterError(why, `the node at ${address} says so`);
  return new ClusterError("rejected", `the node at ${address} refuses this guest: ${why}`);
}

// dist/protocol/rsocket/options.js
function resolveEngineOptions(options = {}) {
  return { ...engineDefaults, ...options };
}
var engineDefaults = {
  frameMaxBytes: frameBytesMax,
  strangerFrameMaxBytes: 65536,
  payloadMaxBytes: 67108864,
  assemblyMaxBytes: 134217728,
  streamsMax: 65536,
  longPayloadBytes: 16384,
  fragmentMaxBytes: 65536,
  turnMaxBytes: 262144,
  highWaterBytes: 1048576,
  bufferedMaxBytes: 67108864,
  malformedMax: 64,
  firstStreamId: void 0
};

// dist/cluster/link/link-options.js
function resolveLinkOptions(given = {}) {
  const options = { ...linkDefaults, ...given, engine: resolveEngineOptions(given.engine) };
  if (options.lifetimeMs <= options.keepAliveMs) {
    throw new ClusterError("invalid-options", `lifetimeMs ${options.lifetimeMs} must be above keepAliveMs`);
  }
  return options;
}
var linkDefaults = {
  linksMax: 200,
  acceptedMax: 1e3,
  strangersMax: 128,
  helloTimeoutMs: 5e3,
  helloBytesMax: 65536,
  dialTimeoutMs: 5e3,
  dialYieldMs: 500,
  redialMinMs: 100,
  redialMaxMs: 1e4,
  keepAliveMs: 5e3,
  lifetimeMs: 3e4,
  replacedDrainMs: 1e4,
  exchangesMax: 64,
  keys: [],
  capabilities: [],
  wireVersions: { min: wireVersionMin, max: wireVersion },
  authenticate: void 0,
  checkCertificate: void 0
};

// dist/cluster/rpc/rpc-room.js
import { Observable as Observable3 } from "rxjs/internal/Observable";

// dist/core/timer-wheel.js
var TimerWheel = class {
  #clock;
  #tickMs;
  #originMs;
  #heads = Array.from({ length: slotCount });
  #tails = Array.from({ length: slotCount });
  #levelSizes = spans.map(() => 0);
  #size = 0;
  /** The tick that the wheel stands at: all earlier ones are told. */
  #tick = 0;
  #armedTick = Number.POSITIVE_INFINITY;
  #cancelTimer;
  #telling = false;
  /** The last deadline that was set, the tick that the wheel stood at then, and where it went: many calls have the same one. */
  #sameAt;
  #sameFrom = -1;
  #sameTick = 0;
  #sameSlot = 0;
  constructor(clock, options = {}) {
    this.#clock = clock;
    this.#tickMs = options.tickMs ?? 10;
    this.#originMs = clock.now();
    assert(this.#tickMs > 0, "a tick longer than 0 ms");
  }
  /** Entries that have a deadline. */
  get size() {
    return this.#size;
  }
  /** Gives an entry its deadline, in place of one that it had. One in the past is told at the next tick, never inside this call. */
  set(entry, at) {
    assert(Number.isFinite(at), "a deadline that comes");
    if (entry.wheelSlot >= 0)
      this.#unlink(entry);
    if (at === this.#sameAt && this.#tick === this.#sameFrom && this.#size > 0) {
      entry.wheelTick = this.#sameTick;
      this.#append(entry, this.#sameSlot);
      return;
    }
    if (this.#size === 0 && !this.#telling)
      this.#tick = this.#nowTick();
    entry.wheelTick = Math.max(this.#tick + 1, this.#tickAt(at));
    this.#link(entry);
    if (!this.#telling && this.#slotTick(entry.wheelSlot) < this.#armedTick)
      this.#catchUpAndArm(entry);
    this.#sameAt = at;
    this.#sameFrom = this.#tick;
    this.#sameTick = entry.wheelTick;
    this.#sameSlot = entry.wheelSlot;
  }
  /** Takes the deadline away; nothing happens when there is none. */
  cancel(entry) {
    if (entry.wheelSlot < 0)
      return;
    this.#unlink(entry);
    if (this.#size === 0)
      this.#disarm();
  }
  /** Takes every deadline away. */
  clear() {
    for (let slot = 0; slot < slotCount; slot += 1) {
      for (let entry = this.#heads[slot]; entry !== void 0; entry = this.#heads[slot])
        this.#unlink(entry);
    }
    this.#disarm();
  }
  /** An earlier slot than the armed one: the wheel moves on to the present first, because the entry then lies in a finer slot. */
  #catchUpAndArm(entry) {
    const nowTick = this.#nowTick();
    if (nowTick > this.#tick && nowTick < this.#armedTick) {
      this.#unlink(entry);
      this.#tick = nowTick;
      entry.wheelTick = Math.max(entry.wheelTick, nowTick + 1);
      this.#link(entry);
    }
    this.#arm();
  }
  #arm() {
    const tick = this.#nextTick();
    if (tick === this.#armedTick)
      return;
    this.#disarm();
    if (tick === Number.POSITIVE_INFINITY)
      return;
    this.#armedTick = tick;
    this.#cancelTimer = this.#clock.setTimer(this.#timeOf(tick), this.#turn);
  }
  #disarm() {
    this.#cancelTimer?.();
    this.#cancelTimer = void 0;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }
  /** Tells everything that is due, slot by slot, and sets the timer for what is next. */
  #turn = () => {
    this.#disarm();
    this.#telling = true;
    try {
      const nowTick = this.#nowTick();
      for (let tick = this.#nextTick(); tick <= nowTick; tick = this.#nextTick()) {
        this.#tick = tick;
        this.#dealOut();
        this.#tell();
      }
      this.#tick = Math.max(this.#tick, nowTick);
    } finally {
      this.#telling = false;
      this.#arm();
    }
  };
  /** The last tick whose time has come. */
  #nowTick() {
    const now = this.#clock.now();
    const tick = this.#tickAt(now);
    return this.#timeOf(tick) > now ? tick - 1 : tick;
  }
  /** The first tick that is not before a time. The division may be a rounding off, which would arm the timer for ever or tell early. */
  #tickAt(at) {
    const tick = Math.ceil((at - this.#originMs) / this.#tickMs);
    if (this.#timeOf(tick) < at)
      return tick + 1;
    return this.#timeOf(tick - 1) >= at ? tick - 1 : tick;
  }
  #timeOf(tick) {
    return after(this.#originMs, tick * this.#tickMs);
  }
  /** Moves what lies in the slots that begin at this tick to the lower levels, the highest first, which keeps the order. */
  #dealOut() {
    for (let level = spans.length - 1; level > 0; level -= 1) {
      const span = spans[level] ?? 1;
      if (this.#tick % span !== 0 || this.#levelSizes[level] === 0)
        continue;
      const slot = level * slotsPerLevel + this.#tick / span % slotsPerLevel;
      const last = this.#tails[slot];
      for (let entry = this.#heads[slot]; entry !== void 0; entry = this.#heads[slot]) {
        this.#unlink(entry);
        this.#link(entry);
        if (entry === last)
          break;
      }
    }
  }
  #tell() {
    const slot = this.#tick % slotsPerLevel;
    for (let entry = this.#heads[slot]; entry !== void 0; entry = this.#heads[slot]) {
      this.#unlink(entry);
      entry.onDeadline(this.#clock.now());
    }
  }
  /** The tick at which the next slot that holds something begins. A lower level's slots all come before a higher one's. */
  #nextTick() {
    for (let level = 0; level < spans.length; level += 1) {
      if (this.#levelSizes[level] === 0)
        continue;
      const span = spans[level] ?? 1;
      const turn = Math.floor(this.#tick / span);
      for (let step2 = level === 0 ? 0 : 1; step2 < slotsPerLevel; step2 += 1) {
        const slot = level * slotsPerLevel + (turn + step2) % slotsPerLevel;
        if (this.#heads[slot] !== void 0)
          return (turn + step2) * span;
      }
    }
    return Number.POSITIVE_INFINITY;
  }
  /** The tick at which a slot that lies ahead begins. */
  #slotTick(slot) {
    const level = Math.floor(slot / slotsPerLevel);
    const span = spans[level] ?? 1;
    const turn = Math.floor(this.#tick / span);
    const ahead = ((slot - turn) % slotsPerLevel + slotsPerLevel) % slotsPerLevel;
    return (turn + ahead) * span;
  }
  #link(entry) {
    this.#append(entry, this.#slotOf(entry.wheelTick));
  }
  #append(entry, slot) {
    const tail = this.#tails[slot];
    entry.wheelSlot = slot;
    entry.wheelPrevious = tail;
    entry.wheelNext = void 0;
    if (tail === void 0)
      this.#heads[slot] = entry;
    else
      tail.wheelNext = entry;
    this.#tails[slot] = entry;
    this.#count(slot, 1);
  }
  #unlink(entry) {
    const { wheelNext, wheelPrevious, wheelSlot } = entry;
    if (wheelPrevious === void 0)
      this.#heads[wheelSlot] = wheelNext;
    else
      wheelPrevious.wheelNext = wheelNext;
    if (wheelNext === void 0)
      this.#tails[wheelSlot] = wheelPrevious;
    else
      wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelNext = void 0;
    entry.wheelPrevious = void 0;
    entry.wheelSlot = -1;
    this.#count(wheelSlot, -1);
  }
  #count(slot, change) {
    const level = slot / slotsPerLevel | 0;
    this.#levelSizes[level] = (this.#levelSizes[level] ?? 0) + change;
    this.#size += change;
  }
  #slotOf(tick) {
    const top = spans.length - 1;
    let level = 0;
    let span = 1;
    while (level < top && Math.floor(tick / (span * slotsPerLevel)) !== Math.floor(this.#tick / (span * slotsPerLevel))) {
      level += 1;
      span *= slotsPerLevel;
    }
    const farthest = this.#tick + (slotsPerLevel - 1) * span;
    const shown = level === top ? Math.min(tick, farthest) : tick;
    return level * slotsPerLevel + Math.floor(shown / span) % slotsPerLevel;
  }
};
var slotsPerLevel = 64;
var spans = [1, 64, 64 ** 2, 64 ** 3, 64 ** 4];
var slotCount = slotsPerLevel * spans.length;

// dist/cluster/rpc/call-scope.js
import { AsyncLocalStorage } from "node:async_hooks";
var CallScope = class {
  #storage = new AsyncLocalStorage();
  #tracing;
  #inheriting;
  #isWatched;
  #api;
  #loading;
  /** The call whose handler is on the stack. */
  #running;
  constructor(options) {
    this.#tracing = options.tracing;
    this.#inheriting = options.inheritance !== false;
    this.#isWatched = options.inheritance === true;
  }
  /** Resolves when calls can be traced, if anything in this process traces. */
  async start() {
    if (this.#tracing && hasTraceSdk())
      await this.#load();
  }
  /** The call that this code runs for, if it runs for one. */
  current() {
    return this.#isWatched ? this.#storage.getStore() ?? this.#running : void 0;
  }
  /** Somebody may ask for the current call from here on. */
  watch() {
    this.#isWatched = true;
  }
  /** Lets go of it: on Node 20 every promise of the process pays for each storage that was ever entered. */
  stop() {
    this.#storage.disable();
  }
  /** Runs a handler inside its call and inside the caller's trace. */
  run(call2, work, input) {
    const api = hasTrace(call2.headers) ? this.#findApi() : void 0;
    if (api === void 0)
      return this.#enter(call2, work, input);
    const trace2 = api.propagation.extract(api.context.active(), call2.headers, headerGetter);
    return api.context.with(trace2, () => this.#enter(call2, work, input));
  }
  /** Adds trace context and baggage to the headers of a call that goes out; returns the same object when there is none. */
  inject(headers) {
    const api = this.#findApi();
    if (api === void 0)
      return headers;
    const active = api.context.active();
    if (active === api.ROOT_CONTEXT)
      return headers;
    const carrier = new HeaderCarrier(headers);
    api.propagation.inject(active, carrier, headerSetter);
    return carrier.headers;
  }
  #findApi() {
    if (this.#api !== void 0 || !this.#tracing || !hasTraceSdk())
      return this.#api;
    void this.#load();
    return void 0;
  }
  #load() {
    this.#loading ??= this.#loadApi();
    return this.#loading;
  }
  async #loadApi() {
    this.#api = await import("@opentelemetry/api");
  }
  #enter(call2, work, input) {
    if (!this.#inheriting)
      return work(input, call2);
    const outer = this.#running;
    this.#running = call2;
    try {
      return this.#isWatched ? this.#storage.run(call2, work, input, call2) : work(input, call2);
    } finally {
      this.#running = outer;
    }
  }
};
var traceGlobal = /* @__PURE__ */ Symbol.for("opentelemetry.js.api.1");
function hasTraceSdk() {
  return traceGlobal in globalThis;
}
var HeaderCarrier = class {
  headers;
  #isOwn = false;
  constructor(headers) {
    this.headers = headers;
  }
  set(key, value) {
    if (!this.#isOwn)
      this.headers = { ...this.headers };
    this.#isOwn = true;
    if (this.headers !== void 0)
      this.headers[key] = value;
  }
};
var headerSetter = {
  set: (carrier, key, value) => carrier.set(key, value)
};
var headerGetter = {
  get: (carrier, key) => carrier[key],
  keys: (carrier) => Object.keys(carrier)
};
function hasTrace(headers) {
  return headers["traceparent"] !== void 0 || headers["baggage"] !== void 0 || headers["b3"] !== void 0;
}

// dist/cluster/rpc/call-metadata.js
var routesMax = 4096;
var flagDefine = 1;
var flagDepth = 2;
var flagHeaders = 4;
var flagDefinitions = 8;
function writeCallMetadata(writer2, route, head) {
  const { define } = route;
  const hasHeaders = head.headers !== void 0;
  writer2.reset();
  writer2.u8(route.version);
  writer2.u8((define ? flagDefine : 0) | (head.depth > 1 ? flagDepth : 0) | (hasHeaders ? flagHeaders : 0));
  writer2.varint(route.number);
  if (define !== void 0) {
    writer2.text(define.service);
    writer2.text(define.instanceId);
    writer2.text(define.method);
  }
  writer2.varint(head.remainingMs);
  if (head.depth > 1)
    writer2.varint(head.depth);
  if (head.headers === void 0)
    return;
  const entries = Object.entries(head.headers);
  writer2.varint(entries.length);
  for (const [key, value] of entries) {
    writer2.text(key);
    writer2.text(value);
  }
}
function readCallMetadata(reader, known) {
  const version = reader.u8();
  const flags = reader.u8();
  const number = reader.varint();
  const route = (flags & flagDefine) === 0 ? known.get(number) : readRoute(reader);
  const remainingMs = reader.varint();
  const depth = (flags & flagDepth) === 0 ? 1 : reader.varint();
  const headers = (flags & flagHeaders) === 0 ? void 0 : readHeaders(reader);
  if (!reader.ok || version < wireVersionMin || route === void 0)
    return void 0;
  if ((flags & flagDefine) !== 0 && number > 0 && number <= routesMax)
    known.set(number, route);
  return { route, remainingMs, depth, headers };
}
function readRoute(reader) {
  const service = reader.text(serviceNameBytesMax);
  const instanceId = reader.text(serviceNameBytesMax);
  const method = reader.text(serviceNameBytesMax);
  return { service, instanceId, method };
}
function readHeaders(reader) {
  const count = reader.varint();
  const end = reader.remaining - headersBytesMax;
  const headers = {};
  if (count > headersMax)
    reader.bytes(reader.remaining + 1);
  for (let index = 0; index < count && reader.ok; index += 1) {
    const key = reader.text(headersBytesMax);
    const value = reader.text(headersBytesMax);
    if (key !== "__proto__")
      headers[key] = value;
    if (reader.remaining < end)
      reader.bytes(reader.remaining + 1);
  }
  return headers;
}

// dist/cluster/rpc/client-house.js
function planCall(method, options, defaultMs) {
  const outer = method.house.scope.current();
  if (outer === void 0 && defaultMs === method.timeoutMs && saysNothing(method, options))
    return method.plain;
  const asked = options.timeoutMs ?? defaultMs;
  const timeoutMs = outer === void 0 ? asked : Math.min(asked, outer.remainingMs());
  if (!(timeoutMs > 0))
    return new ClusterError("deadline-exceeded", `no time is left to call ${method.service}`);
  if (options.signal?.aborted === true)
    return cancelledError(options.signal.reason);
  const headers = method.house.scope.inject(options.headers);
  const wrong = headers === void 0 ? void 0 : findHeaderFault(headers);
  if (wrong !== void 0)
    return new ClusterError("too-large", wrong);
  return { timeoutMs, depth: (outer?.depth ?? 0) + 1, headers };
}
function saysNothing({ house }, { timeoutMs, signal, headers }) {
  if (timeoutMs !== void 0 || signal !== void 0 || headers !== void 0)
    return false;
  return house.scope.inject(void 0) === void 0;
}
function cancelledError(reason) {
  return new ClusterError("cancelled", "the caller cancelled", { cause: reason });
}
function findHeaderFault(headers) {
  let bytes = 0;
  let count = 0;
  for (const [key, value] of Object.entries(headers)) {
    count += 1;
    bytes += (key.length + value.length) * 3;
  }
  if (count > headersMax)
    return `a call takes at most ${headersMax} headers, not ${count}`;
  return bytes > headersBytesMax * 3 ? `headers take more than ${headersBytesMax} bytes` : void 0;
}
var LinkRoutes = class {
  #next = /* @__PURE__ */ new Map();
  #writer = new ByteWriter(256);
  /** Forgets a link that ended. */
  forget(link) {
    this.#next.delete(link.id);
  }
  /** The metadata of one call to a target over its link. */
  write(target, link, method, head) {
    const route = target.route?.link === link ? target.route : this.#number(target, link);
    const isPlain2 = route.known && head.depth <= 1 && head.headers === void 0;
    const named = { service: method.service, instanceId: target.instanceId, method: method.name };
    const define = route.known && route.number > 0 ? void 0 : named;
    writeCallMetadata(this.#writer, { number: route.number, define, version: link.peer.wireVersion }, head);
    const written = this.#writer.take();
    if (isPlain2 && define === void 0) {
      route.plain = written;
      route.plainRemainingMs = head.remainingMs;
    }
    return written;
  }
  #number(target, link) {
    const next = (this.#next.get(link.id) ?? 0) + 1;
    const number = next > routesMax ? 0 : next;
    this.#next.set(link.id, next);
    target.route = { link, number, known: false, plainRemainingMs: -1, plain: void 0 };
    return target.route;
  }
};

// dist/cluster/rpc/item-stream.js
import { Observable as Observable2 } from "rxjs/internal/Observable";

// dist/cluster/rpc/credited-queue.js
var CreditedQueue = class {
  #window;
  #credit;
  #items;
  #readers = [];
  #taken = 0;
  #ended = false;
  #error;
  #failed = false;
  /** `window` items were already allowed. */
  constructor(window, credit) {
    this.#window = window;
    this.#credit = credit;
    this.#items = new BoundedQueue(window);
  }
  [Symbol.asyncIterator]() {
    return this;
  }
  /** Takes an item; returns false when the sender had no credit for it. */
  push(item) {
    if (this.#ended)
      return true;
    const reader = this.#readers.shift();
    const result = { done: false, value: item };
    if (reader === void 0)
      return this.#items.push(result);
    this.#give(1);
    reader.resolve(result);
    return true;
  }
  /** The sender has no more. What is queued is still read. */
  end() {
    if (this.#ended)
      return;
    this.#ended = true;
    for (const reader of this.#readers.splice(0))
      reader.resolve({ done: true, value: void 0 });
  }
  /** The sender failed. What is queued is still read, then the error is thrown once. */
  fail(error) {
    if (this.#ended)
      return;
    this.#ended = true;
    const [first, ...others] = this.#readers.splice(0);
    if (first === void 0) {
      this.#failed = true;
      this.#error = error;
    } else {
      first.reject(error);
    }
    for (const reader of others)
      reader.resolve({ done: true, value: void 0 });
  }
  next() {
    const queued = this.#items.shift();
    if (queued !== void 0) {
      if (!this.#ended)
        this.#give(1);
      return Promise.resolve(queued);
    }
    if (this.#failed) {
      this.#failed = false;
      return Promise.reject(this.#error instanceof Error ? this.#error : ClusterError.from(this.#error, "remote"));
    }
    if (this.#ended)
      return Promise.resolve({ done: true, value: void 0 });
    return new Promise((resolve2, reject) => {
      this.#readers.push({ resolve: resolve2, reject });
    });
  }
  return() {
    const wasEnded = this.#ended;
    this.end();
    this.#items.clear();
    this.#failed = false;
    if (!wasEnded)
      this.#credit.cancel();
    return Promise.resolve({ done: true, value: void 0 });
  }
  #give(count) {
    this.#taken += count;
    if (this.#taken * 2 < this.#window)
      return;
    const taken = this.#taken;
    this.#taken = 0;
    this.#credit.request(taken);
  }
};

// dist/cluster/rpc/item-stream.js
var ItemStream = class {
  #open;
  #credit;
  constructor(open, credit) {
    assert(Number.isInteger(credit) && credit >= 1, `a credit of at least 1, not ${credit}`);
    this.#open = open;
    this.#credit = credit;
  }
  [Symbol.asyncIterator]() {
    let call2;
    const queue = new CreditedQueue(this.#credit, {
      request: (count) => call2?.request(count),
      cancel: () => call2?.cancel()
    });
    const receiver = {
      item: (value) => {
        if (queue.push(value))
          return;
        call2?.cancel();
        queue.fail(new ClusterError("protocol", "the other side sent more items than it had credit for"));
      },
      ended: () => queue.end(),
      failed: (error) => queue.fail(error)
    };
    call2 = this.#open(receiver, this.#credit);
    return queue;
  }
  drain(concurrency, project) {
    assert(Number.isInteger(concurrency) && concurrency >= 1, `a concurrency of at least 1, not ${concurrency}`);
    return new Promise((resolve2, reject) => {
      const drained = new Drain(project, resolve2, reject);
      drained.call = this.#open(drained, concurrency);
    });
  }
  toObservable() {
    return new Observable2((subscriber) => {
      let taken = 0;
      let call2;
      const receiver = {
        item: (value) => {
          subscriber.next(value);
          taken += 1;
          if (taken * 2 < this.#credit)
            return;
          call2?.request(taken);
          taken = 0;
        },
        ended: () => subscriber.complete(),
        failed: (error) => subscriber.error(error)
      };
      try {
        call2 = this.#open(receiver, this.#credit);
      } catch (error) {
        subscriber.error(error);
      }
      return () => call2?.cancel();
    });
  }
};
var Drain = class {
  #project;
  #resolve;
  #reject;
  call;
  #working = 0;
  #ended = false;
  #failed = false;
  constructor(project, resolve2, reject) {
    this.#project = project;
    this.#resolve = resolve2;
    this.#reject = reject;
  }
  item(value) {
    this.#working += 1;
    void this.#work(value);
  }
  ended() {
    this.#ended = true;
    if (this.#working === 0)
      this.#resolve();
  }
  failed(error) {
    this.#failed = true;
    this.#reject(error);
  }
  async #work(item) {
    try {
      await this.#project(item);
    } catch (error) {
      this.call?.cancel();
      this.failed(error);
    }
    this.#working -= 1;
    if (this.#failed)
      return;
    if (!this.#ended)
      this.call?.request(1);
    else if (this.#working === 0)
      this.#resolve();
  }
};

// dist/cluster/rpc/link-values.js
var LinkValues = class {
  #codec;
  #lane;
  #full;
  #basic;
  #byLink = /* @__PURE__ */ new WeakMap();
  #lastLink;
  #last;
  constructor(codec) {
    this.#codec = codec;
    this.#lane = isLaneCodec(codec) ? codec : void 0;
    this.#full = this.#lane?.createEncoder(new Set(this.#lane.capabilities));
    this.#basic = this.#lane?.createEncoder(/* @__PURE__ */ new Set());
  }
  /** The codec of calls on a link; a method's own codec, such as for raw bytes, stays as it is. */
  codecFor(link, codec) {
    if (codec !== this.#codec || this.#lane === void 0 || link.peer.role === "stock")
      return codec;
    if (link === this.#lastLink && this.#last !== void 0)
      return this.#last;
    this.#lastLink = link;
    this.#last = this.#find(link, this.#lane);
    return this.#last;
  }
  /** Takes definitions of the peer; false when they are malformed, or too many. */
  define(link, payload) {
    if (this.#lane === void 0 || link.peer.role === "stock")
      return false;
    return this.#find(link, this.#lane).define(new ByteReader(payload.bytes, payload.dataStart, payload.dataEnd));
  }
  #find(link, lane) {
    const known = this.#byLink.get(link);
    if (known !== void 0)
      return known;
    const readsAll2 = lane.capabilities.every((capability) => link.peer.capabilities.has(capability));
    const made = new LinkCodec(link, lane, (readsAll2 ? this.#full : this.#basic) ?? lane.createEncoder(/* @__PURE__ */ new Set()));
    this.#byLink.set(link, made);
    return made;
  }
};
var LinkCodec = class {
  name;
  #link;
  #lane;
  #encoder;
  #decoder;
  /** Definitions of ours that the peer has. */
  #confirmed = 0;
  /** Those that are on their way; 0 for none. */
  #offered = 0;
  #failures = 0;
  constructor(link, lane, encoder) {
    this.name = lane.name;
    this.#link = link;
    this.#lane = lane;
    this.#encoder = encoder;
    this.#decoder = lane.createDecoder();
  }
  encode(value) {
    if (this.#failures >= failuresMax)
      return this.#lane.encode(value);
    const bytes = this.#encoder.encode(value);
    if (this.#encoder.needed <= this.#confirmed)
      return bytes;
    if (this.#offered === 0)
      this.#offer();
    return this.#lane.encode(value);
  }
  decode(bytes) {
    return this.#decoder.decode(bytes, 0, bytes.length);
  }
  /** Decodes a value where it lies. */
  decodeRange(bytes, start, end) {
    return this.#decoder.decode(bytes, start, end);
  }
  /** Turns bytes that `encode` gave into such as any link can carry: the value as it was then, whatever became of it since. */
  toSelfContained(bytes) {
    const decoder = this.#lane.createDecoder();
    for (let index = 0; index < this.#encoder.definitionCount; index += 1) {
      decoder.define(this.#encoder.definition(index));
    }
    return this.#lane.encode(decoder.decode(bytes, 0, bytes.length));
  }
  /** Takes definitions of the peer. */
  define(reader) {
    const from = reader.varint();
    for (let index = from; reader.remaining > 0; index += 1) {
      const definition = reader.block(reader.remaining);
      const { definitionCount } = this.#decoder;
      if (index < definitionCount)
        continue;
      if (index > definitionCount || !this.#decoder.define(definition))
        return false;
    }
    return reader.ok;
  }
  onNext() {
  }
  onComplete() {
    this.#confirmed = Math.max(this.#confirmed, this.#offered);
    this.#offered = 0;
  }
  onFail(fault) {
    this.#offered = 0;
    const isRefused = fault.kind === "remote" && fault.code === streamErrorCodes.invalid;
    this.#failures = isRefused ? failuresMax : this.#failures + 1;
  }
  onCredit() {
  }
  onCancel() {
  }
  /** Sends what the peer has not confirmed. A full link is tried again with the next value. */
  #offer() {
    const writer2 = new ByteWriter(1024);
    writer2.varint(this.#confirmed);
    const { definitionCount } = this.#encoder;
    for (let index = this.#confirmed; index < definitionCount; index += 1) {
      writer2.block(this.#encoder.definition(index));
    }
    this.#offered = definitionCount;
    const opened = this.#link.open({ kind: "rpc", interaction: "response", metadata: definitionsHead, data: writer2.take(), credit: 1 }, this);
    if (typeof opened === "string")
      this.#offered = 0;
  }
};
var failuresMax = 8;
var definitionsHead = Uint8Array.of(wireVersion, flagDefinitions);
function bringsDefinitions(payload) {
  return payload.metadataLength === definitionsHead.length && payload.bytes[payload.metadataStart + 1] === flagDefinitions;
}
function isLaneCodec(codec) {
  return "createEncoder" in codec && "createDecoder" in codec;
}

// dist/cluster/rpc/raw-codec.js
function createRawCodec() {
  return new RawCodec();
}
function decodeData(codec, payload) {
  if (codec instanceof LinkCodec)
    return codec.decodeRange(payload.bytes, payload.dataStart, payload.dataEnd);
  if (!(codec instanceof RawCodec))
    return codec.decode(payload.data());
  return payload.isOwned ? payload.data() : codec.copy(payload.bytes, payload.dataStart, payload.dataEnd);
}
var RawCodec = class {
  name = "application/octet-stream";
  #block = emptyBytes;
  #buffer = emptyBytes.buffer;
  #used = 0;
  /** The bytes that the last copy came from, as a rule one chunk of a connection, and the memory under them: reading it costs 29 ns. */
  #source = emptyBytes;
  #sourceBuffer = emptyBytes.buffer;
  encode(value) {
    if (value instanceof Uint8Array)
      return value;
    if (value === void 0)
      return emptyBytes;
    throw new ClusterError("invalid-value", "a raw method takes and gives a Uint8Array");
  }
  decode(bytes) {
    return this.copy(bytes, 0, bytes.length);
  }
  /** The bytes from `start` to `end`. A view made by its constructor costs 30 ns, one by `subarray` 42. */
  copy(bytes, start, end) {
    const length = end - start;
    if (length > sharedBytesMax)
      return bytes.slice(start, end);
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(blockBytes);
      this.#buffer = this.#block.buffer;
      this.#used = 0;
    }
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceBuffer = bytes.buffer;
    }
    const at = this.#used;
    this.#used = at + length;
    this.#block.set(new Uint8Array(this.#sourceBuffer, bytes.byteOffset + start, length), at);
    return new Uint8Array(this.#buffer, at, length);
  }
};
var blockBytes = 8192;
var sharedBytesMax = 1024;

// dist/core/error-body.js
var causesMax = 8;
var textMax = 2048;
var stackMax = 8192;
var detailsMax = 16384;
var bodyMax = 131072;
function writeErrorBody(error, origin) {
  const body = {
    code: error.code,
    message: withoutCode(error.message).slice(0, textMax),
    node: error.node ?? origin.node
  };
  const details = toJson(error.details);
  if (details !== void 0)
    body["details"] = details;
  if (origin.exposeStacks && error.stack !== void 0)
    body["stack"] = error.stack.slice(0, stackMax);
  const causes2 = readCauses(error.cause, origin.exposeStacks);
  if (causes2.length > 0)
    body["causes"] = causes2;
  return textToBytes(JSON.stringify(body));
}
function readErrorBody({ data, node, ran, code }) {
  const body = data.length > bodyMax ? {} : parseBody(data);
  const { code: word } = body;
  const text = toText(body["message"]).slice(0, textMax) || "the other side failed";
  const at = typeof body["node"] === "string" ? body["node"].slice(0, 64) : node;
  const known = typeof word === "string" && isErrorCode(word) ? word : code;
  return new ClusterError(known, `${text} (at ${at})`, {
    node: at,
    ran,
    details: body["details"],
    cause: buildCauses(body)
  });
}
function toJson(details) {
  if (details === void 0)
    return void 0;
  try {
    const text = JSON.stringify(details);
    return text.length > detailsMax ? void 0 : details;
  } catch {
    return void 0;
  }
}
function readCauses(first, exposeStacks) {
  const causes2 = [];
  for (let cause = first; cause instanceof Error && causes2.length < causesMax; cause = cause.cause) {
    const plain = { name: cause.name, message: cause.message.slice(0, textMax) };
    causes2.push(exposeStacks ? { ...plain, stack: cause.stack?.slice(0, stackMax) ?? "" } : plain);
  }
  return causes2;
}
function buildCauses(body) {
  const listed = Array.isArray(body["causes"]) ? body["causes"].slice(0, causesMax) : [];
  const own = typeof body["stack"] === "string" ? [{ name: "RemoteError", message: "", stack: body["stack"] }] : [];
  return [...own, ...listed].toReversed().reduce((inner, item) => {
    const part = isRecord(item) ? item : {};
    const error = new Error(toText(part["message"]), inner === void 0 ? void 0 : { cause: inner });
    error.name = toText(part["name"]) || "Error";
    error.stack = toText(part["stack"]) || `${error.name}: ${error.message}`;
    return error;
  }, void 0);
}
function toText(value) {
  return typeof value === "string" ? value.slice(0, stackMax) : "";
}
function parseBody(data) {
  try {
    const body = JSON.parse(bytesToText(data));
    return isRecord(body) ? body : {};
  } catch {
    return { message: bytesToText(data.subarray(0, textMax)) };
  }
}
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// dist/cluster/rpc/remote-error.js
function writeError(error, ran, origin) {
  return { code: streamCodeOf(error.code, ran), data: writeErrorBody(error, origin) };
}
function readError(message, node) {
  const ran = message.code !== streamErrorCodes.rejected && message.code !== streamErrorCodes.invalid;
  return readErrorBody({ data: message.data, node, ran, code: codeOf(message.code) });
}
function codeOf(streamCode) {
  switch (streamCode) {
    case streamErrorCodes.rejected:
      return "not-executed";
    case streamErrorCodes.invalid:
      return "invalid-value";
    case streamErrorCodes.canceled:
      return "cancelled";
    default:
      return "remote";
  }
}
function streamCodeOf(code, ran) {
  if (ran)
    return code === "cancelled" ? streamErrorCodes.canceled : streamErrorCodes.applicationError;
  return code === "invalid-value" ? streamErrorCodes.invalid : streamErrorCodes.rejected;
}

// dist/cluster/rpc/call-leg.js
var LinkLeg = class {
  #owner;
  #codec;
  #node;
  #origin;
  /** Set once, right after the stream was opened. */
  stream;
  constructor(owner, codec, node, origin) {
    this.#owner = owner;
    this.#codec = codec;
    this.#node = node;
    this.#origin = origin;
  }
  get credit() {
    return this.stream?.credit ?? 0;
  }
  request(count) {
    this.stream?.request(count);
  }
  next(value) {
    this.stream?.next(emptyBytes, this.#codec.encode(value));
  }
  complete() {
    this.stream?.complete();
  }
  fail(error) {
    const { code, data } = writeError(error, true, this.#origin);
    this.stream?.fail(code, data);
  }
  cancel() {
    this.stream?.cancel();
    this.stream?.complete();
  }
  onNext(payload) {
    try {
      this.#owner.value(decodeData(this.#codec, payload));
    } catch (cause) {
      this.cancel();
      const error = ClusterError.from(cause, "protocol");
      this.#owner.failed({ error, notExecuted: false, peerFailed: false });
    }
  }
  onComplete() {
    this.#owner.ended();
    this.stream?.complete();
  }
  onFail(fault) {
    if (fault.kind === "remote") {
      const notExecuted = fault.code === streamErrorCodes.rejected || fault.code === streamErrorCodes.invalid;
      const error2 = readError(fault, this.#node);
      this.#owner.failed({ error: error2, notExecuted, peerFailed: notExecuted && error2.code === "overloaded" });
      return;
    }
    const code = fault.written ? "link-lost" : "not-executed";
    const error = new ClusterError(code, `the link to ${this.#node} ended (${fault.reason}) before the last item`);
    this.#owner.failed({ error, notExecuted: !fault.written, peerFailed: true });
  }
  onCredit() {
    this.#owner.credited();
  }
  onCancel() {
    this.#owner.stopped();
  }
};

// dist/cluster/rpc/local-leg.js
var LocalLeg = class {
  /** What the handler's side sends to. */
  port;
  /** Set once, right after the call was begun. */
  served;
  constructor(owner, credit, origin) {
    this.port = new LocalPort(owner, credit, origin);
  }
  get credit() {
    return this.port.ended ? 0 : this.port.inputs;
  }
  request(count) {
    if (this.port.ended)
      return;
    this.port.answers += count;
    this.served?.credited();
  }
  next(value) {
    if (this.port.ended)
      return;
    this.port.inputs -= 1;
    this.served?.receive(value);
  }
  complete() {
    this.served?.receiveEnd();
  }
  fail(error) {
    this.cancel(error);
  }
  cancel(reason) {
    if (this.port.ended)
      return;
    this.port.ended = true;
    this.served?.cancel(reason);
  }
};
var LocalPort = class {
  #owner;
  #origin;
  /** Items that the handler may send. */
  answers;
  /** Items that the caller may send. */
  inputs = 0;
  ended = false;
  constructor(owner, credit, origin) {
    this.#owner = owner;
    this.#origin = origin;
    this.answers = credit;
  }
  get caller() {
    return this.#origin.node;
  }
  get credit() {
    return this.ended ? 0 : this.answers;
  }
  item(value) {
    if (this.ended)
      return;
    this.answers -= 1;
    this.#owner.value(value);
  }
  answer(value) {
    this.item(value);
    this.complete();
  }
  complete() {
    if (this.ended)
      return;
    this.ended = true;
    this.#owner.ended();
  }
  fail(error, ran) {
    if (this.ended)
      return;
    this.ended = true;
    const seen = readError(writeError(error, ran, this.#origin), this.#origin.node);
    this.#owner.failed({ error: seen, notExecuted: !ran, peerFailed: false });
  }
  request(count) {
    if (this.ended)
      return;
    this.inputs += count;
    this.#owner.credited();
  }
};

// dist/cluster/rpc/pump.js
import { isObservable } from "rxjs/internal/util/isObservable";
function startPump(source, target) {
  if (isKind(source, "credit"))
    return new CreditPump(source, target);
  if (isKind(source, "lossy"))
    return new LossyPump(source, target);
  if (isObservable(source))
    return new LossyPump(withOverflow(source, "error", observableQueueMax), target);
  const iterator = findIterator(source);
  if (iterator !== void 0)
    return new IteratorPump(iterator, target);
  target.fail(new ClusterError("handler-failed", "many items come as an iterable, a credit source or an Observable, not as this", {
    details: typeof source
  }));
  return stoppedPump;
}
var stoppedPump = { credited: () => void 0, stop: () => void 0 };
var IteratorPump = class {
  #iterator;
  #target;
  #wake;
  #stopped = false;
  constructor(iterator, target) {
    this.#iterator = iterator;
    this.#target = target;
    void this.#run();
  }
  credited() {
    const wake = this.#wake;
    this.#wake = void 0;
    wake?.();
  }
  stop() {
    if (this.#stopped)
      return;
    this.#stopped = true;
    this.credited();
    this.#release();
  }
  async #run() {
    try {
      for (; ; ) {
        if (!await this.#hasCredit())
          return;
        const next = await this.#iterator.next();
        if (this.#isStopped())
          return;
        if (next.done === true) {
          this.#stopped = true;
          this.#target.complete();
          return;
        }
        const item = await this.#target.check(next.value, true);
        if (!await this.#hasCredit())
          return;
        this.#target.item(item);
      }
    } catch (error) {
      if (this.#isStopped())
        return;
      this.#stopped = true;
      this.#target.fail(error);
      this.#release();
    }
  }
  async #hasCredit() {
    while (!this.#stopped && this.#target.credit === 0) {
      await new Promise((resolve2) => {
        this.#wake = resolve2;
      });
    }
    return !this.#stopped;
  }
  #isStopped() {
    return this.#stopped;
  }
  /** Lets the source clean up. What it throws while it does is nobody's any more. */
  #release() {
    try {
      Promise.resolve(this.#iterator.return?.()).catch(() => void 0);
    } catch {
    }
  }
};
var CreditPump = class {
  #target;
  /** Items that were asked for and sent, when the link filled up in between. At most as many as were asked for. */
  #waiting = [];
  /** Items asked for that the producer has not sent. */
  #asked = 0;
  #listener;
  #stopped = false;
  #completed = false;
  constructor(source, target) {
    this.#target = target;
    try {
      source.produce(this);
    } catch (error) {
      this.fail(error);
    }
  }
  get signal() {
    return this.#target.signal;
  }
  onCredit(listener) {
    this.#listener = listener;
    this.credited();
  }
  credited() {
    while (!this.#stopped && this.#waiting.length > 0 && this.#target.credit > 0)
      this.#send(this.#waiting.shift());
    if (this.#stopped)
      return;
    if (this.#completed && this.#waiting.length === 0) {
      this.#finish();
      return;
    }
    const more = this.#target.credit - this.#asked;
    if (more <= 0 || this.#completed || this.#listener === void 0)
      return;
    this.#asked += more;
    try {
      this.#listener(more);
    } catch (error) {
      this.fail(error);
    }
  }
  next(item) {
    if (this.#stopped || this.#completed)
      return;
    if (this.#asked <= 0) {
      this.fail(new ClusterError("overflow", "a credit source sent an item that nobody asked for"));
      return;
    }
    this.#asked -= 1;
    if (this.#waiting.length === 0 && this.#target.credit > 0)
      this.#send(item);
    else
      this.#waiting.push(item);
  }
  complete() {
    this.#completed = true;
    if (!this.#stopped && this.#waiting.length === 0)
      this.#finish();
  }
  fail(error) {
    if (this.#stopped)
      return;
    this.#stopped = true;
    this.#target.fail(error);
  }
  stop() {
    this.#stopped = true;
    this.#waiting.length = 0;
  }
  #finish() {
    this.#stopped = true;
    this.#target.complete();
  }
  #send(item) {
    try {
      this.#target.item(this.#target.check(item, false));
    } catch (error) {
      this.fail(error);
    }
  }
};
var LossyPump = class {
  #target;
  #policy;
  #queue;
  #subscription;
  #completed = false;
  #stopped = false;
  constructor(lossy, target) {
    this.#target = target;
    this.#policy = lossy.policy;
    this.#queue = new BoundedQueue(lossy.policy === "latest" ? 1 : lossy.queueMax);
    this.#subscription = this.#subscribe(lossy.source);
    if (this.#stopped)
      this.#subscription.unsubscribe();
  }
  credited() {
    while (!this.#stopped && this.#queue.size > 0 && this.#target.credit > 0)
      this.#send(this.#queue.shift());
    if (!this.#stopped && this.#completed && this.#queue.size === 0) {
      this.#stopped = true;
      this.#target.complete();
    }
  }
  stop() {
    this.#stopped = true;
    this.#queue.clear();
    this.#subscription?.unsubscribe();
  }
  #subscribe(source) {
    return source.subscribe({
      next: (item) => this.#take(item),
      error: (error) => this.#fail(error),
      complete: () => {
        this.#completed = true;
        this.credited();
      }
    });
  }
  #take(item) {
    if (this.#stopped)
      return;
    if (this.#queue.size === 0 && this.#target.credit > 0)
      this.#send(item);
    else if (!this.#queue.push(item))
      this.#overflow(item);
  }
  #overflow(item) {
    switch (this.#policy) {
      case "drop-newest":
        break;
      case "drop-oldest":
      case "latest":
        this.#queue.shift();
        this.#queue.push(item);
        break;
      case "error":
        this.#fail(new ClusterError("overflow", `more than ${this.#queue.max} items wait for a slow consumer`));
        return;
    }
    this.#target.dropped(1);
  }
  #send(item) {
    try {
      this.#target.item(this.#target.check(item, false));
    } catch (error) {
      this.#fail(error);
    }
  }
  #fail(error) {
    if (this.#stopped)
      return;
    this.stop();
    this.#target.fail(error);
  }
};
function isKind(value, kind) {
  return isObject(value) && "kind" in value && value.kind === kind;
}
function findIterator(source) {
  if (isAsyncIterable3(source))
    return source[Symbol.asyncIterator]();
  return isIterable(source) ? source[Symbol.iterator]() : void 0;
}
function isAsyncIterable3(value) {
  return isObject(value) && Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === "function";
}
function isIterable(value) {
  return isObject(value) && Symbol.iterator in value && typeof value[Symbol.iterator] === "function";
}
function isObject(value) {
  return typeof value === "object" && value !== null;
}

// dist/cluster/rpc/stream-call.js
var StreamCall = class {
  #parts;
  #receiver;
  deadlineAt;
  wheelNext;
  wheelPrevious;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext;
  livePrevious;
  isLive = false;
  #leg;
  #target;
  #startedAt;
  #pump;
  #abort;
  #excluded = [];
  #attempt = 0;
  #flowing = false;
  #ended = false;
  constructor(parts, receiver) {
    this.#parts = parts;
    this.#receiver = receiver;
    this.#startedAt = parts.method.house.clock.now();
    this.deadlineAt = after(this.#startedAt, parts.plan.timeoutMs);
  }
  /** Opens it. */
  begin() {
    const { house, retry } = this.#parts.method;
    house.counters.calls.add();
    house.active.add(this);
    if (this.deadlineAt !== Number.POSITIVE_INFINITY)
      house.deadlines.set(this, this.deadlineAt);
    this.#parts.options.signal?.addEventListener("abort", this);
    retry.earn();
    this.#try();
  }
  /** The consumer wants so many more. */
  request(count) {
    if (!this.#ended)
      this.#leg?.request(count);
  }
  /** The consumer wants no more. Nothing is told to it after this. */
  cancel() {
    if (this.#ended)
      return;
    const leg = this.#leg;
    this.#end(false);
    leg?.cancel(cancelledError(void 0));
  }
  abandon(error) {
    this.#giveUp(error, false);
  }
  /** The caller's signal was aborted. */
  handleEvent() {
    this.#giveUp(cancelledError(this.#parts.options.signal?.reason), false);
  }
  onDeadline() {
    const { service, name, house } = this.#parts.method;
    house.counters.deadlines.add();
    this.#giveUp(new ClusterError("deadline-exceeded", `${service}.${name} ran out of time`), false);
  }
  value(value) {
    if (this.#ended)
      return;
    this.#flowing = true;
    this.#receiver.item(value);
  }
  ended() {
    if (this.#ended)
      return;
    this.#end(false);
    this.#receiver.ended();
  }
  failed(failure) {
    if (this.#ended)
      return;
    this.#attemptFailed(failure);
  }
  credited() {
    if (this.#ended)
      return;
    if (this.#pump === void 0 && this.#parts.method.kind === "channel")
      this.#startPump();
    else
      this.#pump?.credited();
  }
  stopped() {
    this.#pump?.stop();
  }
  /** Credit for the caller's own items, as the pump sees it. */
  get credit() {
    return this.#ended ? 0 : this.#leg?.credit ?? 0;
  }
  get signal() {
    this.#abort ??= new AbortController();
    if (this.#ended)
      this.#abort.abort();
    return this.#abort.signal;
  }
  item(value) {
    this.#leg?.next(value);
  }
  complete() {
    this.#leg?.complete();
  }
  fail(cause) {
    this.#giveUp(ClusterError.from(cause, "handler-failed"), false);
  }
  dropped() {
  }
  check(value) {
    return value;
  }
  #try() {
    const { method, options } = this.#parts;
    const now = method.house.turn.now();
    this.#attempt += 1;
    const target = method.pool.choose(options, options.select ?? method.select, now, this.#excluded);
    if (target instanceof ClusterError) {
      this.#attemptFailed({ error: target, notExecuted: true, peerFailed: false });
      return;
    }
    this.#target = target;
    this.#startedAt = now;
    target.begin(now);
    if (target.isLocal)
      this.#openHere(target);
    else
      this.#openThere(target);
  }
  #openThere(target) {
    const { method, input, credit } = this.#parts;
    const { house, kind } = method;
    const { link } = target;
    if (link === void 0)
      return this.#refused(target, "down");
    const codec = house.values.codecFor(link, method.codec);
    let data = emptyBytes;
    try {
      if (kind === "stream")
        data = codec.encode(input);
    } catch (cause) {
      const error = ClusterError.from(cause, "invalid-value");
      this.#attemptFailed({ error, notExecuted: true, peerFailed: false });
      return;
    }
    const leg = new LinkLeg(this, codec, target.node, house.origin);
    const metadata = house.routes.write(target, link, method, this.#head());
    const interaction = kind === "channel" ? "channel" : "stream";
    const stream2 = link.open({ kind: "rpc", interaction, metadata, data, credit }, leg);
    if (typeof stream2 === "string")
      return this.#refused(target, stream2);
    leg.stream = stream2;
    this.#leg = leg;
  }
  #openHere(target) {
    const { method, input, credit } = this.#parts;
    const { house, kind, service, name } = method;
    const leg = new LocalLeg(this, credit, house.origin);
    const route = { service, instanceId: target.instanceId, method: name };
    const served = house.server.beginLocal({ route, kind, head: this.#head() }, leg.port);
    if (served instanceof ClusterError) {
      this.#attemptFailed({ error: served, notExecuted: true, peerFailed: false });
      return;
    }
    leg.served = served;
    this.#leg = leg;
    served.start(kind === "stream" ? input : void 0);
  }
  #refused(target, why) {
    const code = why === "full" ? "overloaded" : "not-executed";
    const error = new ClusterError(code, `the link to ${target.node} takes no call now`);
    this.#attemptFailed({ error, notExecuted: true, peerFailed: why === "down" });
  }
  #head() {
    const { timeoutMs, depth, headers } = this.#parts.plan;
    const left = this.deadlineAt - this.#parts.method.house.turn.now();
    return { remainingMs: timeoutMs === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil(left)), depth, headers };
  }
  #startPump() {
    this.#flowing = true;
    const pump = startPump(this.#parts.input, this);
    if (this.#ended)
      pump.stop();
    else
      this.#pump = pump;
  }
  #attemptFailed(failure) {
    const { retry, idempotent, house } = this.#parts.method;
    const target = this.#target;
    this.#leaveTarget(failure.peerFailed);
    this.#leg = void 0;
    const { error, notExecuted } = failure;
    const mayRepeat = idempotent && !this.#flowing && this.#parts.method.kind === "stream";
    const judged = { code: error.code, notExecuted, idempotent: mayRepeat, attempt: this.#attempt };
    const delayMs = this.#flowing ? void 0 : retry.decide(judged);
    const retryAt = after(house.clock.now(), delayMs ?? 0);
    if (delayMs === void 0 || retryAt >= this.deadlineAt) {
      this.#end(false);
      house.counters.failed.add();
      this.#receiver.failed(error);
      return;
    }
    house.counters.retries.add();
    if (target !== void 0)
      this.#excluded = [...this.#excluded, target];
    house.clock.setTimer(retryAt, () => {
      if (!this.#ended)
        this.#try();
    });
  }
  #giveUp(error, peerFailed) {
    if (this.#ended)
      return;
    const leg = this.#leg;
    this.#end(peerFailed);
    leg?.cancel(error);
    this.#parts.method.house.counters.failed.add();
    this.#receiver.failed(error);
  }
  #leaveTarget(peerFailed) {
    const target = this.#target;
    this.#target = void 0;
    target?.end(this.#parts.method.house.turn.now(), this.#startedAt, peerFailed);
  }
  #end(peerFailed) {
    const { house } = this.#parts.method;
    this.#ended = true;
    this.#leaveTarget(peerFailed);
    this.#leg = void 0;
    house.active.delete(this);
    house.deadlines.cancel(this);
    this.#parts.options.signal?.removeEventListener("abort", this);
    this.#pump?.stop();
    this.#abort?.abort();
  }
};

// dist/cluster/rpc/unary-call.js
var UnaryCall = class {
  promise;
  credit = 1;
  #method;
  #input;
  #options;
  #plan;
  #resolve;
  #reject;
  deadlineAt;
  wheelNext;
  wheelPrevious;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext;
  livePrevious;
  isLive = false;
  metadata = emptyBytes;
  data = emptyBytes;
  /** What `data` was encoded by. */
  #codec;
  #target;
  #startedAt;
  #stream;
  #served;
  #excluded = nobody;
  #attempt = 0;
  #settled = false;
  constructor(method, input, options, plan) {
    this.#method = method;
    this.#input = input;
    this.#options = options;
    this.#plan = plan;
    this.#startedAt = method.house.turn.now();
    this.deadlineAt = after(this.#startedAt, plan.timeoutMs);
    this.promise = new Promise(captureHands);
    this.#resolve = hands.resolve;
    this.#reject = hands.reject;
  }
  /** Sends it. The promise settles by the deadline, whatever happens. */
  begin() {
    const { house, retry } = this.#method;
    house.counters.calls.add();
    house.active.add(this);
    if (this.#plan.timeoutMs !== Number.POSITIVE_INFINITY)
      house.deadlines.set(this, this.deadlineAt);
    this.#options.signal?.addEventListener("abort", this);
    retry.earn();
    this.#try(this.#startedAt);
    return this.promise;
  }
  /** The node stops: nobody will answer. */
  abandon(error) {
    this.#giveUp(error, false);
  }
  /** The caller's signal was aborted. */
  handleEvent() {
    this.#giveUp(cancelledError(this.#options.signal?.reason), false);
  }
  onDeadline() {
    const { deadlines, turn } = this.#method.house;
    const staleMs = turn.staleMs(this.deadlineAt - this.#plan.timeoutMs);
    if (staleMs > 0) {
      this.deadlineAt = after(this.deadlineAt, staleMs);
      deadlines.set(this, this.deadlineAt);
      return;
    }
    this.#method.house.counters.deadlines.add();
    const { service, name } = this.#method;
    const at = this.#target === void 0 ? "" : ` at ${this.#target.node}`;
    const text = `${service}.${name}${at} did not answer within ${Math.round(this.#plan.timeoutMs)} ms`;
    this.#giveUp(new ClusterError("deadline-exceeded", text), true);
  }
  onNext(payload) {
    if (this.#settled)
      return;
    this.#markKnown();
    try {
      this.#succeed(decodeData(this.#codec ?? this.#method.codec, payload));
    } catch (error) {
      this.#failed(ClusterError.from(error, "protocol"), false, false);
    }
  }
  onComplete() {
    if (!this.#settled && this.#stream !== void 0)
      this.#succeed(void 0);
  }
  onFail(fault) {
    if (this.#settled)
      return;
    if (fault.kind === "link") {
      const node = this.#target?.node;
      const error2 = fault.written ? new ClusterError("link-lost", `the link to ${node} ended (${fault.reason}) before the answer`) : new ClusterError("not-executed", `the link to ${node} ended (${fault.reason}) before the call was sent`);
      this.#failed(error2, !fault.written, true);
      return;
    }
    const notExecuted = fault.code === streamErrorCodes.rejected || fault.code === streamErrorCodes.invalid;
    if (!notExecuted)
      this.#markKnown();
    const error = readError(fault, this.#target?.node ?? "");
    this.#failed(error, notExecuted, notExecuted && error.code === "overloaded");
  }
  onCredit() {
  }
  onCancel() {
  }
  /** Of its request. */
  get kind() {
    return "rpc";
  }
  /** Of its request. */
  get interaction() {
    return this.#method.kind === "one-way" ? "fire-and-forget" : "response";
  }
  /** Of this node's own answer. */
  get caller() {
    return this.#method.house.origin.node;
  }
  /** This node's own answer. */
  answer(value) {
    if (!this.#settled)
      this.#succeed(value);
  }
  item(value) {
    this.answer(value);
  }
  complete() {
    this.answer(void 0);
  }
  fail(error, ran) {
    if (this.#settled)
      return;
    const { origin } = this.#method.house;
    this.#failed(readError(writeError(error, ran, origin), origin.node), !ran, false);
  }
  request() {
  }
  #try(now) {
    const { pool, select } = this.#method;
    this.#attempt += 1;
    const target = pool.choose(this.#options, this.#options.select ?? select, now, this.#excluded);
    if (target instanceof ClusterError) {
      this.#target = void 0;
      this.#failed(target, true, false);
      return;
    }
    this.#target = target;
    this.#startedAt = now;
    target.begin(now);
    if (target.isLocal)
      this.#callHere(target, now);
    else
      this.#callThere(target, now);
  }
  #callThere(target, now) {
    const { codec: own, kind, house } = this.#method;
    const { link } = target;
    const codec = link === void 0 ? own : house.values.codecFor(link, own);
    if (codec !== this.#codec && !this.#encode(codec))
      return;
    if (link !== void 0)
      this.metadata = this.#describe(target, link, now);
    const opened = link?.open(this, this);
    if (opened === void 0 || typeof opened === "string") {
      const code = opened === "full" ? "overloaded" : "not-executed";
      this.#failed(new ClusterError(code, `the link to ${target.node} takes no call now`), true, opened !== "full");
      return;
    }
    this.#stream = opened;
    if (kind === "one-way")
      this.#succeed(void 0);
  }
  #callHere(target, now) {
    const { service, name, kind, house } = this.#method;
    const route = { service, instanceId: target.instanceId, method: name };
    const served = house.server.beginLocal({ route, kind, head: this.#head(now) }, this);
    if (served instanceof ClusterError) {
      this.#failed(served, true, false);
      return;
    }
    this.#served = served;
    void afterwards.then(() => served.start(this.#input));
    if (kind === "one-way" && !this.#settled)
      this.#succeed(void 0);
  }
  /** The metadata of its request. */
  #describe(target, link, now) {
    const { routes } = this.#method.house;
    const { route } = target;
    const { depth, headers } = this.#plan;
    const isPlain2 = depth === 1 && headers === void 0 && route?.link === link;
    if (isPlain2 && route.plain !== void 0 && route.plainRemainingMs === this.#remainingMs(now))
      return route.plain;
    return routes.write(target, link, this.#method, this.#head(now));
  }
  #remainingMs(now) {
    const { timeoutMs } = this.#plan;
    if (timeoutMs === Number.POSITIVE_INFINITY)
      return 0;
    return Math.max(1, Math.ceil(this.#attempt === 1 ? timeoutMs : this.deadlineAt - now));
  }
  #head(now) {
    const { depth, headers } = this.#plan;
    return { remainingMs: this.#remainingMs(now), depth, headers };
  }
  /** A retry on another link carries the value as it was at first, in a form that leans on no link. */
  #encode(codec) {
    const before = this.#codec;
    try {
      if (before === void 0)
        this.data = codec.encode(this.#input);
      else if (before instanceof LinkCodec)
        this.data = before.toSelfContained(this.data);
      this.#codec = codec;
      return true;
    } catch (error) {
      this.#failed(ClusterError.from(error, "invalid-value"), true, false);
      return false;
    }
  }
  #succeed(value) {
    this.#leaveTarget(false);
    this.#settle();
    this.#resolve(value);
  }
  /** One attempt failed: another one, or the end. */
  #failed(error, notExecuted, peerFailed) {
    const { house, retry, idempotent } = this.#method;
    const target = this.#target;
    this.#leaveTarget(peerFailed);
    this.#stream = void 0;
    this.#served = void 0;
    const { code } = error;
    const delayMs = retry.decide({ code, notExecuted, idempotent, attempt: this.#attempt });
    const retryAt = after(house.clock.now(), delayMs ?? 0);
    if (delayMs === void 0 || retryAt >= this.deadlineAt) {
      this.#settle();
      house.counters.failed.add();
      this.#reject(error);
      return;
    }
    house.counters.retries.add();
    if (target !== void 0)
      this.#excluded = [...this.#excluded, target];
    house.clock.setTimer(retryAt, () => {
      if (!this.#settled)
        this.#try(house.turn.now());
    });
  }
  /** Ends it from this side and tells the other. */
  #giveUp(error, peerFailed) {
    if (this.#settled)
      return;
    const stream2 = this.#stream;
    const served = this.#served;
    this.#leaveTarget(peerFailed);
    this.#settle();
    stream2?.cancel();
    served?.cancel(error);
    this.#method.house.counters.failed.add();
    this.#reject(error);
  }
  #leaveTarget(peerFailed) {
    const target = this.#target;
    this.#target = void 0;
    target?.end(this.#method.house.turn.now(), this.#startedAt, peerFailed);
  }
  #settle() {
    this.#settled = true;
    this.#stream = void 0;
    this.#served = void 0;
    const { house } = this.#method;
    house.active.delete(this);
    house.deadlines.cancel(this);
    this.#options.signal?.removeEventListener("abort", this);
  }
  #markKnown() {
    const route = this.#target?.route;
    if (route !== void 0 && route.link === this.#stream?.link)
      route.known = true;
  }
};
var nobody = [];
var afterwards = Promise.resolve();
var hands = {
  resolve: () => void 0,
  reject: () => void 0
};
function captureHands(resolve2, reject) {
  hands.resolve = resolve2;
  hands.reject = reject;
}

// dist/cluster/rpc/client-builder.js
var streamCreditDefault = 64;
function buildClient(contract, findMethod, interceptors) {
  const functions = {};
  for (const name of Object.keys(contract.methods)) {
    const method = findMethod(name);
    const isSimple = interceptors.length === 0;
    functions[name] = isSimple ? (input, options = noOptions2) => makeCall(method, input, options) : (input, options = noOptions2) => intercept(method, interceptors, { input, options });
  }
  return functions;
}
function makeCall(method, input, options) {
  return method.kind === "call" || method.kind === "one-way" ? callOnce(method, input, options) : callMany(method, input, options);
}
function callOnce(method, input, options) {
  const plan = planCall(method, options, method.timeoutMs);
  if (plan instanceof ClusterError)
    return Promise.reject(plan);
  return new UnaryCall(method, input, options, plan).begin();
}
function callMany(method, input, options) {
  return new ItemStream((receiver, credit) => {
    const plan = planCall(method, options, Number.POSITIVE_INFINITY);
    if (plan instanceof ClusterError)
      throw plan;
    const call2 = new StreamCall({ method, input, options, plan, credit }, receiver);
    call2.begin();
    return call2;
  }, options.credit ?? streamCreditDefault);
}
var noOptions2 = Object.freeze({});
function intercept(method, interceptors, given) {
  let next = (call2) => {
    assert(call2.method === method.name, "an interceptor to pass the call on");
    return makeCall(method, call2.input, call2.options);
  };
  for (const interceptor of interceptors.toReversed()) {
    const inner = next;
    next = (call2) => interceptor(call2, inner);
  }
  return next({ service: method.service, method: method.name, kind: method.kind, ...given });
}

// dist/protocol/rpc/balance.js
var Balancer = class {
  #random;
  #turn = 0;
  constructor(random) {
    this.#random = random;
  }
  choose(strategy, from, key) {
    if (from.length < 2)
      return from[0];
    switch (strategy) {
      case "local-first":
        return findLocal(from) ?? this.#twoChoices(from, isLessPending);
      case "random":
        return from[this.#random.below(from.length)];
      case "round-robin":
        this.#turn = (this.#turn + 1) % 1073741824;
        return from[this.#turn % from.length];
      case "least-pending":
        return this.#twoChoices(from, isLessPending);
      case "lowest-latency":
        return this.#twoChoices(from, isFaster);
      case "rendezvous":
        return from[findRendezvous(key ?? "", from.map((one) => one.node))];
      default:
        return unreachable(strategy);
    }
  }
  /** Two at random, the better one: nearly as even as looking at all, without the herd (Mitzenmacher, 2001). */
  #twoChoices(from, isBetter) {
    const first = this.#random.below(from.length);
    const second = (first + 1 + this.#random.below(from.length - 1)) % from.length;
    const [left, right] = [from[first], from[second]];
    return left === void 0 || right !== void 0 && isBetter(right, left) ? right : left;
  }
};
function findLocal(from) {
  for (const one of from)
    if (one.isLocal)
      return one;
  return void 0;
}
function isLessPending(left, right) {
  return left.pending < right.pending;
}
function isFaster(left, right) {
  return left.latencyMs * (left.pending + 1) < right.latencyMs * (right.pending + 1);
}
function moveLatency(averageMs, sampleMs) {
  if (averageMs === 0)
    return sampleMs;
  return averageMs + (sampleMs - averageMs) * (sampleMs > averageMs ? 0.3 : 0.1);
}

// dist/protocol/rpc/retry-policy.js
var retryDefaults = {
  attemptsMax: 4,
  baseMs: 20,
  delayMaxMs: 1e3,
  budgetPercent: 20,
  budgetMax: 64
};
var retryableCodes = /* @__PURE__ */ new Set([
  "not-executed",
  "link-lost",
  "unavailable",
  "overloaded"
]);
var RetryPolicy = class {
  #options;
  #random;
  #saved;
  constructor(options, random) {
    this.#options = options;
    this.#random = random;
    this.#saved = options.budgetMax;
  }
  /** A first attempt goes out. */
  earn() {
    if (this.#saved < this.#options.budgetMax)
      this.#saved += this.#options.budgetPercent / 100;
  }
  /** The delay before another attempt, or `undefined` when there is none. */
  decide(failure) {
    if (failure.attempt >= this.#options.attemptsMax || !retryableCodes.has(failure.code))
      return void 0;
    if (!failure.notExecuted && !failure.idempotent)
      return void 0;
    const free = failure.notExecuted && failure.code !== "overloaded" && !mayHaveRun(failure.code);
    if (!free) {
      if (this.#saved < 1)
        return void 0;
      this.#saved -= 1;
    }
    if (failure.code === "not-executed" && failure.attempt === 1)
      return 0;
    const full = Math.min(this.#options.delayMaxMs, this.#options.baseMs * 2 ** (failure.attempt - 1));
    return full * (0.5 + drawUnit(this.#random) / 2);
  }
};

// dist/protocol/rpc/breaker.js
var breakerDefaults = { windowMs: 1e4, callsMin: 20, failurePercent: 50, openMs: 5e3 };
var Breaker = class {
  #options;
  #state = "closed";
  #windowEnd;
  #calls = 0;
  #failures = 0;
  #retryAt;
  constructor(options) {
    this.#options = options;
  }
  get state() {
    return this.#state;
  }
  /** Says whether a call could go out now, without taking the right to. */
  allows(now) {
    return this.#state === "closed" || this.#retryAt !== void 0 && now >= this.#retryAt;
  }
  /** A call goes out. */
  begin(now) {
    if (this.#state === "closed")
      return;
    this.#state = "trying";
    this.#retryAt = after(now, this.#options.openMs);
  }
  /** A call ended. `failed` means that the peer was at fault, not the handler or the caller. */
  end(now, failed) {
    if (this.#state === "trying") {
      if (failed)
        this.#open(now);
      else
        this.#close();
      return;
    }
    if (this.#state === "open")
      return;
    if (this.#windowEnd === void 0 || now >= this.#windowEnd) {
      this.#windowEnd = after(now, this.#options.windowMs);
      this.#calls = 0;
      this.#failures = 0;
    }
    this.#calls += 1;
    if (!failed)
      return;
    this.#failures += 1;
    const share = this.#failures / this.#calls * 100;
    if (this.#calls >= this.#options.callsMin && share >= this.#options.failurePercent)
      this.#open(now);
  }
  #open(now) {
    this.#state = "open";
    this.#retryAt = after(now, this.#options.openMs);
  }
  #close() {
    this.#state = "closed";
    this.#windowEnd = void 0;
    this.#retryAt = void 0;
  }
};

// dist/cluster/rpc/target.js
var Target = class {
  instance;
  isLocal;
  #limits;
  #breaker;
  /** The link to its node; `undefined` while there is none, and for this node itself. */
  link;
  /** True while the membership doubts its node. */
  doubted = false;
  pending = 0;
  latencyMs = 0;
  /** How the peer of the link knows this route. */
  route;
  constructor(instance, isLocal, limits) {
    this.instance = instance;
    this.isLocal = isLocal;
    this.#limits = limits;
    this.#breaker = new Breaker(limits.breaker);
  }
  get node() {
    return this.instance.node;
  }
  get instanceId() {
    return this.instance.id;
  }
  get tags() {
    return this.instance.tags;
  }
  /** Says whether calls can reach it: its node answers, and the link to it is up. */
  get reachable() {
    return this.isLocal || this.link?.up === true && !this.doubted;
  }
  /** Says whether the breaker and the bulkhead let one more call out. */
  isOpen(now) {
    return this.pending < this.#limits.inFlightMax && (this.isLocal || this.#breaker.allows(now));
  }
  begin(now) {
    this.pending += 1;
    this.#breaker.begin(now);
  }
  /** A call ended. `peerFailed`: the peer, not the handler or the caller, was at fault. */
  end(now, startedAt, peerFailed) {
    this.pending -= 1;
    this.#breaker.end(now, peerFailed);
    if (!peerFailed)
      this.latencyMs = moveLatency(this.latencyMs, now - startedAt);
  }
};

// dist/cluster/rpc/target-pool.js
var TargetPool = class {
  /** What its clients know of the service. */
  wanted;
  #neighbours;
  #limits;
  #balancer;
  #targets = /* @__PURE__ */ new Map();
  #reachable = [];
  #incompatible;
  constructor(wanted, neighbours, limits, balancer) {
    this.wanted = wanted;
    this.#neighbours = neighbours;
    this.#limits = limits;
    this.#balancer = balancer;
    this.refresh();
  }
  /** Looks at registry, links and doubts again. */
  refresh() {
    const instances = this.#neighbours.instances(this.wanted.name);
    const present = new Set(instances);
    for (const instance of this.#targets.keys())
      if (!present.has(instance))
        this.#targets.delete(instance);
    this.#incompatible = void 0;
    for (const instance of instances) {
      const why = findIncompatibility(this.wanted, instance.service);
      if (why !== void 0)
        this.#incompatible = `${instance.node}: ${why}`;
      else if (!this.#targets.has(instance)) {
        this.#targets.set(instance, new Target(instance, instance.node === this.#neighbours.selfName, this.#limits));
      }
    }
    for (const target of this.#targets.values())
      if (!target.isLocal)
        this.#neighbours.refresh(target);
    this.#reachable = [...this.#targets.values()].filter((target) => target.reachable);
  }
  /** Every compatible instance that calls can reach now. */
  get reachable() {
    return this.#reachable;
  }
  /** Chooses whom to call, or says why nobody can be. `excluded` are tried only when there is nobody else. */
  choose(options, strategy, now, excluded) {
    let candidates = this.#reachable;
    if (isFiltered(options))
      candidates = candidates.filter((target) => fits(target, options));
    if (candidates.length === 0)
      return this.#whyNobody(options);
    if (excluded.length > 0) {
      const others = candidates.filter((target) => !excluded.includes(target));
      if (others.length > 0)
        candidates = others;
    }
    if (hasClosed(candidates, now)) {
      candidates = candidates.filter((target) => target.isOpen(now));
      if (candidates.length === 0) {
        return new ClusterError("overloaded", `every instance of ${this.wanted.name} is at its limit or failing`);
      }
    }
    return this.#pick(candidates, strategy, options.key) ?? this.#whyNobody(options);
  }
  #pick(candidates, strategy, key) {
    if (typeof strategy !== "function")
      return this.#balancer.choose(strategy, candidates, key);
    const chosen = strategy(candidates);
    return candidates.find((target) => target === chosen);
  }
  #whyNobody(options) {
    const { name } = this.wanted;
    const known = [...this.#targets.values()].filter((target) => fits(target, options));
    if (known.length > 0) {
      return new ClusterError("unavailable", `no node that serves ${name} can be reached`, {
        details: known.map((target) => target.node)
      });
    }
    if (this.#incompatible !== void 0) {
      return new ClusterError("incompatible", `${name} is served with another contract: ${this.#incompatible}`);
    }
    if (isFiltered(options))
      return new ClusterError("not-found", `no instance of ${name} is what was asked for`);
    return new ClusterError("no-responders", `nobody serves ${name}`);
  }
};
function hasClosed(targets, now) {
  for (const target of targets)
    if (!target.isOpen(now))
      return true;
  return false;
}
function isFiltered(options) {
  return options.node !== void 0 || options.instanceId !== void 0 || options.tags !== void 0;
}
function fits(target, options) {
  const { node, instanceId, tags } = options;
  if (node !== void 0 && target.node !== node)
    return false;
  if (instanceId !== void 0 && target.instanceId !== instanceId)
    return false;
  for (const [key, value] of Object.entries(tags ?? {}))
    if (target.tags[key] !== value)
      return false;
  return true;
}

// dist/cluster/rpc/calling-side.js
var CallingSide = class {
  #deps;
  #options;
  #neighbours;
  #pools = /* @__PURE__ */ new Map();
  /** What clients of this node know of each service, by the hash of their contract. */
  #wanted = /* @__PURE__ */ new Map();
  #untyped = /* @__PURE__ */ new Map();
  #rawCodec = createRawCodec();
  /** Told after instances, links or doubts changed. */
  changed = new Listeners();
  incompatible = new Listeners();
  constructor(deps, options) {
    this.#deps = deps;
    this.#options = options;
    this.#neighbours = {
      selfName: deps.links.self.name,
      refresh: (target) => this.#refreshTarget(target),
      instances: (service) => deps.registry.instances(service)
    };
    deps.registry.listen((event) => this.#instanceChanged(event));
  }
  /** The calling side of one contract. */
  client(contract, options) {
    const { description } = contract;
    const wanted = this.#wanted.get(contract.name) ?? /* @__PURE__ */ new Map();
    this.#wanted.set(contract.name, wanted.set(description.hash, description));
    for (const instance of this.#deps.registry.instances(contract.name))
      this.#compare(description, instance);
    const retry = this.#createRetry(options);
    const find = (name) => this.#createMethod(contract.description, name, { ...options, retry });
    return buildClient(contract, find, this.#options.clientInterceptors);
  }
  #instanceChanged(event) {
    const { name } = event.instance.service;
    for (const pool of this.#pools.get(name) ?? [])
      pool.refresh();
    if (event.kind === "added") {
      for (const wanted of this.#wanted.get(name)?.values() ?? [])
        this.#compare(wanted, event.instance);
    }
    this.changed.tell(void 0);
  }
  #compare(wanted, instance) {
    const why = findIncompatibility(wanted, instance.service);
    if (why === void 0)
      return;
    const { node, id, service } = instance;
    this.#deps.logger.error("an instance is incompatible with a client here", { service: service.name, node, id, why });
    this.incompatible.tell({ instance, why });
  }
  /** Looks at links and doubts again, after some changed. */
  refreshAll() {
    for (const pools of this.#pools.values())
      for (const pool of pools)
        pool.refresh();
    this.changed.tell(void 0);
  }
  #refreshTarget(target) {
    const { node, epoch } = target.instance;
    const link = this.#deps.links.findLink(node);
    const member = this.#deps.membership.findMember(node);
    target.link = link?.peer.epoch === epoch ? link : void 0;
    target.doubted = member?.epoch === epoch && member.status === "suspect";
  }
  /** A method by its name, as some instance describes it. Throws `no-responders` or `not-found`. */
  findByName(service, name) {
    const known = this.#deps.registry.instances(service).find((instance) => instance.service.methods[name] !== void 0);
    if (known === void 0) {
      const isServed = this.#deps.registry.instances(service).length > 0;
      throw isServed ? new ClusterError("not-found", `${service} has no method ${name}`) : new ClusterError("no-responders", `nobody serves ${service}`);
    }
    const { version, methods } = known.service;
    const method = methods[name];
    const wanted = { name: service, version, methods: method === void 0 ? {} : { [name]: method }, hash: -1 };
    return this.findMethod(wanted, name);
  }
  /** A method for calls without a client; kept with its statistics. */
  findMethod(wanted, name) {
    const key = `${wanted.name}/${name}/${wanted.version}/${wanted.methods[name]?.kind ?? ""}/${wanted.methods[name]?.raw ?? false}`;
    const known = this.#untyped.get(key);
    if (known !== void 0)
      return known;
    for (const [oldest, method2] of this.#untyped) {
      if (this.#untyped.size < untypedMax)
        break;
      this.#untyped.delete(oldest);
      this.dropPool(method2.pool, method2.service);
    }
    const method = this.#createMethod(wanted, name, { retry: this.#createRetry({}) });
    this.#untyped.set(key, method);
    return method;
  }
  #createMethod(wanted, name, parts) {
    const description = wanted.methods[name];
    if (description === void 0)
      throw new ClusterError("not-found", `${wanted.name} has no method ${name}`);
    const timeoutMs = parts.timeoutMs ?? this.#options.timeoutMs;
    return {
      service: wanted.name,
      name,
      kind: description.kind,
      idempotent: description.idempotent,
      codec: description.raw ? this.#rawCodec : this.#deps.codec,
      pool: this.createPool(wanted),
      retry: parts.retry,
      select: parts.select ?? this.#options.select,
      timeoutMs,
      plain: { timeoutMs, depth: 1, headers: void 0 },
      house: this.#deps.house
    };
  }
  /** Instances that a contract can be called at; taken back with `dropPool`. */
  createPool(wanted) {
    const { breaker, inFlightMax } = this.#options;
    const pool = new TargetPool(wanted, this.#neighbours, { breaker, inFlightMax }, new Balancer(this.#deps.random));
    const pools = this.#pools.get(wanted.name) ?? /* @__PURE__ */ new Set();
    this.#pools.set(wanted.name, pools.add(pool));
    return pool;
  }
  /** Forgets a pool. */
  dropPool(pool, service) {
    const pools = this.#pools.get(service);
    pools?.delete(pool);
    if (pools?.size === 0)
      this.#pools.delete(service);
  }
  #createRetry(options) {
    return new RetryPolicy({ ...this.#options.retry, ...options.retry }, this.#deps.random);
  }
};
var untypedMax = 256;

// dist/cluster/rpc/live-list.js
var LiveList = class {
  #first;
  #size = 0;
  get size() {
    return this.#size;
  }
  /** Adds an item; nothing when it is there. */
  add(item) {
    if (item.isLive)
      return;
    item.isLive = true;
    item.liveNext = this.#first;
    if (this.#first !== void 0)
      this.#first.livePrevious = item;
    this.#first = item;
    this.#size += 1;
  }
  /** Takes an item out; nothing when it is not there. */
  delete(item) {
    if (!item.isLive)
      return;
    const { liveNext, livePrevious } = item;
    if (livePrevious === void 0)
      this.#first = liveNext;
    else
      livePrevious.liveNext = liveNext;
    if (liveNext !== void 0)
      liveNext.livePrevious = livePrevious;
    item.liveNext = void 0;
    item.livePrevious = void 0;
    item.isLive = false;
    this.#size -= 1;
  }
  /** A snapshot, the oldest first. */
  all() {
    const items = [];
    for (let item = this.#first; item !== void 0; item = item.liveNext)
      items.push(item);
    return items.toReversed();
  }
};

// dist/cluster/rpc/registration.js
function createRegistration(contract, handlers, options, metrics) {
  const id = options.id ?? "default";
  assert(isServiceWord(id), `an instance id of letters, digits, ".", "_" and "-", not ${JSON.stringify(id)}`);
  const methods = /* @__PURE__ */ new Map();
  for (const [name, definition] of Object.entries(contract.methods)) {
    const handler = Reflect.get(handlers, name);
    assert(isHandler(handler), `a handler for ${contract.name}.${name}`);
    const labels = { service: contract.name, method: name };
    methods.set(name, {
      service: contract.name,
      instanceId: id,
      name,
      kind: definition.kind,
      ...readSchemas(name, definition),
      raw: definition.options.raw ?? false,
      // Bound, so that handlers may be methods of a class instance.
      handler: (input, context) => handler.call(handlers, input, context),
      served: metrics.counter("scalebus_rpc_served_total", "Calls that reached a handler of this node", labels),
      failed: metrics.counter("scalebus_rpc_served_failed_total", "Calls whose handler or schema failed", labels)
    });
  }
  return { contract, id, tags: options.tags ?? {}, methods };
}
function readSchemas(name, method) {
  const { input, output } = method.options;
  assert(input === void 0 || isSchema(input), `a Standard Schema as input of ${name}`);
  assert(output === void 0 || isSchema(output), `a Standard Schema as output of ${name}`);
  return { input, output };
}
function isHandler(value) {
  return typeof value === "function";
}

// dist/cluster/rpc/instance-row.js
var methodsMax = 512;
var tagsMax = 64;
var kinds2 = ["call", "stream", "channel", "one-way"];
function instanceKey(service, id) {
  return `${service}/${id}`;
}
function writeInstance(registration) {
  const { description } = registration.contract;
  const methods = Object.entries(description.methods).map(([name, { kind, idempotent, raw }]) => [name, [kinds2.indexOf(kind), Number(idempotent), Number(raw)]]);
  const row = { v: description.version, h: description.hash, m: Object.fromEntries(methods), t: registration.tags };
  return textToBytes(JSON.stringify(row));
}
function readInstance(node, key, value) {
  const [name = "", id = ""] = key.split("/");
  const row = parse(value);
  if (row === void 0 || !isServiceWord(name) || !isServiceWord(id))
    return void 0;
  const { v: version, h: hash } = row;
  if (typeof version !== "string" || version.length > 64 || typeof hash !== "number")
    return void 0;
  const methods = readMethods(row["m"]);
  if (methods === void 0)
    return void 0;
  const service = { name, version, methods, hash };
  return { service, node: node.name, epoch: node.epoch, id, tags: readTags(row["t"]) };
}
function toInstance(node, registration) {
  const { contract, id, tags } = registration;
  return { service: contract.description, node: node.name, epoch: node.epoch, id, tags };
}
function readMethods(value) {
  if (!isRecord2(value))
    return void 0;
  const methods = {};
  for (const [name, parts] of Object.entries(value).slice(0, methodsMax)) {
    const [kindNumber, idempotent, raw] = Array.isArray(parts) ? parts : [];
    const kind = kinds2[Number(kindNumber)];
    if (kind === void 0 || !isServiceWord(name))
      continue;
    methods[name] = { kind, idempotent: idempotent === 1, raw: raw === 1 };
  }
  return methods;
}
function readTags(value) {
  if (!isRecord2(value))
    return {};
  const texts = Object.entries(value).filter((entry) => typeof entry[1] === "string");
  return Object.fromEntries(texts.slice(0, tagsMax));
}
function parse(value) {
  try {
    const row = JSON.parse(bytesToText(value));
    return isRecord2(row) ? row : void 0;
  } catch {
    return void 0;
  }
}
function isRecord2(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// dist/cluster/rpc/registry.js
var Registry = class {
  #self;
  #table;
  #listeners = new Listeners();
  /** Instances by service, then by node and instance id. */
  #services = /* @__PURE__ */ new Map();
  #unlisten;
  #malformed;
  /** `malformed` is told of each row that could not be read. */
  constructor(self, table, malformed2) {
    this.#self = self;
    this.#table = table;
    this.#malformed = malformed2;
    this.#unlisten = table.listen((change) => this.#changed(change));
    for (const node of table.nodes()) {
      for (const [key, value] of table.rowsOf(node))
        this.#set(node, key, value);
    }
  }
  /** Grows with each registration that came or went here. */
  get revision() {
    return this.#table.revision;
  }
  /** Every instance of a service, or of all; local ones included. */
  instances(service) {
    if (service !== void 0)
      return [...this.#services.get(service)?.values() ?? []];
    return [...this.#services.values()].flatMap((instances) => [...instances.values()]);
  }
  /** Changes from now on; take the snapshot in the same turn and nothing is missed. */
  listen(listener) {
    return this.#listeners.add(listener);
  }
  /** Announces a registration of this node. Throws `too-large`. */
  add(registration) {
    const { contract, id } = registration;
    this.#table.set(instanceKey(contract.name, id), writeInstance(registration));
    this.#put(toInstance(this.#self, registration));
  }
  /** Withdraws a registration of this node. */
  remove(registration) {
    const { contract, id } = registration;
    this.#table.remove(instanceKey(contract.name, id));
    this.#take(contract.name, placeKey(this.#self, id));
  }
  /** Calls `done` once, when every peer knows what is registered now. */
  whenKnown(done) {
    return this.#table.whenHeld(this.#table.revision, done);
  }
  stop() {
    this.#unlisten();
  }
  #changed(change) {
    switch (change.kind) {
      case "set":
        this.#set(change.node, change.key, change.value);
        return;
      case "removed": {
        const [service = "", id = ""] = change.key.split("/");
        this.#take(service, placeKey(change.node, id));
        return;
      }
      case "gone":
        for (const [service, instances] of this.#services) {
          for (const [key, instance] of instances) {
            const isOf = instance.node === change.node.name && instance.epoch === change.node.epoch;
            if (isOf)
              this.#take(service, key);
          }
        }
    }
  }
  #set(node, key, value) {
    const instance = readInstance(node, key, value);
    if (instance === void 0)
      this.#malformed();
    else
      this.#put(instance);
  }
  #put(instance) {
    const { name } = instance.service;
    const key = placeKey({ name: instance.node, epoch: instance.epoch }, instance.id);
    this.#take(name, key);
    const instances = this.#services.get(name) ?? /* @__PURE__ */ new Map();
    this.#services.set(name, instances.set(key, instance));
    this.#listeners.tell({ kind: "added", instance });
  }
  #take(service, key) {
    const instances = this.#services.get(service);
    const instance = instances?.get(key);
    if (instances === void 0 || instance === void 0)
      return;
    instances.delete(key);
    if (instances.size === 0)
      this.#services.delete(service);
    this.#listeners.tell({ kind: "removed", instance });
  }
};
function placeKey(node, id) {
  return `${nodeKey(node)}/${id}`;
}

// dist/cluster/rpc/rpc-options.js
function resolveRpcOptions(options) {
  const resolved = {
    timeoutMs: options.timeoutMs ?? 1e4,
    select: options.select ?? "local-first",
    exposeStacks: options.exposeStacks ?? false,
    tracing: options.tracing ?? true,
    inheritance: options.inheritance ?? "lazy",
    servedMax: options.servedMax ?? 65536,
    inFlightMax: options.inFlightMax ?? 16384,
    depthMax: options.depthMax ?? 64,
    inputCredit: options.inputCredit ?? 64,
    breaker: { ...breakerDefaults, ...options.breaker },
    retry: { ...retryDefaults, ...options.retry },
    serverInterceptors: options.serverInterceptors ?? [],
    clientInterceptors: options.clientInterceptors ?? []
  };
  for (const name of ["timeoutMs", "servedMax", "inFlightMax", "depthMax", "inputCredit"]) {
    assert(resolved[name] >= 1, `rpc option ${name} of at least 1, not ${resolved[name]}`);
  }
  return resolved;
}

// dist/cluster/rpc/composite-metadata.js
var entriesMax = 32;
var routingType = "message/x.rsocket.routing.v0";
var dataTypeType = "message/x.rsocket.mime-type.v0";
var wellKnown = {
  1: "application/cbor",
  5: "application/json",
  6: "application/octet-stream",
  122: dataTypeType,
  126: routingType
};
var wellKnownIds = new Map(Object.entries(wellKnown).map(([id, type]) => [type, Number(id)]));
var nameBytesMax2 = 128;
function readCompositeMetadata(bytes) {
  const reader = new ByteReader(bytes);
  let route;
  let dataType;
  let headers;
  for (let count = 0; reader.remaining > 0; count += 1) {
    const type = readType(reader);
    const content = reader.bytes(reader.u24());
    if (!reader.ok || count >= entriesMax)
      return void 0;
    if (type === routingType)
      route ??= readRoute2(content);
    else if (type === dataTypeType)
      dataType ??= readType(new ByteReader(content));
    else if (isHeader(type) && content.length <= headersBytesMax) {
      headers = { ...headers, [type]: bytesToText(content) };
    }
  }
  return route === void 0 ? void 0 : { route, dataType, headers };
}
function writeCompositeMetadata(request) {
  const writer2 = new ByteWriter(128);
  const tag = textToBytes(request.tag);
  writeType(writer2, routingType);
  writer2.u24(tag.length + 1);
  writer2.u8(tag.length);
  writer2.bytes(tag);
  if (request.dataType !== void 0) {
    const inner = new ByteWriter(32);
    writeType(inner, request.dataType);
    writeType(writer2, dataTypeType);
    writer2.u24(inner.length);
    writer2.bytes(inner.view());
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (!isHeader(name))
      continue;
    const content = textToBytes(value);
    writeType(writer2, name);
    writer2.u24(content.length);
    writer2.bytes(content);
  }
  return writer2.take();
}
function isHeader(type) {
  return type.length <= nameBytesMax2 && /^[!-.0-~]+$/.test(type);
}
function readRoute2(content) {
  const reader = new ByteReader(content);
  const tag = latin1(reader.bytes(reader.u8()));
  if (!reader.ok)
    return void 0;
  const words = tag.split("/").filter((word) => word !== "");
  const [first = "", second = "", third] = words;
  if (third !== void 0)
    return { service: first, instanceId: second, method: third };
  if (second !== "")
    return { service: first, instanceId: "", method: second };
  const dot = first.lastIndexOf(".");
  return dot <= 0 ? void 0 : { service: first.slice(0, dot), instanceId: "", method: first.slice(dot + 1) };
}
function readType(reader) {
  const head = reader.u8();
  if (head >= 128)
    return wellKnown[head & 127] ?? `well-known ${head & 127}`;
  return latin1(reader.bytes(head + 1));
}
function writeType(writer2, type) {
  const known = wellKnownIds.get(type);
  if (known !== void 0) {
    writer2.u8(128 | known);
    return;
  }
  const name = textToBytes(type);
  writer2.u8(name.length - 1);
  writer2.bytes(name);
}
function latin1(bytes) {
  let text = "";
  for (const byte of bytes)
    text += String.fromCharCode(byte);
  return text;
}

// dist/cluster/rpc/stock-codec.js
function toStockCodec(codec) {
  return {
    name: codec.name,
    encode: (value) => value === void 0 ? emptyBytes : codec.encode(value),
    decode: (bytes) => bytes.length === 0 ? void 0 : codec.decode(bytes)
  };
}

// dist/cluster/rpc/route-book.js
var RouteBook = class {
  #routes = /* @__PURE__ */ new Map();
  /** By route number; at most as many as there are routes. */
  #plain = [];
  /** Reads the metadata of a call and learns its route; `undefined` when it is malformed or names an unknown route. */
  read(payload) {
    const { bytes, metadataStart: start, metadataEnd: end } = payload;
    const isPlain2 = end - start <= plainBytesMax && bytes[start] === wireVersion && bytes[start + 1] === 0;
    return isPlain2 ? this.#readPlain(bytes, start, end) : this.#readAny(bytes, start, end);
  }
  #readPlain(bytes, start, end) {
    let at = start + 2;
    let number = bytes[at++] ?? 0;
    if (number >= 128)
      number = number & 127 | (bytes[at++] ?? 0) << 7;
    const last = this.#plain[number];
    if (last !== void 0 && at < end && isVarint(bytes, at, end, last.remainingMs))
      return last;
    const head = this.#readAny(bytes, start, end);
    if (head !== void 0 && this.#routes.has(number))
      this.#plain[number] = head;
    return head;
  }
  #readAny(bytes, start, end) {
    const head = readCallMetadata(new ByteReader(bytes, start, end), this.#routes);
    if (head === void 0)
      return void 0;
    if (((bytes[start + 1] ?? 0) & flagDefine) !== 0)
      this.#plain.length = 0;
    return { ...head, method: void 0, revision: -1 };
  }
};
var plainBytesMax = 7;
function isVarint(bytes, at, end, value) {
  let rest = value;
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 128)
      return index === end - 1 && byte === rest;
    if (byte !== (rest & 127 | 128))
      return false;
    rest >>>= 7;
  }
  return false;
}

// dist/cluster/rpc/served-call.js
import { isObservable as isObservable2 } from "rxjs/internal/util/isObservable";
import { lastValueFrom } from "rxjs/internal/lastValueFrom";

// dist/cluster/rpc/schema-check.js
var faultsMax = 32;
function checkValue(schema, value, what) {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then((late) => takeResult(late, what)) : takeResult(result, what);
}
function checkValueNow(schema, value, what) {
  const result = schema["~standard"].validate(value);
  if (!(result instanceof Promise))
    return takeResult(result, what);
  throw new ClusterError("invalid-value", `${what}: an asynchronous schema needs an AsyncIterable`);
}
function takeResult(result, what) {
  if (result.issues === void 0)
    return result.value;
  const faults2 = result.issues.slice(0, faultsMax).map(toFault2);
  const listed = faults2.map(({ path, message }) => path === "" ? message : `${path}: ${message}`).join("; ");
  throw new ClusterError("invalid-value", `${what} does not fit its schema: ${listed}`, { details: faults2 });
}
function toFault2(issue) {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return { path, message: issue.message };
}

// dist/cluster/rpc/served-call.js
var ServedCall = class {
  #house;
  #method;
  #head;
  #port;
  deadlineAt;
  wheelNext;
  wheelPrevious;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext;
  livePrevious;
  isLive = false;
  #abort;
  #abortReason;
  #input;
  #pump;
  #entered = false;
  #ended = false;
  constructor(house, method, head, port) {
    this.#house = house;
    this.#method = method;
    this.#head = head;
    this.#port = port;
    const { remainingMs } = head;
    this.deadlineAt = after(house.turn.now(), remainingMs === 0 ? Number.POSITIVE_INFINITY : remainingMs);
  }
  get service() {
    return this.#method.service;
  }
  get method() {
    return this.#method.name;
  }
  get instanceId() {
    return this.#method.instanceId;
  }
  get headers() {
    return this.#head.headers ?? noHeaders2;
  }
  get caller() {
    return this.#port.caller;
  }
  get depth() {
    return this.#head.depth;
  }
  /** Made when it is asked for: most handlers never do, and an AbortController costs more than the call. */
  get signal() {
    this.#abort ??= new AbortController();
    if (this.#abortReason !== void 0 && !this.#abort.signal.aborted)
      this.#abort.abort(this.#abortReason);
    return this.#abort.signal;
  }
  remainingMs() {
    return Math.max(0, this.deadlineAt - this.#house.clock.now());
  }
  get credit() {
    return this.#ended ? 0 : this.#port.credit;
  }
  /** Runs the handler. `input` is what was decoded: the value, or for a channel its first item. */
  start(input) {
    if (this.#ended)
      return;
    this.#method.served.add();
    switch (this.#method.kind) {
      case "call":
        this.#answer(input);
        return;
      case "one-way":
        this.#outlive();
        void this.#takeMessage(input);
        return;
      case "stream":
        this.#outlive();
        void this.#answerMany(input);
        return;
      case "channel":
        this.#outlive();
        void this.#converse(input);
    }
  }
  /** One more item of a channel's caller. Returns false when it had no credit for it. */
  receive(value) {
    if (this.#ended || this.#input === void 0)
      return true;
    const { input } = this.#method;
    try {
      return this.#input.push(input === void 0 ? value : checkValueNow(input, value, "input"));
    } catch (error) {
      this.fail(error);
      return true;
    }
  }
  /** The caller of a channel has no more. */
  receiveEnd() {
    this.#input?.end();
  }
  /** The caller gave credit. */
  credited() {
    if (!this.#ended)
      this.#pump?.credited();
  }
  /** Nobody waits any more: the caller cancelled, or the link is lost. Nothing is answered. */
  cancel(reason) {
    if (this.#ended)
      return;
    this.#end(reason);
  }
  /** Ends the call from this side with an error for the caller. */
  refuse(error) {
    if (this.#ended)
      return;
    this.#port.fail(error, this.#entered);
    this.#end(error);
  }
  onDeadline() {
    const { deadlines, turn } = this.#house;
    const staleMs = turn.staleMs(this.deadlineAt - this.#head.remainingMs);
    if (staleMs > 0) {
      this.deadlineAt = after(this.deadlineAt, staleMs);
      deadlines.set(this, this.deadlineAt);
      return;
    }
    this.refuse(new ClusterError("deadline-exceeded", `${this.service}.${this.method} ran out of time`));
  }
  item(value) {
    if (!this.#ended)
      this.#port.item(value);
  }
  complete() {
    if (this.#ended)
      return;
    this.#port.complete();
    this.#end(void 0);
  }
  fail(error) {
    if (this.#ended)
      return;
    this.#method.failed.add();
    this.#port.fail(ClusterError.from(error, this.#entered ? "remote" : "invalid-value"), this.#entered);
    this.#end(void 0);
  }
  dropped(count) {
    this.#house.dropped(count);
  }
  check(value, mayWait) {
    const { output } = this.#method;
    if (output === void 0)
      return value;
    return mayWait ? checkValue(output, value, "output") : checkValueNow(output, value, "output");
  }
  /** A call that can be answered at once is: without a promise, a timer or a turn of the microtask queue. */
  #answer(input) {
    const { input: inputSchema, output: outputSchema } = this.#method;
    try {
      const checked = inputSchema === void 0 ? input : checkValue(inputSchema, input, "input");
      const isEntered = !isPending(checked);
      const result = isEntered ? this.#enter(checked) : checked;
      if (!isEntered || isPending(result) || outputSchema !== void 0) {
        this.#outlive();
        void this.#answerLater(result, isEntered);
        return;
      }
      this.#answerWith(result);
    } catch (error) {
      this.fail(error);
    }
  }
  async #answerLater(pending, isEntered) {
    try {
      const result = isEntered ? pending : this.#enter(await pending);
      const value = isObservable2(result) ? await lastValueFrom(result) : await result;
      this.#answerWith(await this.check(value, true));
    } catch (error) {
      this.fail(error);
    }
  }
  #answerWith(value) {
    if (this.#ended)
      return;
    this.#port.answer(value);
    this.#end(void 0);
  }
  /** It goes on after this turn: it counts as running, and its deadline is watched. */
  #outlive() {
    if (this.#ended)
      return;
    this.#house.active.add(this);
    if (this.deadlineAt !== Number.POSITIVE_INFINITY)
      this.#house.deadlines.set(this, this.deadlineAt);
  }
  async #takeMessage(input) {
    try {
      await this.#enter(await this.#checkInput(input));
      this.complete();
    } catch (error) {
      this.fail(error);
    }
  }
  async #answerMany(input) {
    try {
      const source = await this.#enter(await this.#checkInput(input));
      if (!this.#ended)
        this.#startPump(source);
    } catch (error) {
      this.fail(error);
    }
  }
  async #converse(first) {
    const queue = new CreditedQueue(this.#house.inputWindow, {
      request: (count) => this.#port.request(count),
      cancel: () => void 0
    });
    this.#input = queue;
    if (first !== void 0)
      this.receive(first);
    this.#port.request(this.#house.inputWindow);
    try {
      const source = await this.#enter(queue);
      if (!this.#ended)
        this.#startPump(source);
    } catch (error) {
      this.fail(error);
    }
  }
  #startPump(source) {
    const pump = startPump(source, this);
    if (this.#ended)
      pump.stop();
    else
      this.#pump = pump;
  }
  #checkInput(input) {
    const { input: schema } = this.#method;
    return schema === void 0 ? input : checkValue(schema, input, "input");
  }
  #enter(input) {
    if (this.#ended)
      throw new ClusterError("cancelled", "the call ended before its handler ran");
    const { handler } = this.#method;
    const { interceptors, scope } = this.#house;
    this.#entered = true;
    return scope.run(this, interceptors.length === 0 ? handler : intercepted(handler, interceptors), input);
  }
  #end(reason) {
    this.#ended = true;
    this.#house.deadlines.cancel(this);
    this.#house.active.delete(this);
    this.#input?.end();
    this.#pump?.stop();
    if (reason !== void 0) {
      this.#abortReason = reason;
      this.#abort?.abort(reason);
    }
    this.#house.ended();
  }
};
function intercepted(handler, interceptors) {
  return (input, call2) => {
    let next = (value) => handler(value, call2);
    for (const interceptor of interceptors.toReversed()) {
      const inner = next;
      next = (value) => interceptor(value, call2, inner);
    }
    return next(input);
  };
}
function isPending(value) {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array)
    return false;
  return "then" in value && typeof value.then === "function" || isObservable2(value);
}
var noHeaders2 = Object.freeze({});

// dist/cluster/rpc/rpc-server.js
var RpcServer = class {
  #deps;
  #limits;
  /** Registrations by service, then by instance id. */
  #services = /* @__PURE__ */ new Map();
  /** Routes that each link's peer has named. */
  #books = /* @__PURE__ */ new Map();
  #lastLink;
  #lastBook = new RouteBook();
  /** Grows with every change of `#services`. */
  #revision = 0;
  #rawCodec = createRawCodec();
  #stockCodecs;
  #refusing = false;
  constructor(deps, limits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#stockCodecs = deps.stockCodecs.map(toStockCodec);
  }
  /** Takes the streams of kind `rpc` until the returned function is called. */
  listen() {
    const unserve = this.#deps.links.serve("rpc", (incoming) => this.#accept(incoming));
    const unlisten = this.#deps.links.listen((event) => {
      if (event.kind === "down")
        this.#forget(event.link);
    });
    return () => {
      unserve();
      unlisten();
    };
  }
  /** Adds a registration; returns false when this service has one of that id. */
  add(registration) {
    const { name } = registration.contract;
    const ids = this.#services.get(name) ?? /* @__PURE__ */ new Map();
    if (ids.has(registration.id))
      return false;
    this.#services.set(name, ids.set(registration.id, registration));
    this.#revision += 1;
    return true;
  }
  /** Takes a registration away; its running calls go on. */
  remove(registration) {
    const ids = this.#services.get(registration.contract.name);
    if (ids?.get(registration.id) !== registration)
      return;
    ids.delete(registration.id);
    this.#revision += 1;
    if (ids.size === 0)
      this.#services.delete(registration.contract.name);
  }
  /** Every new call is refused as not executed from now on. */
  refuse() {
    this.#refusing = true;
  }
  /** Begins a call of this node itself. Returns the call, or why there is none. */
  beginLocal(place, port) {
    const found = this.#find(place.route, place.kind, place.head);
    if (found instanceof ClusterError)
      return found;
    return new ServedCall(this.#deps.house, found, place.head, port);
  }
  #accept(incoming) {
    const { stream: stream2, payload } = incoming;
    if (incoming.metadataForm === "scalebus" && bringsDefinitions(payload))
      return this.#define(stream2, payload);
    const stock = incoming.metadataForm === "composite" ? this.#readStock(stream2.link, payload) : void 0;
    const request = incoming.metadataForm === "composite" ? stock : this.#bookOf(stream2.link).read(payload);
    if (request === void 0) {
      stream2.fail(streamErrorCodes.invalid, emptyBytes);
      return ignoringSink;
    }
    const kind = kindOf[incoming.interaction];
    const method = this.#findAgain(request, kind);
    if (method instanceof ClusterError)
      return this.#refuse(stream2, method);
    const codec = method.raw ? this.#rawCodec : stock?.codec ?? this.#codecOf(stream2.link);
    let input;
    try {
      if (kind !== "channel" || payload.dataLength > 0)
        input = decodeData(codec, payload);
    } catch (error) {
      return this.#refuse(stream2, ClusterError.from(error, "invalid-value"));
    }
    const port = new StreamPort(stream2, codec, this.#deps.origin);
    const call2 = new ServedCall(this.#deps.house, method, request, port);
    port.call = call2;
    call2.start(input);
    return port;
  }
  /** Definitions that the caller's values will lean on: an answer confirms them. */
  #define(stream2, payload) {
    if (this.#deps.values.define(stream2.link, payload))
      stream2.nextAndComplete(emptyBytes, emptyBytes);
    else
      stream2.fail(streamErrorCodes.invalid, emptyBytes);
    return ignoringSink;
  }
  #codecOf(link) {
    return this.#deps.values.codecFor(link, this.#deps.codec);
  }
  #bookOf(link) {
    if (link === this.#lastLink)
      return this.#lastBook;
    let book = this.#books.get(link.id);
    if (book === void 0)
      this.#books.set(link.id, book = new RouteBook());
    this.#lastLink = link;
    this.#lastBook = book;
    return book;
  }
  #forget(link) {
    this.#books.delete(link.id);
    if (this.#lastLink === link)
      this.#lastLink = void 0;
  }
  #readStock(link, payload) {
    const request = readCompositeMetadata(payload.metadata());
    if (request === void 0)
      return void 0;
    const { route, dataType, headers } = request;
    const [first = this.#deps.codec] = this.#stockCodecs;
    const find = (type) => this.#stockCodecs.find((one) => one.name === type);
    const asked = dataType === this.#rawCodec.name ? this.#rawCodec : find(dataType ?? link.peer.dataType);
    const codec = asked ?? first;
    return { route, codec, remainingMs: 0, depth: 1, headers, method: void 0, revision: -1 };
  }
  /** Finds whom a call goes to, or finds them again when the same head was seen since the last registration. */
  #findAgain(request, kind) {
    const { method } = request;
    const isSame = method?.kind === kind && request.revision === this.#revision;
    const isFree = !this.#refusing && this.#deps.house.active.size < this.#limits.servedMax;
    if (isSame && isFree && request.depth === 1)
      return method;
    const found = this.#find(request.route, kind, request);
    if (found instanceof ClusterError)
      return found;
    request.method = found;
    request.revision = this.#revision;
    return found;
  }
  #find(route, kind, head) {
    if (this.#refusing)
      return new ClusterError("not-executed", "this node is stopping");
    if (this.#deps.house.active.size >= this.#limits.servedMax) {
      return new ClusterError("overloaded", `${this.#limits.servedMax} calls are served already`);
    }
    if (head.depth > this.#limits.depthMax) {
      return new ClusterError("call-depth", `more than ${this.#limits.depthMax} calls led to this one`);
    }
    const ids = this.#services.get(route.service);
    const registration = route.instanceId === "" ? firstOf(ids) : ids?.get(route.instanceId);
    if (registration === void 0) {
      return new ClusterError("not-executed", `${route.service} is not served here`);
    }
    const method = registration.methods.get(route.method);
    if (method === void 0)
      return new ClusterError("not-found", `${route.service} has no method ${route.method}`);
    if (method.kind === kind)
      return method;
    return new ClusterError("incompatible", `${route.service}.${route.method} is a ${method.kind}, not a ${kind}`);
  }
  #refuse(stream2, error) {
    const { code, data } = writeError(error, false, this.#deps.origin);
    stream2.fail(code, data);
    return ignoringSink;
  }
};
var StreamPort = class {
  #stream;
  #codec;
  #origin;
  call;
  constructor(stream2, codec, origin) {
    this.#stream = stream2;
    this.#codec = codec;
    this.#origin = origin;
  }
  get caller() {
    return this.#stream.link.peer.name;
  }
  get credit() {
    return this.#stream.credit;
  }
  item(value) {
    this.#stream.next(emptyBytes, this.#codec.encode(value));
  }
  answer(value) {
    this.#stream.nextAndComplete(emptyBytes, this.#codec.encode(value));
  }
  complete() {
    this.#stream.complete();
    this.#stream.cancel();
  }
  fail(error, ran) {
    const { code, data } = writeError(error, ran, this.#origin);
    this.#stream.fail(code, data);
  }
  request(count) {
    this.#stream.request(count);
  }
  onNext(payload) {
    try {
      const value = decodeData(this.#codec, payload);
      if (this.call?.receive(value) === false) {
        this.call.refuse(new ClusterError("protocol", "the caller sent more items than it had credit for"));
      }
    } catch (error) {
      this.call?.fail(ClusterError.from(error, "invalid-value"));
    }
  }
  onComplete() {
    this.call?.receiveEnd();
  }
  onFail(fault) {
    const why = fault.kind === "link" ? new ClusterError("link-lost", `the link ended: ${fault.reason}`) : new ClusterError("cancelled", "the caller failed its own direction");
    this.call?.cancel(why);
  }
  onCredit() {
    this.call?.credited();
  }
  onCancel() {
    this.call?.cancel(new ClusterError("cancelled", "the caller does not want the answer any more"));
    this.#stream.cancel();
  }
};
var kindOf = {
  "fire-and-forget": "one-way",
  response: "call",
  stream: "stream",
  channel: "channel"
};
var ignoringSink = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};
function firstOf(items) {
  for (const item of items?.values() ?? [])
    return item;
  return void 0;
}

// dist/cluster/rpc/turn-clock.js
var TurnClock = class {
  #clock;
  #at;
  #left = 0;
  #isForgetDue = false;
  /** Readings that grew old and by how much, the last `staleMax` of them in a ring. */
  #staleAt = [];
  #staleBy = [];
  #staleNext = 0;
  constructor(clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }
  /** Never runs backwards, and never ahead of the clock. */
  now() {
    if (this.#left === 0)
      return this.#read();
    this.#left -= 1;
    return this.#at;
  }
  /**
   * By how much a deadline counted from the reading `at` may be early, because its run went on for so long; 0 for less than
   * `staleMsMin`, and for readings that lie behind more than `staleMax` old ones.
   */
  staleMs(at) {
    const index = this.#staleAt.findIndex((known) => Math.abs(known - at) < 1e-3);
    return this.#staleBy[index] ?? 0;
  }
  #read() {
    const now = this.#clock.now();
    if (this.#isForgetDue)
      this.#note(now);
    this.#at = now;
    this.#left = readingsMax;
    if (!this.#isForgetDue) {
      this.#isForgetDue = true;
      void settled.then(this.#forget);
    }
    return this.#at;
  }
  #forget = () => {
    this.#isForgetDue = false;
    this.#left = 0;
    this.#note(this.#clock.now());
  };
  #note(now) {
    const staleMs = now - this.#at;
    if (staleMs < staleMsMin)
      return;
    this.#staleAt[this.#staleNext] = this.#at;
    this.#staleBy[this.#staleNext] = staleMs;
    this.#staleNext = (this.#staleNext + 1) % staleMax;
  }
};
var readingsMax = 15;
var settled = Promise.resolve();
var staleMsMin = 10;
var staleMax = 1024;

// dist/cluster/rpc/rpc-room.js
var RpcRoom = class {
  partName = "rpc";
  #deps;
  #options;
  #scope;
  #registry;
  #server;
  #serving;
  #calling;
  #registrations = /* @__PURE__ */ new Set();
  #clients;
  #idle;
  #unlisten = [];
  #stopped = false;
  constructor(deps, options = {}) {
    this.#deps = deps;
    this.#options = resolveRpcOptions(options);
    const { links, tables, clock, metrics } = deps;
    this.#scope = new CallScope(this.#options);
    const malformed2 = metrics.counter("scalebus_rpc_rows_malformed_total", "Rows of the registry that cannot be read");
    this.#registry = new Registry(links.self, tables.open("services"), () => malformed2.add());
    const deadlines = new TimerWheel(clock);
    const turn = new TurnClock(clock);
    const dropped = metrics.counter("scalebus_rpc_items_dropped_total", "Items that a lossy source dropped");
    const origin = { node: links.self.name, exposeStacks: this.#options.exposeStacks };
    this.#serving = {
      clock,
      turn,
      scope: this.#scope,
      interceptors: this.#options.serverInterceptors,
      deadlines,
      active: new LiveList(),
      inputWindow: this.#options.inputCredit,
      dropped: (count) => dropped.add(count),
      ended: () => this.#callEnded()
    };
    const values = new LinkValues(deps.codec);
    this.#server = new RpcServer({ links, codec: deps.codec, values, stockCodecs: deps.stockCodecs, house: this.#serving, origin }, this.#options);
    this.#calling = {
      clock,
      turn,
      scope: this.#scope,
      deadlines,
      server: this.#server,
      values,
      routes: deps.routes ?? new LinkRoutes(),
      active: new LiveList(),
      counters: {
        calls: metrics.counter("scalebus_rpc_calls_total", "Calls that this node made"),
        failed: metrics.counter("scalebus_rpc_calls_failed_total", "Calls that ended with an error"),
        retries: metrics.counter("scalebus_rpc_retries_total", "Attempts beyond the first"),
        deadlines: metrics.counter("scalebus_rpc_deadlines_total", "Calls that ran out of time")
      },
      origin
    };
    const { membership, codec, random, logger } = deps;
    this.#clients = new CallingSide({ links, membership, registry: this.#registry, house: this.#calling, codec, random, logger }, this.#options);
  }
  /** Calls that this node made, and calls that it serves, which are not over. Both are 0 when nothing leaks and nothing runs. */
  get inFlight() {
    return { made: this.#calling.active.size, served: this.#serving.active.size };
  }
  start() {
    if (this.#unlisten.length > 0)
      return Promise.resolve();
    const { links, membership } = this.#deps;
    this.#unlisten = [
      this.#server.listen(),
      links.listen((event) => {
        if (event.kind === "down")
          this.#calling.routes.forget(event.link);
        this.#clients.refreshAll();
      }),
      membership.listen((event) => {
        if (event.kind === "suspect" || event.kind === "alive")
          this.#clients.refreshAll();
      })
    ];
    this.#clients.refreshAll();
    return this.#scope.start();
  }
  register(contract, handlers, options = {}) {
    if (this.#stopped)
      throw new ClusterError("stopped", `${contract.name} cannot be registered any more`);
    const registration = createRegistration(contract, handlers, options, this.#deps.metrics);
    if (!this.#server.add(registration)) {
      throw new ClusterError("invalid-options", `${contract.name} is registered here with id ${registration.id}`);
    }
    this.#registrations.add(registration);
    this.#registry.add(registration);
    return { id: registration.id, stop: () => this.#unregister(registration) };
  }
  client(contract, options = {}) {
    this.#scope.watch();
    return this.#clients.client(contract, options);
  }
  async callAll(contract, name, input, options = {}) {
    this.#scope.watch();
    const method = this.#clients.findMethod(contract.description, name);
    const wanted = this.instances(contract).filter(({ node, id, tags }) => fits({ node, instanceId: id, tags }, options));
    const calls = wanted.map(async ({ node, id }) => {
      try {
        const value = await callOnce(method, input, { ...options, node, instanceId: id });
        return { node, instanceId: id, kind: "value", value };
      } catch (cause) {
        return { node, instanceId: id, kind: "error", error: ClusterError.from(cause, "internal") };
      }
    });
    return Promise.all(calls);
  }
  instances(service) {
    if (typeof service !== "object")
      return this.#registry.instances(service);
    const { description } = service;
    return this.#registry.instances(service.name).filter((instance) => findIncompatibility(description, instance.service) === void 0);
  }
  instances$(service) {
    const name = typeof service === "object" ? service.name : service;
    return new Observable3((subscriber) => {
      for (const instance of this.instances(service))
        subscriber.next({ kind: "added", instance });
      return this.#registry.listen((event) => {
        if (event.instance.service.name !== name)
          return;
        const why = typeof service === "object" ? findIncompatibility(service.description, event.instance.service) : void 0;
        if (why === void 0)
          subscriber.next(event);
      });
    });
  }
  whenAvailable(contract, options = {}) {
    const { instancesMin = 1, timeoutMs = this.#options.timeoutMs } = options;
    const pool = this.#clients.createPool(contract.description);
    return new Promise((resolve2, reject) => {
      const { clock } = this.#deps;
      let unlisten = [];
      const end = () => {
        for (const one of unlisten)
          one();
        this.#clients.dropPool(pool, contract.name);
      };
      const check = () => {
        if (pool.reachable.length < instancesMin)
          return;
        end();
        resolve2();
      };
      const cancel = clock.setTimer(after(clock.now(), timeoutMs), () => {
        end();
        const text = `${pool.reachable.length} of ${instancesMin} instances of ${contract.name} can be reached`;
        reject(new ClusterError("deadline-exceeded", text));
      });
      unlisten = [cancel, this.#clients.changed.add(check)];
      check();
    });
  }
  listenIncompatible(listener) {
    return this.#clients.incompatible.add(listener);
  }
  current() {
    this.#scope.watch();
    return this.#scope.current();
  }
  async invoke(service, name, input, options = {}) {
    this.#scope.watch();
    const method = this.#clients.findByName(service, name);
    if (method.kind === "stream" || method.kind === "channel") {
      throw new ClusterError("incompatible", `${service}.${name} is a ${method.kind}, not a call`);
    }
    const [callOptions2, release] = toCallOptions(options);
    try {
      return await callOnce(method, input, callOptions2);
    } finally {
      release();
    }
  }
  async *invokeStream(service, name, input, options = {}) {
    this.#scope.watch();
    const method = this.#clients.findByName(service, name);
    if (method.kind !== "stream") {
      throw new ClusterError("incompatible", `${service}.${name} is a ${method.kind}, not a stream`);
    }
    const [callOptions2, release] = toCallOptions(options);
    try {
      yield* callMany(method, input, callOptions2);
    } finally {
      release();
    }
  }
  listen(listener) {
    return this.#registry.listen(listener);
  }
  withdraw(timeoutMs) {
    for (const registration of this.#registrations)
      this.#registry.remove(registration);
    const { clock } = this.#deps;
    return new Promise((resolve2) => {
      const unlisten = this.#registry.whenKnown(() => {
        cancel();
        resolve2(true);
      });
      const cancel = clock.setTimer(after(clock.now(), timeoutMs), () => {
        unlisten();
        resolve2(false);
      });
    });
  }
  refuse() {
    this.#server.refuse();
  }
  finish(drainMs) {
    const { clock } = this.#deps;
    if (this.#serving.active.size === 0)
      return Promise.resolve(true);
    return new Promise((resolve2) => {
      const cancel = clock.setTimer(after(clock.now(), drainMs), () => {
        this.#idle = void 0;
        this.#endServed("the node stopped before the handler ended");
        resolve2(false);
      });
      this.#idle = () => {
        cancel();
        this.#idle = void 0;
        resolve2(true);
      };
    });
  }
  stop() {
    if (this.#stopped)
      return Promise.resolve();
    this.#stopped = true;
    this.refuse();
    for (const registration of this.#registrations)
      this.#unregister(registration);
    this.#endServed("the node stopped");
    const stopped = new ClusterError("stopped", "this node stopped");
    for (const call2 of this.#calling.active.all())
      call2.abandon(stopped);
    for (const unlisten of this.#unlisten)
      unlisten();
    this.#unlisten = [];
    this.#registry.stop();
    this.#scope.stop();
    return Promise.resolve();
  }
  #unregister(registration) {
    if (!this.#registrations.delete(registration))
      return;
    this.#registry.remove(registration);
    this.#server.remove(registration);
  }
  #endServed(why) {
    for (const call2 of this.#serving.active.all())
      call2.refuse(new ClusterError("link-lost", why));
  }
  #callEnded() {
    if (this.#idle !== void 0 && this.#serving.active.size === 0)
      this.#idle();
  }
};
function toCallOptions(options) {
  const { cancel, ...rest } = options;
  if (cancel === void 0)
    return [rest, () => void 0];
  const abort = new AbortController();
  const unlisten = cancel.listen((reason) => abort.abort(reason));
  return [{ ...rest, signal: abort.signal }, unlisten];
}

// dist/codec/msgpack-codec.js
import { Packr as Packr2 } from "msgpackr";

// dist/codec/data-codec.js
function assertEncodable(value) {
  const fault = findDataFault(value);
  if (fault !== void 0)
    throw notData(fault);
}
function notData(fault) {
  const where = fault.path === "" ? "the value" : fault.path;
  return new ClusterError("invalid-value", `${where}: ${fault.why}`, { details: [fault] });
}
function malformed(codec, why, cause) {
  return new ClusterError("invalid-value", `malformed ${codec}: ${why}`, cause === void 0 ? {} : { cause });
}

// dist/codec/msgpack-forms.js
import { RESERVE_START_SPACE } from "msgpackr";
var plainByte = 0;
var inlineByte = 1;
var sharedByte = 2;
var compiledByte = 3;
var common = {
  moreTypes: true,
  copyBuffers: true,
  useBigIntExtension: true,
  structuredClone: false,
  useToJSON: false
};
function pack(packr, value, form) {
  try {
    const bytes = packr.pack(value, RESERVE_START_SPACE + 1);
    bytes[0] = form;
    return bytes;
  } catch (error) {
    throw ClusterError.from(error, "invalid-value");
  }
}
function unpack(packr, range) {
  try {
    return packr.unpack(range.bytes, range);
  } catch (error) {
    throw malformed("application/msgpack", "it cannot be read", error);
  }
}

// dist/codec/msgpack-lane.js
import { Packr } from "msgpackr";

// dist/codec/msgpack-scan.js
var MsgpackScanner = class {
  #open = new Int32Array(dataDepthMax + 2);
  #bytes = noBytes;
  #at = 0;
  #end = 0;
  #depth = 0;
  #local;
  #mode = plainMode;
  /** Returns what is wrong, or `undefined`. */
  scan(bytes, start, end, mode) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    this.#local = void 0;
    this.#mode = mode;
    this.#open[0] = 1;
    const fault = this.#walk();
    this.#bytes = noBytes;
    return fault ?? (this.#at === end ? void 0 : "there are bytes after the value");
  }
  #walk() {
    while (this.#depth >= 0) {
      const left = this.#open[this.#depth] ?? 0;
      if (left === 0) {
        this.#depth -= 1;
        continue;
      }
      this.#open[this.#depth] = left - 1;
      if (this.#at >= this.#end)
        return truncated;
      const fault = this.#item(this.#bytes[this.#at++] ?? 0);
      if (fault !== void 0)
        return fault;
      if (this.#at > this.#end)
        return truncated;
    }
    return void 0;
  }
  #item(token) {
    if (token < 64 || token >= 224)
      return void 0;
    if (token < 128)
      return this.#mode.records ? this.#record(token & 63) : void 0;
    if (token < 144)
      return this.#map(token - 128);
    if (token < 160)
      return this.#enter(token - 144);
    if (token < 192)
      return this.#skip(token - 160);
    return this.#marked(token);
  }
  #marked(token) {
    if (token >= 202 && token <= 211)
      return this.#skip(numberBytes[token - 202] ?? 0);
    if (token >= 212 && token <= 216)
      return this.#extension(1 << token - 212);
    if (token < 196)
      return token === 193 ? "an unused token" : void 0;
    const length = this.#length(1 << lengthBytesLog(token));
    if (token >= 199 && token <= 201)
      return this.#extension(length);
    if (token === 220 || token === 221)
      return this.#enter(length);
    if (token === 222 || token === 223)
      return this.#map(length);
    return this.#skip(length);
  }
  #length(bytes) {
    let length = 0;
    for (let index = 0; index < bytes; index += 1)
      length = length * 256 + (this.#bytes[this.#at++] ?? 0);
    return length;
  }
  #skip(length) {
    this.#at += length;
    return void 0;
  }
  /** Expects `count` more values one level deeper; each takes a byte at least. */
  #enter(count) {
    if (count > this.#end - this.#at)
      return truncated;
    if (this.#depth >= dataDepthMax)
      return `it is nested deeper than ${dataDepthMax}`;
    this.#depth += 1;
    this.#open[this.#depth] = count;
    return void 0;
  }
  #map(count) {
    if (this.#mode.records)
      return this.#enter(count * 2);
    return count === 0 ? void 0 : this.#object(count);
  }
  /** Keys and values by turns: the keys are read here, the values by a nested walk of one each. */
  #object(count) {
    if (this.#depth >= dataDepthMax)
      return `it is nested deeper than ${dataDepthMax}`;
    const outer = this.#depth;
    for (let index = 0; index < count; index += 1) {
      const fault = this.#key() ?? this.#one(outer);
      if (fault !== void 0)
        return fault;
    }
    this.#depth = outer;
    return void 0;
  }
  /** Walks exactly one value at a level below `outer`. */
  #one(outer) {
    const floor = outer + 1;
    this.#depth = floor;
    this.#open[floor] = 1;
    while (this.#depth >= floor) {
      const left = this.#open[this.#depth] ?? 0;
      if (left === 0) {
        this.#depth -= 1;
        continue;
      }
      this.#open[this.#depth] = left - 1;
      if (this.#at >= this.#end)
        return truncated;
      const fault = this.#item(this.#bytes[this.#at++] ?? 0);
      if (fault !== void 0)
        return fault;
    }
    return void 0;
  }
  #key() {
    const token = this.#bytes[this.#at++] ?? 0;
    let length;
    if (token >= 160 && token < 192)
      length = token - 160;
    else if (token === 217)
      length = this.#length(1);
    else if (token === 218)
      length = this.#length(2);
    else
      return "a key is not a text";
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end)
      return truncated;
    return length === protoKey.length && isProtoKey(this.#bytes, start) ? "the key __proto__ is refused" : void 0;
  }
  #record(id) {
    const fields = this.#local?.get(id) ?? this.#mode.shared?.[id];
    return fields === void 0 ? `no record ${id} was defined` : this.#enter(fields);
  }
  #extension(length) {
    const type = this.#bytes[this.#at++] ?? 0;
    if (type === 114 && length === 1)
      return this.#define();
    if (type === 115 && length === 1) {
      this.#at += 1;
      return this.#enter(1);
    }
    return extensionFault(type, length) ?? this.#skip(length);
  }
  /** A record defined in place: an id, the keys, and the values of its first use. */
  #define() {
    const id = (this.#bytes[this.#at++] ?? 0) & 63;
    if (!this.#mode.records)
      return "a record where none may be";
    if (this.#mode.shared !== void 0 && id < sharedRecordsMax)
      return `record ${id} belongs to the lane`;
    const token = this.#bytes[this.#at++] ?? 0;
    const count = token >= 144 && token < 160 ? token - 144 : token === 220 ? this.#length(2) : -1;
    if (count < 0)
      return "a record without keys";
    if (count > this.#end - this.#at)
      return truncated;
    for (let index = 0; index < count; index += 1) {
      const fault = this.#key();
      if (fault !== void 0)
        return fault;
    }
    this.#local ??= /* @__PURE__ */ new Map();
    this.#local.set(id, count);
    return this.#enter(count);
  }
};
var plainMode = { records: false, shared: void 0 };
var inlineMode = { records: true, shared: void 0 };
var sharedRecordsMax = 32;
var truncated = "it ends too early";
var bigintBytesMax = 1024;
var noBytes = new Uint8Array(0);
var protoKey = [95, 95, 112, 114, 111, 116, 111, 95, 95];
var numberBytes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];
function extensionFault(type, length) {
  if (type === 255 || type === 0 && length === 1)
    return void 0;
  if (type === 116)
    return length === 0 ? truncated : void 0;
  if (type !== 66)
    return `extension ${type} is no data`;
  return length === 0 || length > bigintBytesMax ? "a bigint of a wrong length" : void 0;
}
function isProtoKey(bytes, start) {
  for (let index = 0; index < protoKey.length; index += 1)
    if (bytes[start + index] !== protoKey[index])
      return false;
  return true;
}
function lengthBytesLog(token) {
  if (token <= 198)
    return token - 196;
  if (token <= 201)
    return token - 199;
  if (token <= 219)
    return token - 217;
  return token % 2 === 0 ? 1 : 2;
}

// dist/codec/shape.js
var shapesMax = 128;
var shapeMark = 255;
var shapeHeadBytes = 2;
var runTextMax = 64;
var tailText = 255;
function describeShape(value) {
  const budget = { nodes: nodesMax, text: keyTextMax };
  const node = isPlainObject(value) ? describeObject(value, 0, budget) : void 0;
  return node !== void 0 && layoutOf(node).leaves.length > 0 ? node : void 0;
}
function signatureOf(shape) {
  let text = "{";
  for (const [index, key] of shape.keys.entries()) {
    const node = shape.nodes[index];
    text += `${key.length}:${key}`;
    if (typeof node === "object")
      text += signatureOf(node);
  }
  return `${text}}`;
}
function joinShapes(left, right) {
  const nodes = left.nodes.map((node, index) => joinNodes(node, right.nodes[index] ?? "any"));
  return nodes.some((node, index) => node !== left.nodes[index]) ? { keys: left.keys, nodes } : left;
}
function layoutOf(shape) {
  const leaves = [];
  let offset = shapeHeadBytes;
  const visit = (node) => {
    if (typeof node === "object") {
      node.nodes.forEach(visit);
      return;
    }
    leaves.push({ kind: node, offset });
    offset += columnBytes[node];
  };
  visit(shape);
  return { leaves, fixedBytes: offset };
}
function shapeToBytes(shape) {
  const writer2 = new ByteWriter(256);
  writer2.varint(shapeMark);
  writeNode(writer2, shape);
  return writer2.take();
}
function readShape(reader) {
  const budget = { nodes: nodesMax, text: keyTextMax };
  const node = readNode(reader, 0, budget);
  const isWhole = reader.ok && reader.remaining === 0;
  return isWhole && typeof node === "object" && layoutOf(node).leaves.length > 0 ? node : void 0;
}
var nodesMax = 96;
var keyTextMax = 2048;
var depthMax = 8;
var columnBytes = { int: 4, float: 8, text: 1, flag: 1, any: 0 };
var leafKinds = ["any", "int", "float", "text", "flag"];
var objectCode = leafKinds.length;
function describeObject(value, depth, budget) {
  const keys = [];
  const nodes = [];
  for (const key in value) {
    if (!takeKey(key, budget) || !Object.hasOwn(value, key))
      return void 0;
    const item = Reflect.get(value, key);
    const node = isPlainObject(item) && depth + 1 < depthMax ? describeObject(item, depth + 1, budget) : kindOf2(item);
    if (node === void 0)
      return void 0;
    keys.push(key);
    nodes.push(node);
  }
  return { keys, nodes };
}
function takeKey(key, budget) {
  budget.nodes -= 1;
  budget.text -= key.length;
  return budget.nodes >= 0 && budget.text >= 0 && key !== "__proto__";
}
function kindOf2(value) {
  if (typeof value === "number")
    return (value | 0) === value && !Object.is(value, -0) ? "int" : "float";
  if (typeof value === "string")
    return "text";
  return typeof value === "boolean" ? "flag" : "any";
}
function isPlainObject(value) {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
function joinNodes(left, right) {
  if (typeof left === "object")
    return typeof right === "object" ? joinShapes(left, right) : "any";
  if (left === right)
    return left;
  return left === "float" && right === "int" || left === "int" && right === "float" ? "float" : "any";
}
function writeNode(writer2, node) {
  if (typeof node !== "object") {
    writer2.u8(leafKinds.indexOf(node));
    return;
  }
  writer2.u8(objectCode);
  writer2.varint(node.keys.length);
  for (const [index, key] of node.keys.entries()) {
    writer2.text(key);
    writeNode(writer2, node.nodes[index] ?? "any");
  }
}
function readNode(reader, depth, budget) {
  const code = reader.u8();
  if (code !== objectCode)
    return reader.ok ? leafKinds[code] : void 0;
  const count = reader.varint();
  if (depth >= depthMax || count > budget.nodes)
    return void 0;
  const keys = /* @__PURE__ */ new Set();
  const nodes = [];
  for (let index = 0; index < count; index += 1) {
    const key = reader.text(budget.text * 3);
    if (!reader.ok || !takeKey(key, budget) || keys.has(key))
      return void 0;
    const node = readNode(reader, depth + 1, budget);
    if (node === void 0)
      return void 0;
    keys.add(key);
    nodes.push(node);
  }
  return { keys: [...keys], nodes };
}

// dist/codec/shape-encoder.js
function generateWriter(shape, number) {
  const { leaves, fixedBytes } = layoutOf(shape);
  const source = new WriterSource(leaves.map(({ offset }) => offset));
  source.add(`let p = at + ${fixedBytes}, i = 0, n = 0, c = 0, or = 0;`);
  source.add(`b[at] = 3; b[at + 1] = ${number};`);
  source.object("v", shape, 1);
  const keys = source.keyLists.map((_, index) => `const K${index} = keys[${index}];`).join("\n");
  const body = `'use strict';
${keys}
return function write(v, b, at, tail) {
const d = tail.view;
${source.text}
return p;
};`;
  const made = new Function("keys", "prototypeOf", "plain", body)(source.keyLists, Object.getPrototypeOf, Object.prototype);
  return made;
}
function roomOf(shape) {
  const { leaves, fixedBytes } = layoutOf(shape);
  return fixedBytes + leaves.filter(({ kind }) => kind === "text").length * runTextMax;
}
var anyTag = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  /** Eight bytes, big-endian. */
  float: 4,
  /** Varint length, UTF-8. */
  text: 5,
  /** Varint length, a self-contained value with its form byte. */
  value: 6
};
var TailWriter = class {
  #bytes = new ByteWriter(256);
  #number = new DataView(new ArrayBuffer(8));
  #numberBytes = new Uint8Array(this.#number.buffer);
  #pack;
  #viewed;
  #view = this.#number;
  /** `pack` makes self-contained bytes of what is known to be data. */
  constructor(pack2) {
    this.#pack = pack2;
  }
  get length() {
    return this.#bytes.length;
  }
  /** What the columns are stored by. */
  get view() {
    return this.#view;
  }
  /** Begins the tail of a value whose columns lie in `bytes`. */
  begin(bytes) {
    this.#bytes.reset();
    if (bytes === this.#viewed)
      return;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  /** Lends what was written. */
  written() {
    return this.#bytes.view();
  }
  text(value) {
    this.#bytes.text(value);
  }
  /** `depth` objects are around it. False: it is not data, or nested too deeply. */
  any(value, depth) {
    if (value === null || value === void 0)
      this.#bytes.u8(value === null ? anyTag.null : anyTag.undefined);
    else if (typeof value === "boolean")
      this.#bytes.u8(value ? anyTag.true : anyTag.false);
    else if (typeof value === "number")
      this.#float(value);
    else if (typeof value === "string")
      this.#text(value);
    else
      return this.#value(value, depth);
    return true;
  }
  #float(value) {
    this.#bytes.u8(anyTag.float);
    this.#number.setFloat64(0, value);
    this.#bytes.bytes(this.#numberBytes);
  }
  #text(value) {
    this.#bytes.u8(anyTag.text);
    this.#bytes.text(value);
  }
  #value(value, depth) {
    if (!isData(value, depth))
      return false;
    this.#bytes.u8(anyTag.value);
    this.#bytes.block(this.#pack(value));
    return true;
  }
};
var WriterSource = class {
  keyLists = [];
  #offsets;
  #lines = [];
  #leaves = 0;
  #names = 0;
  constructor(offsets) {
    this.#offsets = offsets;
  }
  get text() {
    return this.#lines.join("\n");
  }
  add(line) {
    this.#lines.push(line);
  }
  object(name, shape, depth) {
    const keys = `K${this.keyLists.push(shape.keys) - 1}`;
    this.add(`if (typeof ${name} !== 'object' || ${name} === null || prototypeOf(${name}) !== plain) return -1;`);
    this.add(`i = 0; for (const k in ${name}) { if (k !== ${keys}[i]) return -1; i++; }`);
    this.add(`if (i !== ${shape.keys.length}) return -1;`);
    for (const [index, key] of shape.keys.entries()) {
      const node = shape.nodes[index] ?? "any";
      this.#names += 1;
      const item = `v${this.#names}`;
      this.add(`const ${item} = ${name}[${JSON.stringify(key)}];`);
      if (typeof node === "object")
        this.object(item, node, depth + 1);
      else
        this.#leaf(item, node, depth);
    }
  }
  #leaf(item, kind, depth) {
    const at = `at + ${this.#offsets[this.#leaves]}`;
    this.#leaves += 1;
    this.add(leafSource[kind](item, at, depth));
  }
};
var leafSource = {
  int: (item, at) => `if (typeof ${item} !== 'number' || (${item} | 0) !== ${item} || (${item} === 0 && 1 / ${item} < 0)) return -1;
d.setInt32(${at}, ${item});`,
  float: (item, at) => `if (typeof ${item} !== 'number') return -1;
d.setFloat64(${at}, ${item});`,
  flag: (item, at) => `if (typeof ${item} !== 'boolean') return -1;
b[${at}] = ${item} ? 1 : 0;`,
  // A loop over short texts takes a third of a call out of the generated code.
  text: (item, at) => `if (typeof ${item} !== 'string') return -1;
n = ${item}.length; or = 256;
if (n <= ${runTextMax}) { or = 0; for (i = 0; i < n; i++) { c = ${item}.charCodeAt(i); or |= c; b[p + i] = c; } }
if (or < 256) { b[${at}] = n; p += n; } else { b[${at}] = ${tailText}; tail.text(${item}); }`,
  any: (item, _at, depth) => `if (!tail.any(${item}, ${depth})) return -1;`
};

// dist/codec/shape-book.js
var ShapeBook = class {
  #host;
  #tail;
  #sightings = /* @__PURE__ */ new Map();
  #shapes = /* @__PURE__ */ new Map();
  #byFirstKey = /* @__PURE__ */ new Map();
  #last;
  #count = 0;
  #misses = 0;
  #isGenerating = true;
  constructor(host) {
    this.#host = host;
    this.#tail = new TailWriter((value) => host.pack(value));
  }
  /** Definitions that the value written last needs. */
  get needed() {
    return this.#last?.definitions ?? 0;
  }
  /** Writes a value at the end of `writer`; false when no shape takes it, and nothing is written. */
  write(value, writer2) {
    const last = this.#last;
    if (last !== void 0 && this.#writeAs(last, value, writer2))
      return true;
    return typeof value === "object" && value !== null && this.#search(value, writer2);
  }
  #search(value, writer2) {
    const near = this.#byFirstKey.get(firstKeyOf(value)) ?? noShapes;
    for (let index = 0; index < near.length && index < triesMax; index += 1) {
      const shape = near[index];
      if (shape === void 0 || shape === this.#last || !this.#writeAs(shape, value, writer2))
        continue;
      near.splice(index, 1);
      near.unshift(shape);
      this.#last = shape;
      return true;
    }
    const found = this.#isWorthALook() ? this.#learn(value) : void 0;
    if (found === void 0 || !this.#writeAs(found, value, writer2))
      return false;
    this.#last = found;
    this.#misses = 0;
    return true;
  }
  #writeAs(shape, value, writer2) {
    const tail = this.#tail;
    const at = writer2.open(shape.room);
    const { buffer } = writer2;
    tail.begin(buffer);
    const end = shape.write(value, buffer, at, tail);
    if (end < 0)
      return false;
    writer2.close(end);
    if (tail.length > 0)
      writer2.bytes(tail.written());
    return true;
  }
  /** Objects that are used as maps have a new shape each time: after many in vain only one in a few is looked at. */
  #isWorthALook() {
    this.#misses += 1;
    return this.#isGenerating && (this.#misses < missesMax || this.#misses % lookEvery === 0);
  }
  #learn(value) {
    this.#host.check(value);
    const seen = describeShape(value);
    if (seen === void 0)
      return void 0;
    const signature = signatureOf(seen);
    const known = this.#shapes.get(signature);
    if (known !== void 0)
      return this.#widen(known, seen, signature);
    const sighting = this.#sightings.get(signature) ?? { shape: seen, count: 0 };
    sighting.count += 1;
    sighting.shape = joinShapes(sighting.shape, seen);
    if (sighting.count >= sightingsNeeded) {
      this.#sightings.delete(signature);
      return this.#define(sighting.shape, signature);
    }
    if (this.#sightings.size >= sightingsMax)
      this.#sightings.clear();
    this.#sightings.set(signature, sighting);
    return void 0;
  }
  #widen(known, seen, signature) {
    const shape = joinShapes(known.shape, seen);
    return shape === known.shape ? known : this.#define(shape, signature);
  }
  #define(shape, signature) {
    if (this.#count >= shapesMax)
      return void 0;
    const write2 = this.#generate(shape, this.#count);
    if (write2 === void 0)
      return void 0;
    const known = { shape, write: write2, room: roomOf(shape), definitions: this.#host.define(shapeToBytes(shape)) };
    this.#count += 1;
    const firstKey = shape.keys[0] ?? "";
    const narrower = this.#shapes.get(signature);
    const near = (this.#byFirstKey.get(firstKey) ?? []).filter((other) => other !== narrower);
    this.#byFirstKey.set(firstKey, [known, ...near]);
    this.#shapes.set(signature, known);
    return known;
  }
  #generate(shape, number) {
    try {
      return generateWriter(shape, number);
    } catch {
      this.#isGenerating = false;
      return void 0;
    }
  }
};
var sightingsNeeded = 4;
var sightingsMax = 256;
var triesMax = 8;
var missesMax = 1024;
var lookEvery = 16;
var noShapes = [];
function firstKeyOf(value) {
  for (const key in value)
    return key;
  return "";
}

// dist/codec/shape-decoder.js
var ShapeDecoder = class {
  #shape;
  #layout;
  #generateAfter;
  #read;
  /** `isGenerating`: code may be made at run time. */
  constructor(shape, isGenerating) {
    this.#shape = shape;
    this.#layout = layoutOf(shape);
    this.#generateAfter = isGenerating ? sightingsNeeded2 : Number.POSITIVE_INFINITY;
  }
  read(bytes, start, end, tail) {
    tail.look(bytes);
    if (this.#read !== void 0)
      return this.#read(bytes, start, end, tail);
    this.#generateAfter -= 1;
    if (this.#generateAfter <= 0)
      this.#read = this.#generate();
    return readByStep(this.#shape, this.#layout, { bytes, start, end, tail });
  }
  #generate() {
    try {
      return generateReader(this.#shape);
    } catch {
      this.#generateAfter = Number.POSITIVE_INFINITY;
      return void 0;
    }
  }
};
var TailReader = class {
  #unpack;
  #viewed;
  #view = new DataView(new ArrayBuffer(0));
  #bytes = noBytes2;
  #at = 0;
  #end = 0;
  #ok = true;
  /** `unpack` reads self-contained bytes, and throws `invalid-value`. */
  constructor(unpack2) {
    this.#unpack = unpack2;
  }
  /** What columns and tail are read by. */
  get view() {
    return this.#view;
  }
  /** The next value lies in these bytes. A view costs more than reading a value by it, and many values lie in one piece. */
  look(bytes) {
    if (bytes === this.#viewed)
      return;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  begin(bytes, start, end) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#ok = true;
  }
  get isDone() {
    return this.#ok && this.#at === this.#end;
  }
  text() {
    const start = this.#block();
    return start < 0 ? "" : utf8Slice.call(this.#bytes, start, this.#at);
  }
  any() {
    if (this.#at >= this.#end)
      return this.#fail();
    const tag = this.#bytes[this.#at++];
    if (tag === anyTag.null)
      return null;
    if (tag === anyTag.undefined)
      return void 0;
    if (tag === anyTag.false || tag === anyTag.true)
      return tag === anyTag.true;
    if (tag === anyTag.float)
      return this.#float();
    if (tag === anyTag.text)
      return this.text();
    return tag === anyTag.value ? this.#value() : this.#fail();
  }
  #float() {
    if (this.#end - this.#at < 8)
      return this.#fail();
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8);
  }
  #value() {
    const bytes = this.#bytes;
    const start = this.#block();
    const end = this.#at;
    return start < 0 ? void 0 : this.#unpack(bytes, start, end);
  }
  /** Reads a length and passes over what it says; returns where that begins, or -1. */
  #block() {
    let length = 0;
    for (let shift = 0; shift < 28 && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      length |= (byte & 127) << shift;
      if (byte >= 128)
        continue;
      if (length > this.#end - this.#at)
        break;
      this.#at += length;
      return this.#at - length;
    }
    this.#fail();
    return -1;
  }
  #fail() {
    this.#ok = false;
    this.#at = this.#end;
    return void 0;
  }
};
function generateReader(shape) {
  const { leaves, fixedBytes } = layoutOf(shape);
  const texts = leaves.filter(({ kind }) => kind === "text");
  const lines = [`if (e - s < ${fixedBytes}) return undefined;`];
  texts.forEach(({ offset }, index) => {
    const before = index === 0 ? "0" : `q${index - 1}`;
    lines.push(`const n${index} = b[s + ${offset}], q${index} = n${index} === ${tailText} ? ${before} : ${before} + n${index};`);
  });
  const run = texts.length === 0 ? "0" : `q${texts.length - 1}`;
  lines.push(`const from = s + ${fixedBytes}, to = from + ${run};`, "if (to > e) return undefined;");
  if (texts.length > 0)
    lines.push("const run = latin1Slice.call(b, from, to);");
  lines.push("tail.begin(b, to, e);", `const v = ${literalOf(shape, { offsets: leaves.map(({ offset }) => offset) })};`);
  lines.push("return tail.isDone ? v : undefined;");
  const body = `'use strict';
return function read(b, s, e, tail) {
const d = tail.view;
${lines.join("\n")}
};`;
  const made = new Function("latin1Slice", body)(latin1Slice);
  return made;
}
var sightingsNeeded2 = 8;
var noBytes2 = new Uint8Array(0);
var { latin1Slice, utf8Slice } = Buffer.prototype;
function literalOf(node, cursor) {
  if (typeof node === "object") {
    const parts = node.keys.map((key, index) => `${JSON.stringify(key)}: ${literalOf(node.nodes[index] ?? "any", cursor)}`);
    return `{${parts.join(", ")}}`;
  }
  const leaf = cursor.leaf ?? 0;
  const offset = cursor.offsets[leaf];
  cursor.leaf = leaf + 1;
  if (node === "int")
    return `d.getInt32(s + ${offset})`;
  if (node === "float")
    return `d.getFloat64(s + ${offset})`;
  if (node === "flag")
    return `b[s + ${offset}] === 1`;
  if (node === "any")
    return "tail.any()";
  const text = cursor.text ?? 0;
  cursor.text = text + 1;
  return `n${text} === ${tailText} ? tail.text() : run.slice(${text === 0 ? 0 : `q${text - 1}`}, q${text})`;
}
function readByStep(shape, layout, place) {
  const { bytes, start, end, tail } = place;
  const { view } = tail;
  const { leaves, fixedBytes } = layout;
  if (end - start < fixedBytes)
    return void 0;
  let at = start + fixedBytes;
  let runEnd = at;
  for (const { kind, offset } of leaves) {
    const length = kind === "text" ? bytes[start + offset] ?? 0 : 0;
    if (length !== tailText)
      runEnd += length;
  }
  if (runEnd > end)
    return void 0;
  tail.begin(bytes, runEnd, end);
  let next = 0;
  const readText2 = (offset) => {
    const length = bytes[start + offset] ?? 0;
    if (length === tailText)
      return tail.text();
    at += length;
    return latin1Slice.call(bytes, at - length, at);
  };
  const readNode2 = (node) => {
    if (typeof node === "object") {
      const object = {};
      for (const [index, key] of node.keys.entries())
        object[key] = readNode2(node.nodes[index] ?? "any");
      return object;
    }
    const offset = leaves[next]?.offset ?? 0;
    next += 1;
    if (node === "int")
      return view.getInt32(start + offset);
    if (node === "float")
      return view.getFloat64(start + offset);
    if (node === "flag")
      return bytes[start + offset] === 1;
    return node === "text" ? readText2(offset) : tail.any();
  };
  const value = readNode2(shape);
  return tail.isDone ? value : void 0;
}

// dist/codec/msgpack-lane.js
var SharedEncoder = class {
  #definitions = [];
  #sightings = /* @__PURE__ */ new Map();
  #packr;
  #shapes;
  #block = new ByteWriter(blockBytes2);
  #records = 0;
  needed = 0;
  constructor(codec, hasShapes) {
    this.#shapes = hasShapes ? new ShapeBook({
      define: (bytes) => this.#definitions.push(bytes),
      check: assertEncodable,
      pack: (value) => codec.pack(value)
    }) : void 0;
    const structures = [];
    this.#packr = new Packr({
      ...common,
      structures,
      maxSharedStructures: sharedRecordsMax,
      maxOwnStructures: sharedRecordsMax,
      mapsAsObjects: false,
      // Declared so that new records are kept; there is nothing to save them to.
      saveStructures: (saved) => this.#learn(saved),
      // Only shapes that come again deserve a number: objects used as maps would eat them all.
      shouldShareStructure: (keys) => this.#isRepeated(keys)
    });
  }
  get definitionCount() {
    return this.#definitions.length;
  }
  definition(index) {
    const bytes = this.#definitions[index];
    if (bytes === void 0)
      throw new RangeError(`no definition ${index}`);
    return bytes;
  }
  encode(value) {
    if (this.#shapes === void 0)
      return this.#pack(value);
    if (this.#block.length > blockBytes2 / 2)
      this.#block = new ByteWriter(blockBytes2);
    const block = this.#block;
    const start = block.length;
    if (!this.#shapes.write(value, block))
      return this.#pack(value);
    this.needed = this.#shapes.needed;
    return block.buffer.subarray(start, block.length);
  }
  encodeInto(value, writer2) {
    if (this.#shapes?.write(value, writer2) === true)
      this.needed = this.#shapes.needed;
    else
      writer2.bytes(this.#pack(value));
  }
  #pack(value) {
    assertEncodable(value);
    const bytes = pack(this.#packr, value, sharedByte);
    this.needed = this.#definitions.length;
    return bytes;
  }
  #learn(structures) {
    for (; this.#records < structures.length; this.#records += 1) {
      const keys = structures[this.#records];
      this.#definitions.push(writeKeys(Array.isArray(keys) ? keys.map(String) : []));
    }
    return true;
  }
  #isRepeated(keys) {
    if (keys.length > recordKeysMax)
      return false;
    const name = keys.join("\0");
    if (name.length > recordTextMax)
      return false;
    const count = (this.#sightings.get(name) ?? 0) + 1;
    if (this.#sightings.size >= sightingsMax2)
      this.#sightings.clear();
    this.#sightings.set(name, count);
    return count >= sightingsNeeded3;
  }
};
var SelfContainedEncoder = class {
  definitionCount = 0;
  needed = 0;
  #codec;
  constructor(codec) {
    this.#codec = codec;
  }
  definition(index) {
    throw new RangeError(`no definition ${index}`);
  }
  encode(value) {
    return this.#codec.encode(value);
  }
};
var SharedDecoder = class {
  #codec;
  #isGenerating;
  #scanner = new MsgpackScanner();
  #structures = [];
  #sizes = [];
  #shapes = [];
  #mode = { records: true, shared: this.#sizes };
  #tail;
  #packr = new Packr({
    ...common,
    structures: this.#structures,
    maxSharedStructures: sharedRecordsMax,
    maxOwnStructures: sharedRecordsMax,
    mapsAsObjects: false
  });
  constructor(codec, isGenerating) {
    this.#codec = codec;
    this.#isGenerating = isGenerating;
    this.#tail = new TailReader((bytes, start, end) => codec.decodeRange(bytes, start, end));
  }
  get definitionCount() {
    return this.#sizes.length + this.#shapes.length;
  }
  define(bytes) {
    const reader = new ByteReader(bytes);
    const first = reader.varint();
    return first === shapeMark ? this.#defineShape(reader) : this.#defineRecord(first, reader);
  }
  decode(bytes, start, end) {
    const form = start < end ? bytes[start] : void 0;
    if (form === compiledByte)
      return this.#decodeShape(bytes, start, end);
    if (form !== sharedByte)
      return this.#codec.decodeRange(bytes, start, end);
    const fault = this.#scanner.scan(bytes, start + 1, end, this.#mode);
    if (fault !== void 0)
      throw malformed(this.#codec.name, fault);
    return unpack(this.#packr, { bytes, start: start + 1, end });
  }
  #decodeShape(bytes, start, end) {
    const shape = end - start < 2 ? void 0 : this.#shapes[bytes[start + 1] ?? 0];
    if (shape === void 0)
      throw malformed(this.#codec.name, "no such shape was defined");
    const value = shape.read(bytes, start, end, this.#tail);
    if (value === void 0)
      throw malformed(this.#codec.name, "the value does not fit its shape");
    return value;
  }
  #defineShape(reader) {
    const shape = this.#shapes.length < shapesMax ? readShape(reader) : void 0;
    if (shape === void 0)
      return false;
    this.#shapes.push(new ShapeDecoder(shape, this.#isGenerating));
    return true;
  }
  #defineRecord(count, reader) {
    const keys = this.#sizes.length < sharedRecordsMax ? readKeys(count, reader) : void 0;
    if (keys === void 0)
      return false;
    const structure = keys;
    structure.isShared = true;
    this.#structures[this.#sizes.length] = structure;
    this.#sizes.push(keys.length);
    this.#structures.sharedLength = this.#sizes.length;
    return true;
  }
};
var blockBytes2 = 8192;
var sightingsNeeded3 = 2;
var sightingsMax2 = 1024;
var recordKeysMax = 128;
var recordTextMax = 4096;
function writeKeys(keys) {
  const writer2 = new ByteWriter(64);
  writer2.varint(keys.length);
  for (const key of keys)
    writer2.text(key);
  return writer2.take();
}
function readKeys(count, reader) {
  if (count > recordKeysMax)
    return void 0;
  const keys = [];
  for (let index = 0; index < count && reader.ok; index += 1)
    keys.push(reader.text(recordTextMax * 3));
  const valid = reader.ok && reader.remaining === 0 && !keys.includes("__proto__");
  return valid && new Set(keys).size === keys.length ? keys : void 0;
}

// dist/codec/msgpack-codec.js
function createMsgpackCodec(options = {}) {
  const isGenerating = options.codeGeneration !== false && canGenerateCode();
  return new MsgpackCodec(isGenerating, options.compiledShapes !== false);
}
var shapesCapability = "shapes-1";
var MsgpackCodec = class {
  name = "application/msgpack";
  capabilities = [shapesCapability];
  #isGenerating;
  #hasShapes;
  #plain = new Packr2({ ...common, useRecords: false, mapsAsObjects: true });
  #inline = new Packr2({ ...common, useRecords: true, mapsAsObjects: false });
  #scanner = new MsgpackScanner();
  constructor(isGenerating, hasShapes) {
    this.#isGenerating = isGenerating;
    this.#hasShapes = hasShapes;
  }
  encode(value) {
    assertEncodable(value);
    return this.pack(value);
  }
  pack(value) {
    return hasMap(value) ? pack(this.#inline, value, inlineByte) : pack(this.#plain, value, plainByte);
  }
  decode(bytes) {
    return this.decodeRange(bytes, 0, bytes.length);
  }
  decodeRange(bytes, start, end) {
    const form = start < end ? bytes[start] : void 0;
    if (form === plainByte)
      return this.#unpack(this.#plain, plainMode, { bytes, start: start + 1, end });
    if (form === inlineByte)
      return this.#unpack(this.#inline, inlineMode, { bytes, start: start + 1, end });
    throw malformed(this.name, `it begins with ${String(form)}`);
  }
  createEncoder(capabilities) {
    if (!this.#isGenerating)
      return new SelfContainedEncoder(this);
    return new SharedEncoder(this, this.#hasShapes && capabilities.has(shapesCapability));
  }
  createDecoder() {
    return new SharedDecoder(this, this.#isGenerating);
  }
  #unpack(packr, mode, range) {
    const fault = this.#scanner.scan(range.bytes, range.start, range.end, mode);
    if (fault !== void 0)
      throw malformed(this.name, fault);
    return unpack(packr, range);
  }
};
function canGenerateCode() {
  try {
    return typeof new Function("return 1") === "function";
  } catch {
    return false;
  }
}

// dist/runtime/guest-contract.js
var guestContract = defineService("scalebus.node", {
  version: "1.0.0",
  methods: {
    host: call({ idempotent: true }),
    members: call({ idempotent: true }),
    publish: call(),
    subscribe: stream(),
    request: call(),
    requestMany: stream(),
    invoke: call(),
    invokeStream: stream(),
    instances: call({ idempotent: true }),
    explain: call({ idempotent: true }),
    tap: stream(),
    stats: call({ idempotent: true })
  }
});

// dist/runtime/guest-world.js
var GuestWorld = class {
  membership;
  tables;
  #host;
  #services;
  constructor(self, host) {
    this.#host = host;
    this.#services = new HostTable(host);
    this.membership = guestMembership(self, host);
    this.tables = { open: (name) => name === "services" ? this.#services : new HostTable(host) };
  }
  /** The host serves a contract, as an instance of this id. */
  serves(contract, id) {
    const { name, epoch } = this.#host;
    const value = writeInstance({ contract, tags: {} });
    this.#services.put({ kind: "set", node: { name, epoch }, key: instanceKey(contract.name, id), value });
  }
};
function guestMembership(self, host) {
  const hostMember = toMember(host, host.address);
  return {
    self: toMember(self, ""),
    members: () => [hostMember],
    findMember: (name) => name === host.name ? hostMember : void 0,
    listen: () => ignore,
    attachDigest: () => ignore,
    report: ignore,
    updateMetadata: ignore,
    start: () => Promise.resolve(),
    leave: () => Promise.resolve(),
    stop: () => Promise.resolve()
  };
}
var HostTable = class {
  revision = 0;
  #host;
  #rows = /* @__PURE__ */ new Map();
  #listeners = new Listeners();
  constructor(host) {
    this.#host = host;
  }
  /** The host's part has one more row, or another. */
  put(change) {
    this.#rows.set(change.key, change.value);
    this.#listeners.tell(change);
  }
  set() {
  }
  remove() {
  }
  rowsOf(node) {
    return node.name === this.#host.name ? this.#rows : /* @__PURE__ */ new Map();
  }
  nodes() {
    return [this.#host];
  }
  listen(listener) {
    return this.#listeners.add(listener);
  }
  whenHeld() {
    return ignore;
  }
};
function toMember({ name, epoch }, address) {
  return { name, epoch, address, status: "alive", incarnation: 0, wireMin: 1, wireMax: 1, metadata: void 0 };
}
function ignore() {
}

// dist/runtime/node-environment.js
import { createHash } from "node:crypto";
import { networkInterfaces } from "node:os";

// dist/cluster/transport/tcp-connections.js
import { connect, createServer, Socket } from "node:net";

// dist/spi/no-metrics.js
var counter = { add: () => void 0 };
var gauge = { set: () => void 0 };
var histogram = { observe: () => void 0 };
var noMetrics = {
  counter: () => counter,
  gauge: () => gauge,
  histogram: () => histogram
};

// dist/cluster/transport/byte-queue.js
var ByteQueue = class {
  #chunks = [];
  #head = 0;
  #offset = 0;
  #length = 0;
  /** Bytes that wait. */
  get length() {
    return this.#length;
  }
  push(bytes) {
    if (bytes.length === 0)
      return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
  /** Moves the first `count` bytes to the start of `target`; there must be as many. */
  takeInto(target, count) {
    let taken = 0;
    while (taken < count) {
      const chunk = must(this.#chunks[this.#head], "as many bytes as are taken");
      const part = Math.min(chunk.length - this.#offset, count - taken);
      target.set(chunk.subarray(this.#offset, this.#offset + part), taken);
      taken += part;
      this.#offset += part;
      if (this.#offset === chunk.length)
        this.#dropHead();
    }
    this.#length -= count;
  }
  clear() {
    this.#chunks = [];
    this.#head = 0;
    this.#offset = 0;
    this.#length = 0;
  }
  #dropHead() {
    this.#head += 1;
    this.#offset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
};

// dist/cluster/transport/transport-defaults.js
var lingerDefaultMs = 5e3;
var receiveBufferBytes = 256 * 1024;
var pausedBytesMax = 64 * 1024;

// dist/cluster/transport/transport-errors.js
function dialError(to, fault, cause) {
  const what = {
    refused: "nobody listens there",
    silent: "no answer in time",
    failed: "it failed"
  }[fault];
  const why = causeToText(cause);
  return new ClusterError("unavailable", `cannot connect to ${targetToText(to)}: ${what}${why === "" ? "" : `: ${why}`}`, {
    details: fault,
    cause
  });
}
function bindError(local2, cause) {
  const where = targetToText(local2);
  if (findSystemCode(cause) === "EADDRINUSE") {
    const advice = local2.host.startsWith("/") ? "stop what uses it, or remove the file that a crash left behind" : "choose another port, or stop what uses it";
    return new ClusterError("address-in-use", `${where} is taken: ${advice}`, { cause });
  }
  return new ClusterError("unavailable", `cannot listen on ${where}: ${causeToText(cause)}`, { cause });
}
function findSystemCode(cause) {
  if (!(cause instanceof Error) || !("code" in cause))
    return void 0;
  return typeof cause.code === "string" ? cause.code : void 0;
}
function causeToText(cause) {
  if (cause instanceof Error)
    return cause.message;
  return typeof cause === "string" ? cause : "";
}
function targetToText(address) {
  return address.host.startsWith("/") ? address.host : addressToText(address);
}

// dist/cluster/transport/socket-connection.js
var SocketConnection = class {
  remote;
  certificate;
  #socket;
  #clock;
  #lingerMs;
  #reset;
  #held = new ByteQueue();
  #handlers;
  #paused = false;
  #readingStopped = false;
  #deliverPlanned = false;
  #drainOwed = false;
  #ending = false;
  #destroyed = false;
  #failure;
  #closed;
  #closeTold = false;
  #cancelLinger;
  constructor(deps) {
    this.remote = deps.remote;
    this.certificate = deps.certificate;
    this.#socket = deps.socket;
    this.#clock = deps.clock;
    this.#lingerMs = deps.lingerMs;
    this.#reset = deps.reset;
    deps.socket.on("error", (cause) => {
      this.#failure ??= cause;
    });
    deps.socket.once("end", () => this.end());
    deps.socket.once("close", () => this.#onClose());
  }
  get bufferedBytes() {
    return this.#closed === void 0 ? this.#socket.writableLength : 0;
  }
  write(bytes) {
    if (this.#isOver() || this.#ending || bytes.length === 0)
      return;
    this.#socket.write(bytes, this.#onWritten);
    if (this.#socket.writableLength > 0)
      this.#drainOwed = true;
  }
  listen(handlers) {
    this.#handlers = handlers;
    this.#planDeliver();
  }
  pause() {
    this.#paused = true;
  }
  resume() {
    if (!this.#paused)
      return;
    this.#paused = false;
    this.#planDeliver();
  }
  end() {
    if (this.#isOver() || this.#ending)
      return;
    this.#ending = true;
    this.#socket.end();
    const until = after(this.#clock.now(), this.#lingerMs);
    this.#cancelLinger = this.#clock.setTimer(until, () => this.destroy());
  }
  destroy() {
    if (this.#isOver())
      return;
    this.#destroyed = true;
    this.#held.clear();
    if (this.#ending)
      this.#socket.destroy();
    else
      this.#reset();
  }
  /** Gets what the socket read, lent for the call; false asks to stop reading until the socket is resumed. */
  take(bytes) {
    if (this.#isOver())
      return true;
    if (this.#handlers !== void 0 && !this.#paused && this.#held.length === 0) {
      this.#handlers.onBytes(bytes);
      return true;
    }
    this.#held.push(bytes.slice());
    this.#readingStopped = this.#held.length >= pausedBytesMax;
    return !this.#readingStopped;
  }
  #isOver() {
    return this.#destroyed || this.#closed !== void 0;
  }
  #planDeliver() {
    if (this.#deliverPlanned)
      return;
    this.#deliverPlanned = true;
    this.#clock.afterTurn(this.#deliver);
  }
  /** Hands over what was held, goes on reading, and tells an end that waited behind the bytes. */
  #deliver = () => {
    this.#deliverPlanned = false;
    if (this.#handlers === void 0)
      return;
    if (!this.#paused && !this.#destroyed && this.#held.length > 0) {
      const bytes = new Uint8Array(this.#held.length);
      this.#held.takeInto(bytes, bytes.length);
      this.#handlers.onBytes(bytes);
    }
    if (this.#readingStopped && this.#held.length === 0 && !this.#isOver()) {
      this.#readingStopped = false;
      this.#socket.resume();
    }
    this.#tellClosed();
  };
  #onWritten = (failure) => {
    if (!this.#drainOwed || this.#isOver() || failure !== void 0 && failure !== null)
      return;
    if (this.#socket.writableLength > 0)
      return;
    this.#drainOwed = false;
    this.#handlers?.onDrain();
  };
  #onClose() {
    this.#cancelLinger?.();
    this.#closed = this.#destroyed ? "destroyed" : failureToEnd(this.#failure);
    if (this.#closed !== "ended")
      this.#held.clear();
    this.#tellClosed();
  }
  /** Bytes that came before an orderly end come before it is told; a failure does not wait for them. */
  #tellClosed() {
    if (this.#closed === void 0 || this.#closeTold || this.#handlers === void 0)
      return;
    if (this.#held.length > 0)
      return;
    this.#closeTold = true;
    this.#handlers.onClosed(this.#closed);
  }
};
var resetCodes = /* @__PURE__ */ new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
function failureToEnd(failure) {
  if (failure === void 0)
    return "ended";
  return resetCodes.has(findSystemCode(failure) ?? "") ? "reset" : "failed";
}

// dist/cluster/transport/socket-dial.js
function awaitDial(dial) {
  return new Promise((resolve2, reject) => {
    let socket;
    try {
      socket = dial.open();
    } catch (cause) {
      reject(dialError(dial.to, "failed", cause));
      return;
    }
    const settle = () => {
      cancel();
      socket.off("error", onError);
      socket.off(dial.event, onReady);
    };
    const fail4 = (fault, cause) => {
      settle();
      socket.on("error", () => void 0);
      socket.destroy();
      reject(dialError(dial.to, fault, cause));
    };
    const onError = (cause) => fail4(faults[findSystemCode(cause) ?? ""] ?? "failed", cause);
    const onReady = () => {
      if (isSelfConnected(socket)) {
        fail4("refused");
        return;
      }
      settle();
      resolve2(dial.wrap(socket));
    };
    const until = after(dial.clock.now(), dial.timeoutMs);
    const cancel = dial.clock.setTimer(until, () => fail4("silent"));
    socket.once("error", onError);
    socket.once(dial.event, onReady);
  });
}
var faults = {
  ECONNREFUSED: "refused",
  ENOENT: "refused",
  ETIMEDOUT: "silent"
};
function isSelfConnected(socket) {
  return socket.localPort !== void 0 && socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}

// dist/cluster/transport/socket-listening.js
function startListening(server, local2, failures) {
  return new Promise((resolve2, reject) => {
    if (isLongPath(local2)) {
      reject(bindError(local2, `a socket path has at most ${pathBytesMax} bytes`));
      return;
    }
    const fail4 = (cause) => {
      server.close();
      reject(bindError(local2, cause));
    };
    server.once("error", fail4);
    const listening = () => {
      server.off("error", fail4);
      server.on("error", () => failures.add());
      resolve2({ local: boundAddress(server, local2), close: () => closeServer(server) });
    };
    try {
      if (local2.host.startsWith("/"))
        server.listen({ path: local2.host, exclusive: true }, listening);
      else
        server.listen({ host: local2.host, port: local2.port, exclusive: true }, listening);
    } catch (cause) {
      fail4(cause);
    }
  });
}
function isLongPath(address) {
  return address.host.startsWith("/") && textToBytes(address.host).length > pathBytesMax;
}
var pathBytesMax = 103;
function boundAddress(server, local2) {
  const bound = server.address();
  const port = bound === null || typeof bound === "string" ? 0 : bound.port;
  return { host: local2.host, port };
}
async function closeServer(server) {
  if (server.listening)
    server.close();
}

// dist/cluster/transport/tcp-connections.js
var TcpConnections = class {
  #clock;
  #lingerMs;
  #failures;
  #buffer = new Uint8Array(receiveBufferBytes);
  constructor(options) {
    this.#clock = options.clock;
    this.#lingerMs = options.lingerMs ?? lingerDefaultMs;
    this.#failures = countAcceptFailures(options.metrics ?? noMetrics);
  }
  listen(local2, accept) {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
      const intake = new Intake(this.#buffer);
      const socket = adopt(accepted, intake);
      const remote = remoteOf(socket) ?? `${local2.host}#client`;
      accept(this.#wrap(socket, intake, remote));
    });
    return startListening(server, local2, this.#failures);
  }
  async dial(to, options) {
    if (isLongPath(to))
      throw dialError(to, "failed", "the socket path is too long");
    const intake = new Intake(this.#buffer);
    const { onread } = intake;
    return awaitDial({
      to,
      clock: this.#clock,
      timeoutMs: options.timeoutMs,
      event: "connect",
      open: () => to.host.startsWith("/") ? connect({ path: to.host, onread }) : connect({ host: to.host, port: to.port, noDelay: true, onread }),
      wrap: (socket) => this.#wrap(socket, intake, remoteOf(socket) ?? to.host)
    });
  }
  #wrap(socket, intake, remote) {
    const connection = new SocketConnection({
      socket,
      clock: this.#clock,
      lingerMs: this.#lingerMs,
      remote,
      certificate: void 0,
      reset: () => resetSocket(socket)
    });
    intake.connection = connection;
    return connection;
  }
};
function countAcceptFailures(metrics) {
  return metrics.counter("accept_failed_total", "Connections that could not be accepted.");
}
function resetSocket(socket) {
  if (socket.remotePort === void 0 || socket.destroyed)
    socket.destroy();
  else
    socket.resetAndDestroy();
}
function remoteOf(socket) {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === void 0 || remotePort === void 0)
    return void 0;
  const host = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice("::ffff:".length) : remoteAddress;
  return addressToText({ host, port: remotePort });
}
var Intake = class {
  connection;
  onread;
  constructor(buffer) {
    const callback = (length) => this.connection?.take(buffer.subarray(0, length)) ?? true;
    this.onread = { buffer, callback };
  }
};
function adopt(accepted, intake) {
  const handle = Reflect.get(accepted, "_handle");
  if (typeof handle !== "object" || handle === null)
    return readByEvents(accepted, intake);
  Reflect.set(accepted, "_handle", null);
  accepted.destroy();
  const options = {
    handle,
    onread: intake.onread
  };
  return new Socket(options).setNoDelay(true);
}
function readByEvents(socket, intake) {
  socket.on("data", (chunk) => {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (intake.connection?.take(bytes) === false)
      socket.pause();
  });
  return socket.resume();
}

// dist/cluster/transport/tls-connections.js
import { connect as connectTcp, isIP } from "node:net";
import { connect as connect2, createSecureContext, createServer as createServer2 } from "node:tls";
var TlsConnections = class {
  #options;
  #context;
  #failures;
  #handshakeFailures;
  constructor(options) {
    this.#options = options;
    this.#context = createContext(secureOptions(options));
    const metrics = options.metrics ?? noMetrics;
    this.#failures = countAcceptFailures(metrics);
    this.#handshakeFailures = metrics.counter("tls_handshake_failed_total", "Incoming connections that were closed because their TLS handshake failed or took too long.");
  }
  async listen(local2, accept) {
    const { mutual = true, handshakeMs = 1e4, certificate, key } = this.#options;
    if (certificate === void 0 || key === void 0) {
      throw new ClusterError("invalid-options", "who listens with TLS needs a certificate and its key");
    }
    const server = createServer2({
      ...secureOptions(this.#options),
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: handshakeMs,
      noDelay: true
    }, (socket) => {
      const below = Reflect.get(socket, "_parent");
      const reset = isSocket(below) ? () => resetSocket(below) : () => void socket.destroy();
      accept(this.#wrap(socket, remoteOf(socket) ?? "unknown", reset));
    });
    server.on("tlsClientError", () => this.#handshakeFailures.add());
    return startListening(server, local2, this.#failures);
  }
  async dial(to, options) {
    const { clock } = this.#options;
    const until = after(clock.now(), options.timeoutMs);
    const below = await awaitDial({
      to,
      clock,
      timeoutMs: options.timeoutMs,
      event: "connect",
      open: () => connectTcp({ host: to.host, port: to.port, noDelay: true }),
      wrap: (socket) => socket.on("error", () => void 0)
    });
    return awaitDial({
      to,
      clock,
      timeoutMs: until - clock.now(),
      event: "secureConnect",
      open: () => connect2(this.#dialOptions(to, below)),
      wrap: (socket) => this.#wrap(socket, remoteOf(below) ?? "unknown", () => resetSocket(below))
    });
  }
  #dialOptions(to, socket) {
    const options = {
      secureContext: this.#context,
      socket,
      // What the certificate must name. An address may not be sent as server name (RFC 6066), but is compared all the same.
      host: to.host
    };
    if (isIP(to.host) === 0)
      options.servername = to.host;
    if (this.#options.checkHost === false)
      options.checkServerIdentity = () => void 0;
    return options;
  }
  #wrap(socket, remote, reset) {
    const connection = new SocketConnection({
      socket,
      clock: this.#options.clock,
      lingerMs: this.#options.lingerMs ?? lingerDefaultMs,
      remote,
      certificate: toCertificate(socket),
      reset
    });
    socket.on("data", (chunk) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      if (!connection.take(bytes))
        socket.pause();
    });
    return connection;
  }
};
function secureOptions({ certificate, key, authorities }) {
  return {
    minVersion: "TLSv1.3",
    ...certificate === void 0 ? {} : { cert: certificate },
    ...key === void 0 ? {} : { key },
    ...authorities === void 0 ? {} : { ca: authorities }
  };
}
function createContext(options) {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw ClusterError.from(cause, "invalid-options");
  }
}
function isSocket(value) {
  return typeof value === "object" && value !== null && "resetAndDestroy" in value && "destroyed" in value;
}
function toCertificate(socket) {
  const certificate = socket.getPeerCertificate();
  const names = /* @__PURE__ */ new Set();
  for (const name of [certificate.subject?.CN ?? []].flat())
    names.add(name);
  for (const name of alternativeNames(certificate.subjectaltname ?? ""))
    names.add(name);
  return { authorized: socket.authorized, names: [...names] };
}
function alternativeNames(text) {
  const found = text.matchAll(/(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...found].map(([, name = ""]) => name.startsWith('"') ? unquote(name) : name);
}
function unquote(text) {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

// dist/cluster/transport/udp-datagrams.js
import { createSocket } from "node:dgram";
import { isIPv4, isIPv6 } from "node:net";
var UdpDatagrams = class {
  #receiveBufferBytes;
  #failures;
  constructor(options = {}) {
    this.#receiveBufferBytes = options.receiveBufferBytes ?? 1048576;
    this.#failures = (options.metrics ?? noMetrics).counter("datagram_send_failed_total", "Datagrams that the system refused to send, or whose address is none.");
  }
  bind(local2) {
    return new Promise((resolve2, reject) => {
      const host = local2.host === "localhost" ? "127.0.0.1" : local2.host;
      if (!(isIPv4(host) || isIPv6(host)) || local2.port < 0 || local2.port > 65535) {
        reject(bindError(local2, "a UDP socket needs an IP address and a port up to 65535"));
        return;
      }
      const type = isIPv6(host) ? "udp6" : "udp4";
      const socket = createSocket({ type, lookup: lookupNothing });
      const fail4 = (cause) => {
        socket.close();
        reject(bindError(local2, cause));
      };
      socket.once("error", fail4);
      const bound = () => {
        socket.off("error", fail4);
        growReceiveBuffer(socket, this.#receiveBufferBytes);
        resolve2(new UdpSocket(socket, { host: local2.host, port: socket.address().port }, this.#failures));
      };
      try {
        socket.bind({ address: host, port: local2.port, exclusive: true }, bound);
      } catch (cause) {
        fail4(cause);
      }
    });
  }
};
var UdpSocket = class {
  local;
  #socket;
  #failures;
  #isIPv6;
  #targets = /* @__PURE__ */ new Map();
  #origins = /* @__PURE__ */ new Map();
  #handle;
  #closing;
  constructor(socket, local2, failures) {
    this.#socket = socket;
    this.local = local2;
    this.#failures = failures;
    this.#isIPv6 = local2.host.includes(":");
    socket.on("error", () => failures.add());
    socket.on("message", this.#onMessage);
  }
  send(to, bytes) {
    assert(bytes.length <= datagramBytesMax, `at most ${datagramBytesMax} bytes, not ${bytes.length}`);
    if (this.#closing !== void 0)
      return;
    const target = this.#target(to);
    if (target === void 0) {
      this.#failures.add();
      return;
    }
    this.#socket.send(Buffer.from(bytes), target.port, target.host, this.#onSent);
  }
  listen(handle) {
    this.#handle = handle;
  }
  close() {
    this.#handle = void 0;
    this.#closing ??= new Promise((resolve2) => {
      this.#socket.close(() => resolve2());
    });
    return this.#closing;
  }
  #onSent = (cause) => {
    if (cause !== null && cause !== void 0)
      this.#failures.add();
  };
  #onMessage = (message, from) => {
    if (this.#handle === void 0)
      return;
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length);
    this.#handle(this.#originText(from), bytes);
  };
  /** The same text object for the same sender, so that maps keyed by it need not hash it anew for each datagram. */
  #originText(from) {
    const known = this.#origins.get(from.address);
    if (known !== void 0 && known.port === from.port)
      return known.text;
    const host = from.address.startsWith(mappedPrefix) ? from.address.slice(mappedPrefix.length) : from.address;
    const text = host.includes(":") ? `[${host}]:${from.port}` : `${host}:${from.port}`;
    if (this.#origins.size >= addressesMax)
      this.#origins.clear();
    this.#origins.set(from.address, { port: from.port, text });
    return text;
  }
  #target(to) {
    const known = this.#targets.get(to);
    if (known !== void 0)
      return known;
    if (this.#targets.size >= addressesMax)
      this.#targets.clear();
    const target = this.#parseTarget(to);
    this.#targets.set(to, target);
    return target;
  }
  #parseTarget(to) {
    const address = findAddress(to);
    if (address === void 0 || address.port === 0)
      return void 0;
    const { port } = address;
    const host = address.host === "localhost" ? "127.0.0.1" : address.host;
    if (isIPv4(host))
      return { host: this.#isIPv6 ? `${mappedPrefix}${host}` : host, port };
    return isIPv6(host) && this.#isIPv6 ? { host, port } : void 0;
  }
};
var addressesMax = 4096;
var mappedPrefix = "::ffff:";
function lookupNothing(host, _options, done) {
  done(null, host, isIPv6(host) ? 6 : 4);
}
function growReceiveBuffer(socket, bytes) {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
  }
}

// dist/core/logger.js
var silentLogger = {
  error: () => void 0,
  info: () => void 0,
  debug: () => void 0
};

// dist/runtime/node-cipher.js
import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";
var NodeCipher = class {
  overheadBytes = nonceBytes2 + tagBytes;
  #nonces = new Uint8Array(nonceBytes2 * 256);
  #nonceAt = this.#nonces.length;
  seal(key, plain, associated) {
    assert(key.length === keyBytes, `a key of ${keyBytes} bytes`);
    const nonce = this.#nextNonce();
    const cipher = createCipheriv(algorithm, key, nonce);
    cipher.setAAD(associated);
    const sealed = new Uint8Array(plain.length + this.overheadBytes);
    sealed.set(nonce);
    sealed.set(cipher.update(plain), nonceBytes2);
    cipher.final();
    sealed.set(cipher.getAuthTag(), nonceBytes2 + plain.length);
    return sealed;
  }
  open(key, sealed, associated) {
    const plainLength = sealed.length - this.overheadBytes;
    if (plainLength < 0 || key.length !== keyBytes)
      return void 0;
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes2), { authTagLength: tagBytes });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(nonceBytes2 + plainLength));
    const plain = new Uint8Array(plainLength);
    plain.set(decipher.update(sealed.subarray(nonceBytes2, nonceBytes2 + plainLength)));
    try {
      decipher.final();
    } catch {
      return void 0;
    }
    return plain;
  }
  /** Nonces are drawn 256 at a time: a call into the system's generator costs as much as sealing a datagram. */
  #nextNonce() {
    if (this.#nonceAt === this.#nonces.length) {
      randomFillSync(this.#nonces);
      this.#nonceAt = 0;
    }
    this.#nonceAt += nonceBytes2;
    return this.#nonces.subarray(this.#nonceAt - nonceBytes2, this.#nonceAt);
  }
};
var algorithm = "aes-256-gcm";
var keyBytes = 32;
var nonceBytes2 = 12;
var tagBytes = 16;

// dist/runtime/node-clock.js
var NodeClock = class {
  #runs = [];
  #isPlanned = false;
  now() {
    return toMonotonicMs(performance.now());
  }
  wallMs() {
    return toWallMs(Date.now());
  }
  setTimer(at, fire) {
    return new Timer(at, fire).cancel;
  }
  afterTurn(run) {
    this.#runs.push(run);
    this.#plan();
  }
  /** After the poll phase: packets that the system already has are handed over first. */
  #plan() {
    if (this.#isPlanned)
      return;
    this.#isPlanned = true;
    setImmediate(this.#endTurn);
  }
  /**
   * What these runs ask for is done in the same turn: a lane fills frames, and its link hands them over. What comes of that waits
   * for the next one, so that nobody can keep the loop from its packets.
   */
  #endTurn = () => {
    try {
      this.#runAll();
      this.#runAll();
    } finally {
      this.#isPlanned = false;
      if (this.#runs.length > 0)
        this.#plan();
    }
  };
  #runAll() {
    const runs = this.#runs;
    this.#runs = [];
    let done = 0;
    try {
      for (const run of runs) {
        done += 1;
        run();
      }
    } finally {
      if (done < runs.length)
        this.#runs = [...runs.slice(done), ...this.#runs];
    }
  }
};
var delayMaxMs = 2147483647;
var Timer = class {
  #at;
  #fire;
  #timeout;
  constructor(at, fire) {
    this.#at = at;
    this.#fire = fire;
    this.#timeout = this.#start();
  }
  cancel = () => {
    clearTimeout(this.#timeout);
  };
  #start() {
    const delayMs = Math.min(Math.max(Math.ceil(this.#at - performance.now()), 0), delayMaxMs);
    return setTimeout(this.#expire, delayMs).unref();
  }
  #expire = () => {
    if (performance.now() < this.#at)
      this.#timeout = this.#start();
    else
      this.#fire();
  };
};

// dist/runtime/node-resolver.js
import { lookup, resolveSrv } from "node:dns/promises";
import { readFile } from "node:fs/promises";
var NodeResolver = class {
  #environment;
  constructor(environment = process.env) {
    this.#environment = environment;
  }
  async resolveHost(host) {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  }
  async resolveService(name) {
    const found = await resolveSrv(name);
    return found.map(({ name: host, port }) => ({ host, port }));
  }
  async readList(kind, name) {
    if (kind === "env")
      return this.#environment[name] ?? "";
    const bytes = await readFile(name);
    return bytes.subarray(0, listBytesMax).toString("utf8");
  }
};
var listBytesMax = 65536;

// dist/runtime/node-random.js
import { randomBytes } from "node:crypto";
function createNodeRandom() {
  return new SeededRandom(randomBytes(4).readUInt32BE());
}

// dist/runtime/node-secrets.js
import { createHmac, randomFillSync as randomFillSync2, timingSafeEqual } from "node:crypto";
var NodeSecrets = class {
  randomBytes(length) {
    return randomFillSync2(new Uint8Array(length));
  }
  hmac(key, message) {
    return new Uint8Array(createHmac("sha256", key).update(message).digest());
  }
  isEqual(left, right) {
    return left.length === right.length && timingSafeEqual(left, right);
  }
};

// dist/runtime/metrics-text.js
function metricsToText(families) {
  const lines = [];
  for (const family of families) {
    lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.kind}`);
    if (family.kind === "histogram") {
      for (const sample of family.series)
        writeHistogram(lines, family.name, sample);
    } else {
      for (const { labels, value } of family.series) {
        lines.push(`${family.name}${labelsToText(labels)} ${toNumber(value)}`);
      }
    }
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}
`;
}
function writeHistogram(lines, name, sample) {
  let total = 0;
  for (const { upTo, count } of sample.buckets) {
    total += count;
    lines.push(`${name}_bucket${labelsToText({ ...sample.labels, le: toNumber(upTo) })} ${total}`);
  }
  const labels = labelsToText(sample.labels);
  lines.push(`${name}_sum${labels} ${toNumber(sample.sum)}`, `${name}_count${labels} ${sample.count}`);
}
function labelsToText(labels) {
  const entries = Object.entries(labels);
  if (entries.length === 0)
    return "";
  return `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}
function toNumber(value) {
  if (value === Number.POSITIVE_INFINITY)
    return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
function escapeHelp(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
function escapeLabel(text) {
  return escapeHelp(text).replaceAll('"', '\\"');
}

// dist/runtime/process-metrics.js
var ProcessMetrics = class {
  #kinds = /* @__PURE__ */ new Map();
  #counters;
  #gauges;
  #histograms;
  constructor(options = {}) {
    const seriesMax = options.seriesMax ?? 1e3;
    this.#counters = new SeriesTable(seriesMax, () => new Sum());
    this.#gauges = new SeriesTable(seriesMax, () => new Sum());
    this.#histograms = new SeriesTable(seriesMax, (name) => new Distribution(boundsFor(name)));
  }
  counter(name, help, labels = {}) {
    this.#claim(name, "counter");
    return this.#counters.get(name, help, labels);
  }
  gauge(name, help, labels = {}) {
    this.#claim(name, "gauge");
    return this.#gauges.get(name, help, labels);
  }
  histogram(name, help, labels = {}) {
    this.#claim(name, "histogram");
    return this.#histograms.get(name, help, labels);
  }
  /** Every name with its series, sorted by name; plain data that does not change later. */
  snapshot() {
    const families = [];
    for (const { name, help, series } of this.#counters.all()) {
      families.push({
        kind: "counter",
        name,
        help,
        series: series.map(({ labels, store }) => ({ labels, value: store.value }))
      });
    }
    for (const { name, help, series } of this.#gauges.all()) {
      families.push({
        kind: "gauge",
        name,
        help,
        series: series.map(({ labels, store }) => ({ labels, value: store.value }))
      });
    }
    for (const { name, help, series } of this.#histograms.all()) {
      families.push({
        kind: "histogram",
        name,
        help,
        series: series.map(({ labels, store }) => ({ labels, ...store.read() }))
      });
    }
    return families.toSorted((left, right) => left.name < right.name ? -1 : 1);
  }
  /** Prometheus' text exposition format 0.0.4. */
  toPrometheusText() {
    return metricsToText(this.snapshot());
  }
  /** The value of a counter or gauge, the count of a histogram; `undefined` when nobody asked for that series. */
  find(name, labels = {}) {
    const sum2 = this.#counters.find(name, labels) ?? this.#gauges.find(name, labels);
    return sum2?.value ?? this.#histograms.find(name, labels)?.count;
  }
  #claim(name, kind) {
    const known = this.#kinds.get(name);
    if (known === kind)
      return;
    assert(known === void 0, `${name} to stay a ${known}`);
    assert(/^[A-Za-z_:][\w:]*$/.test(name), `a metric name of letters, digits and _, not ${name}`);
    this.#kinds.set(name, kind);
  }
};
var overflowLabels = { overflow: "true" };
var SeriesTable = class {
  #families = /* @__PURE__ */ new Map();
  #seriesMax;
  #create;
  constructor(seriesMax, create) {
    this.#seriesMax = seriesMax;
    this.#create = create;
  }
  get(name, help, labels) {
    let family = this.#families.get(name);
    if (family === void 0) {
      family = { name, help, byLabels: /* @__PURE__ */ new Map() };
      this.#families.set(name, family);
    }
    const known = family.byLabels.get(labelsToKey(labels));
    if (known !== void 0)
      return known.store;
    const isFull = family.byLabels.size >= this.#seriesMax;
    return isFull ? this.#add(family, overflowLabels) : this.#add(family, labels);
  }
  find(name, labels) {
    return this.#families.get(name)?.byLabels.get(labelsToKey(labels))?.store;
  }
  all() {
    return [...this.#families.values()].map(({ name, help, byLabels }) => ({
      name,
      help,
      series: [...byLabels.values()]
    }));
  }
  #add(family, labels) {
    const key = labelsToKey(labels);
    const series = family.byLabels.get(key) ?? { labels: { ...labels }, store: this.#create(family.name) };
    family.byLabels.set(key, series);
    return series.store;
  }
};
var Sum = class {
  value = 0;
  add(count = 1) {
    this.value += count;
  }
  set(value) {
    this.value = value;
  }
};
var Distribution = class {
  #bounds;
  #counts;
  #count = 0;
  #sum = 0;
  constructor(bounds) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }
  get count() {
    return this.#count;
  }
  observe(value) {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0))
      index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
  }
  read() {
    const buckets = [...this.#counts].map((count, index) => ({
      upTo: this.#bounds[index] ?? Number.POSITIVE_INFINITY,
      count
    }));
    return { count: this.#count, sum: this.#sum, buckets };
  }
};
var durationBoundsMs = [
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1e3,
  2500,
  5e3,
  1e4,
  3e4
];
var sizeBoundsBytes = [
  64,
  256,
  1024,
  4096,
  16384,
  65536,
  262144,
  1048576,
  4194304,
  16777216
];
var countBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384];
function boundsFor(name) {
  if (name.endsWith("_ms"))
    return durationBoundsMs;
  return name.endsWith("_bytes") ? sizeBoundsBytes : countBounds;
}
function labelsToKey(labels) {
  return JSON.stringify(Object.entries(labels).toSorted(([left], [right]) => left < right ? -1 : 1));
}

// dist/runtime/node-environment.js
function createNodeEnvironment(given, options) {
  const clock = new NodeClock();
  const metrics = given.metrics ?? new ProcessMetrics();
  return {
    clock,
    random: createNodeRandom(),
    secrets: new NodeSecrets(),
    cipher: new NodeCipher(),
    resolver: new NodeResolver(),
    datagrams: new UdpDatagrams({ metrics }),
    connections: createConnections(clock, metrics, options.tls),
    logger: given.logger ?? silentLogger,
    metrics,
    deviceConnections: new TcpConnections({ clock, metrics }),
    publicHost: findPublicHost
  };
}
function createConnections(clock, metrics, tls) {
  if (tls === void 0)
    return new TcpConnections({ clock, metrics });
  const { key, cert, ca, mutual } = tls;
  return new TlsConnections({ clock, metrics, key, certificate: cert, authorities: ca, mutual, checkHost: false });
}
function createOptionSources() {
  const secrets = new NodeSecrets();
  return {
    defaultName: () => `node-${Array.from(secrets.randomBytes(4), (byte) => byte.toString(16).padStart(2, "0")).join("")}`,
    hash: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest())
  };
}
function findPublicHost() {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const outside = addresses.filter((one) => !one.internal && !one.address.startsWith("fe80"));
  return (outside.find((one) => one.family === "IPv4") ?? outside[0])?.address ?? "127.0.0.1";
}

// dist/runtime/profiles.js
var defaultPort = 7700;
var localPortsMax = 16;
function local() {
  const ports = Array.from({ length: localPortsMax }, (_, index) => defaultPort + index);
  const seeds = ports.map((port) => addressToText({ host: "127.0.0.1", port }));
  return { kind: "local", host: "127.0.0.1", ports, seeds, nodes: localPortsMax };
}
function lan(nodes = 16) {
  return { kind: "lan", host: "0.0.0.0", ports: [defaultPort], seeds: [], nodes };
}
function wan(nodes = 16) {
  return { kind: "wan", host: "0.0.0.0", ports: [defaultPort], seeds: [], nodes };
}

// dist/runtime/options.js
function resolveNodeOptions(asked, sources) {
  rejectUnknown(asked);
  const options = withoutUndefined(asked);
  const profile = options.profile ?? local();
  const given = {
    ...defaults2,
    host: profile.host,
    seeds: profile.seeds,
    joinTimeoutMs: joinTimeoutsMs[profile.kind],
    ...options
  };
  const tls = resolveTls(options.tls);
  const key = resolveKey(options.key, sources);
  checkExposure(given.host, key !== void 0 || tls?.mutual === true || given.insecure);
  return {
    name: checkName(options.name ?? sources.defaultName()),
    profile,
    host: given.host,
    ports: options.port === void 0 ? profile.ports : [checkRange("port", options.port, 0, 65535)],
    advertise: checkAdvertise(options.advertise),
    seeds: checkSeeds(given.seeds),
    nodes: checkNodes(options),
    joinRequired: given.joinRequired,
    joinTimeoutMs: checkRange("joinTimeoutMs", given.joinTimeoutMs, 1, 6e5),
    label: checkLabel(given.label),
    key,
    tls,
    authenticate: options.authenticate,
    engine: checkEngine(given.engine),
    metadata: checkMetadata(options.metadata),
    linksMax: checkRange("linksMax", given.linksMax, 1, 1e4),
    drainMs: checkRange("drainMs", given.drainMs, 0, 6e5),
    exposeStacks: given.exposeStacks,
    rpc: { exposeStacks: given.exposeStacks, ...options.rpc },
    codeGeneration: given.codeGeneration,
    compiledShapes: given.compiledShapes
  };
}
var joinTimeoutsMs = { local: 300, lan: 3e3, wan: 1e4 };
var defaults2 = {
  insecure: false,
  joinRequired: false,
  label: "scalebus",
  engine: "scalebus",
  linksMax: 200,
  drainMs: 5e3,
  exposeStacks: false,
  codeGeneration: true,
  compiledShapes: true
};
function checkName(name) {
  if (isNodeName(name))
    return name;
  throw invalid("name", name, 'give 1 to 63 letters, digits, ".", "_" or "-", beginning with a letter or digit');
}
var optionNames = /* @__PURE__ */ new Set([
  "name",
  "profile",
  "host",
  "port",
  "advertise",
  "seeds",
  "nodes",
  "joinRequired",
  "joinTimeoutMs",
  "label",
  "key",
  "insecure",
  "tls",
  "authenticate",
  "engine",
  "metadata",
  "linksMax",
  "drainMs",
  "exposeStacks",
  "rpc",
  "codeGeneration",
  "compiledShapes",
  "logger",
  "metrics"
]);
function rejectUnknown(options) {
  const names = optionNames;
  for (const given of Object.keys(options)) {
    if (names.has(given))
      continue;
    throw new ClusterError("invalid-options", `there is no option ${given}; the options are ${[...optionNames].join(", ")}`);
  }
}
function withoutUndefined(options) {
  const given = { ...options };
  for (const name of optionNames)
    if (given[name] === void 0)
      delete given[name];
  return given;
}
function invalid(option, value, todo) {
  return new ClusterError("invalid-options", `option ${option} is ${JSON.stringify(value)}: ${todo}`);
}
function checkRange(option, value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(option, value, `give a whole number from ${least} to ${most}`);
  }
  return value;
}
function checkExposure(host, secured) {
  if (host === "")
    throw invalid("host", host, "give an address to listen on, such as 127.0.0.1");
  if (secured || isLoopbackHost(host))
    return;
  throw new ClusterError("insecure-address", `host ${host} can be reached from other machines and no key is set: give key (shared by all nodes), or tls with mutual: true, or insecure: true for a closed network, or listen on 127.0.0.1`);
}
function checkAdvertise(advertise) {
  if (advertise === void 0)
    return void 0;
  const address = findAddress(advertise);
  if (address === void 0)
    throw invalid("advertise", advertise, "give host:port, or [ipv6]:port");
  return addressToText(address);
}
function checkSeeds(seeds) {
  for (const seed of seeds) {
    if (/^(?:dns|srv|file|env):/.test(seed))
      continue;
    if (findAddress(seed) === void 0) {
      throw invalid("seeds", seed, "give host:port, [ipv6]:port, dns:name:port, srv:name, env:NAME or file:path");
    }
  }
  return seeds;
}
function checkNodes({ nodes, seeds, joinRequired }) {
  if (nodes === void 0)
    return void 0;
  if (seeds !== void 0 || joinRequired === true) {
    throw new ClusterError("invalid-options", "seeds and joinRequired are for gossip: give nodes or these, not both");
  }
  if (nodes.length > staticNodesMax) {
    throw new ClusterError("invalid-options", `option nodes lists ${nodes.length} nodes; at most ${staticNodesMax}`);
  }
  const names = /* @__PURE__ */ new Set();
  for (const { name, address } of nodes) {
    checkName(name);
    if (findAddress(address) === void 0)
      throw invalid("nodes", address, "give each node an address of host:port");
    if (names.has(name))
      throw invalid("nodes", name, "list each name once");
    names.add(name);
  }
  return nodes;
}
var staticNodesMax = 1e3;
function checkLabel(label) {
  if (label.length > 0 && textToBytes(label).length <= 64)
    return label;
  throw invalid("label", label, "give 1 to 64 bytes of text");
}
var engineNames = ["scalebus", "rsocket-js"];
function checkEngine(engine) {
  const known = engineNames;
  if (known.includes(engine))
    return engine;
  throw invalid("engine", engine, "give 'scalebus' or 'rsocket-js'");
}
function checkMetadata(metadata) {
  if (metadata === void 0 || metadata.length <= memberMetadataBytesMax)
    return metadata;
  throw invalid("metadata", `${metadata.length} bytes`, `give at most ${memberMetadataBytesMax} bytes`);
}
function resolveKey(key, sources) {
  if (key === void 0)
    return void 0;
  if (typeof key === "string") {
    if (key.length < 16)
      throw invalid("key", `a text of ${key.length} characters`, "give at least 16 characters");
    return sources.hash(textToBytes(key));
  }
  if (key.length !== 32) {
    throw invalid("key", `${key.length} bytes`, "give 32 bytes, or a text of at least 16 characters");
  }
  return key;
}
function resolveTls(tls) {
  if (tls === void 0)
    return void 0;
  for (const part of ["key", "cert", "ca"]) {
    if (!tls[part].includes("-----BEGIN")) {
      throw invalid(`tls.${part}`, `${tls[part].length} characters`, "give a PEM text");
    }
  }
  return { ...tls, mutual: tls.mutual ?? true };
}

// dist/runtime/connect-guest.js
async function connectGuest(options = {}) {
  const given = options.key === void 0 ? {} : { key: options.key };
  const resolved = resolveNodeOptions(given, createOptionSources());
  return connectGuestIn(createNodeEnvironment({}, resolved), resolved.key, options);
}
async function connectGuestIn(environment, key, options) {
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const self = { name: `guest-${random.below(4294967296).toString(36)}`, epoch: clock.wallMs() };
  const timeoutMs = options.timeoutMs ?? 2e3;
  const codec = createMsgpackCodec();
  const links = new GuestLinks({ self, clock, secrets, connections, logger, metrics }, resolveLinkOptions({
    helloTimeoutMs: timeoutMs,
    keys: key === void 0 ? [] : [key],
    capabilities: codec.capabilities
  }));
  const link = await dialFirst(links, options.addresses ?? local().seeds, timeoutMs);
  const world = new GuestWorld(self, link.peer);
  world.serves(guestContract, "node");
  const { membership, tables } = world;
  const rpc = new RpcRoom({ links, membership, tables, clock, random, codec, stockCodecs: [codec], metrics, logger }, { select: "random" });
  await rpc.start();
  return new AttachedGuest(link, rpc.client(guestContract), async () => {
    await rpc.stop();
    await links.stop(0);
  });
}
async function dialFirst(links, addresses, timeoutMs) {
  let refused;
  let last;
  for (const address of addresses) {
    try {
      return await links.dial(address, timeoutMs);
    } catch (cause) {
      last = ClusterError.from(cause, "unavailable");
      if (last.code !== "unavailable")
        refused ??= last;
    }
  }
  await links.stop(0);
  if (refused !== void 0)
    throw refused;
  const tried = addresses.length > 2 ? `${addresses[0] ?? ""} to ${addresses.at(-1) ?? ""}` : addresses.join(", ");
  throw new ClusterError("unavailable", `no node answers at ${tried}; start one, or name its address`, { cause: last });
}
var AttachedGuest = class {
  host;
  #client;
  #close;
  #stopping;
  constructor(link, client, close) {
    const { name, epoch, address } = link.peer;
    this.host = { name, epoch, address };
    this.#client = client;
    this.#close = close;
  }
  members() {
    return this.#client.members();
  }
  subscribe(patterns, options = {}) {
    const { signal, group } = options;
    const interest = group === void 0 ? { patterns } : { patterns, group };
    return quietEnd(this.#client.subscribe(interest, streamOptions(signal)), signal);
  }
  publish(topic, value, options = {}) {
    return this.#client.publish({ topic, value, ...options });
  }
  request(topic, value, options = {}) {
    return this.#client.request({ topic, value, ...options }, callOptions(options.timeoutMs));
  }
  requestMany(topic, value, options = {}) {
    return this.#client.requestMany({ topic, value, ...options }, callOptions(options.timeoutMs));
  }
  invoke(service, method, input, options = {}) {
    return this.#client.invoke({ service, method, input, ...options }, callOptions(options.timeoutMs));
  }
  invokeStream(service, method, input, options = {}) {
    return this.#client.invokeStream({ service, method, input, ...options });
  }
  instances(service) {
    return this.#client.instances(service === void 0 ? {} : { service });
  }
  explain(topic) {
    return this.#client.explain({ topic });
  }
  tap(pattern, options = {}) {
    const tap = { pattern, sample: options.sample ?? 1 };
    return quietEnd(this.#client.tap(tap, streamOptions(options.signal)), options.signal);
  }
  stats() {
    return this.#client.stats();
  }
  stop() {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }
};
function streamOptions(signal) {
  return signal === void 0 ? {} : { signal };
}
function callOptions(timeoutMs) {
  return timeoutMs === void 0 ? {} : { timeoutMs: timeoutMs + 500 };
}
async function* quietEnd(items, signal) {
  try {
    yield* items;
  } catch (error) {
    if (signal?.aborted !== true)
      throw error;
  }
}

// dist/cluster/rpc/stock-routes.js
var StockRoutes = class {
  #tagOf;
  constructor(tagOf) {
    this.#tagOf = tagOf;
  }
  forget() {
  }
  /** Deadline and depth have no entry that stock servers know: the caller's side keeps them, and cancels. */
  write(_target, _link, method, { headers }) {
    const tag = this.#tagOf(method.service, method.name);
    return writeCompositeMetadata({ tag, dataType: method.codec.name, headers });
  }
};

// dist/codec/json-codec.js
var jsonCodec = {
  name: "application/json",
  encode(value) {
    const fault = findJsonFault(value, "", 0);
    if (fault !== void 0)
      throw notData(fault);
    return textToBytes(JSON.stringify(value));
  },
  decode(bytes) {
    let value;
    try {
      value = JSON.parse(bytesToText(bytes));
    } catch (error) {
      throw malformed("application/json", "it cannot be read", error);
    }
    const fault = findJsonFault(value, "", 0);
    if (fault !== void 0)
      throw malformed("application/json", `${fault.path} ${fault.why}`);
    return value;
  }
};
function findJsonFault(value, path, depth) {
  if (value === null || typeof value === "string" || typeof value === "boolean")
    return void 0;
  if (typeof value === "number")
    return Number.isFinite(value) ? void 0 : { path, why: `JSON has no ${value}` };
  if (typeof value !== "object")
    return { path, why: `JSON has no ${typeof value}` };
  if (depth >= dataDepthMax)
    return { path, why: `it is nested deeper than ${dataDepthMax}, or in itself` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = findJsonFault(value[index], `${path}[${index}]`, depth + 1);
      if (fault !== void 0)
        return fault;
    }
    return void 0;
  }
  return findObjectFault(value, path, depth);
}
function findObjectFault(value, path, depth) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return { path, why: "JSON has no instances of classes" };
  for (const [key, item] of Object.entries(value)) {
    const itemPath = path === "" ? key : `${path}.${key}`;
    if (key === "__proto__")
      return { path: itemPath, why: "this key is refused" };
    const fault = item === void 0 ? void 0 : findJsonFault(item, itemPath, depth + 1);
    if (fault !== void 0)
      return fault;
  }
  return void 0;
}

// dist/codec/plain-msgpack-codec.js
import { Packr as Packr3 } from "msgpackr";
function createPlainMsgpackCodec() {
  return new PlainMsgpackCodec();
}
var PlainMsgpackCodec = class {
  name = "application/msgpack";
  #packr = new Packr3({
    useRecords: false,
    variableMapSize: true,
    mapsAsObjects: true,
    moreTypes: true,
    copyBuffers: true,
    useBigIntExtension: true,
    structuredClone: false,
    useToJSON: false
  });
  #scanner = new MsgpackScanner();
  encode(value) {
    assertEncodable(value);
    try {
      return this.#packr.pack(value);
    } catch (error) {
      throw ClusterError.from(error, "invalid-value");
    }
  }
  decode(bytes) {
    const fault = this.#scanner.scan(bytes, 0, bytes.length, plainMode);
    if (fault !== void 0)
      throw malformed(this.name, fault);
    try {
      return this.#packr.unpack(bytes);
    } catch (error) {
      throw malformed(this.name, "it cannot be read", error);
    }
  }
};

// dist/runtime/connect-stock.js
async function connectStock(options) {
  const { address, timeoutMs = 2e3, route = defaultRoute } = options;
  const environment = createNodeEnvironment({}, resolveNodeOptions({}, createOptionSources()));
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const self = { name: `guest-${random.below(4294967296).toString(36)}`, epoch: clock.wallMs() };
  const links = new GuestLinks({ self, clock, secrets, connections, logger, metrics }, resolveLinkOptions());
  const link = await links.dialStock(address, address, timeoutMs);
  const world = new GuestWorld(self, link.peer);
  const codec = toStockCodec(options.codec === "msgpack" ? createPlainMsgpackCodec() : jsonCodec);
  const { membership, tables } = world;
  const routes = new StockRoutes(route);
  const deps = { links, membership, tables, clock, random, codec, stockCodecs: [], routes, metrics, logger };
  const rpc = new RpcRoom(deps);
  await rpc.start();
  return new ConnectedStock({ route, link, world, rpc, links });
}
function defaultRoute(service, method) {
  return `${service}/${method}`;
}
var ConnectedStock = class {
  #parts;
  #stopping;
  constructor(parts) {
    this.#parts = parts;
  }
  get address() {
    return this.#parts.link.peer.address;
  }
  get up() {
    return this.#parts.link.up;
  }
  client(contract, options = {}) {
    for (const method of Object.keys(contract.methods))
      this.#checkTag(contract.name, method);
    this.#parts.world.serves(contract, "stock");
    return this.#parts.rpc.client(contract, options);
  }
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  #checkTag(service, method) {
    const { length } = textToBytes(this.#parts.route(service, method));
    if (length > 0 && length <= tagBytesMax)
      return;
    throw new ClusterError("invalid-options", `the route of ${service}.${method} takes ${length} of 1 to ${tagBytesMax} bytes`);
  }
  async #stop() {
    await this.#parts.rpc.stop();
    await this.#parts.links.stop(0);
  }
};
var tagBytesMax = 255;

// dist/runtime/create-node.js
import { defer } from "rxjs/internal/observable/defer";
import { Subject } from "rxjs/internal/Subject";
import { takeUntil } from "rxjs/internal/operators/takeUntil";

// dist/bus/bus-meter.js
var BusMeter = class {
  sent;
  refused;
  received;
  unwanted;
  forbidden;
  undecodable;
  gaps;
  deliveryUnknown;
  unsent;
  malformed;
  unknownRecords;
  constructor(metrics) {
    const count = (name, help) => metrics.counter(`bus_${name}_total`, help);
    this.sent = count("events_sent", "copies of events accepted for other nodes");
    this.refused = count("events_refused", "copies dropped because too many waited for a node");
    this.received = count("events_received", "events that came from other nodes");
    this.unwanted = count("events_unwanted", "events that came and that nobody here wants any more");
    this.forbidden = count("events_forbidden", "events that came and that the access hook refused");
    this.undecodable = count("events_undecodable", "events whose value could not be read");
    this.gaps = count("gaps", "runs of events that were lost on the way here");
    this.deliveryUnknown = count("delivery_unknown", "events sent and never acknowledged");
    this.unsent = count("events_unsent", "events accepted and never sent, because their node went away");
    this.malformed = count("frames_malformed", "frames that a peer should not have sent");
    this.unknownRecords = count("records_unknown", "records of a later build that were skipped");
  }
};

// dist/protocol/bus/bus-frame.js
var recordKind = {
  base: 1,
  topic: 2,
  definition: 3,
  event: 4,
  won: 5,
  final: 6,
  resume: 7,
  ack: 8,
  handled: 9
};
var handledCode = {
  done: 0,
  /** A handler threw, or a policy dropped it. */
  failed: 1,
  /** Nobody here wanted it any more: no handler ran, and the groups that it was for may choose again. */
  refused: 2
};
function beginFrame(writer2, wireVersion2) {
  writer2.reset();
  writer2.u8(wireVersion2);
}
function writeNumberRecord(writer2, kind, number) {
  writer2.u8(kind);
  writer2.varint(varintBytes(number));
  writer2.varint(number);
}
function writeRecord(writer2, kind, body) {
  writer2.u8(kind);
  writer2.block(body);
}
function readFrame(bytes, start, end, out) {
  const reader = new ByteReader(bytes, start, end);
  const version = reader.u8();
  if (version < wireVersionMin || version > out.wireVersion)
    return false;
  while (reader.remaining > 0) {
    const kind = reader.u8();
    const length = reader.varint();
    if (!reader.ok || length > reader.remaining)
      return false;
    const bodyStart = reader.offset;
    reader.skip(length);
    if (kind === 0 || kind > recordKind.handled)
      out.unknown(kind);
    else if (!out.record(kind, bytes, bodyStart, bodyStart + length))
      return false;
  }
  return true;
}
function writePlainHead(writer2, topicId, topic) {
  writer2.u8(0);
  writer2.varint(topicId);
  if (topicId === 0)
    writer2.text(topic);
}
function writeEventHead(writer2, head) {
  const headers = head.headers === void 0 ? noEntries : Object.entries(head.headers);
  const flags = (headers.length > 0 ? flagHeaders2 : 0) + (head.key === void 0 ? 0 : flagKey) + (head.ttlMs === void 0 ? 0 : flagTtl) + (head.broadcast ? flagBroadcast : 0) + head.confirm * flagConfirm;
  writer2.u8(flags);
  writer2.varint(head.topicId);
  if (head.topicId === 0)
    writer2.text(head.topic);
  if (headers.length > 0) {
    writer2.varint(headers.length);
    for (const [name, text] of headers) {
      writer2.text(name);
      writer2.text(text);
    }
  }
  if (head.key !== void 0)
    writer2.text(head.key);
  if (head.ttlMs !== void 0)
    writer2.varint(Math.max(0, Math.ceil(head.ttlMs)));
}
function readEventHead(reader) {
  const flags = reader.u8();
  const topicId = reader.varint();
  const topic = topicId === 0 ? reader.text(topicLengthMax * 3) : "";
  const headers = (flags & flagHeaders2) === 0 ? void 0 : readHeaders2(reader);
  const key = (flags & flagKey) === 0 ? void 0 : reader.text(headersBytesMax);
  const ttlMs = (flags & flagTtl) === 0 ? void 0 : reader.varint();
  if (!reader.ok)
    return void 0;
  const confirm = Math.floor(flags / flagConfirm) % 4;
  return { topicId, topic, broadcast: (flags & flagBroadcast) !== 0, headers, key, ttlMs, confirm };
}
function readHeaders2(reader) {
  const count = reader.varint();
  const headers = [];
  if (count > headersMax)
    reader.fail();
  for (let index = 0; index < count && reader.ok; index += 1) {
    headers.push([reader.text(headersBytesMax), reader.text(headersBytesMax)]);
  }
  return Object.fromEntries(headers.filter(([name]) => name !== "__proto__"));
}
var noEntries = [];
var flagHeaders2 = 1;
var flagKey = 2;
var flagTtl = 4;
var flagBroadcast = 8;
var flagConfirm = 16;
function varintBytes(value) {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128))
    bytes += 1;
  return bytes;
}

// dist/bus/deliverer.js
var Deliverer = class {
  #core;
  #clock;
  #meter;
  constructor(core, clock, meter) {
    this.#core = core;
    this.#clock = clock;
    this.#meter = meter;
  }
  /**
   * `blocker`: it came on the lane of this subscription. Returns what to tell a sender that waits for the handlers, or a gate that
   * opens when they are done.
   */
  deliver(peer, blocker, arrived) {
    this.#meter.received.add();
    if (this.#core.isGuarded && !this.#core.isAllowed({ action: "publish", topic: arrived.topic, node: peer.id.name })) {
      this.#meter.forbidden.add();
      return handledCode.failed;
    }
    const fan = blocker === void 0 ? this.#findFan(arrived) : void 0;
    const chosen = blocker === void 0 ? this.#chooseMembers(fan, arrived) : wantsIt(blocker, arrived);
    if ((fan === void 0 || fan.plain.length === 0) && chosen.length === 0) {
      this.#meter.unwanted.add();
      return arrived.won.length > 0 ? handledCode.refused : handledCode.done;
    }
    const event = this.#decode(peer, arrived, blocker !== void 0);
    if (event === void 0)
      return handledCode.failed;
    const done = arrived.head.confirm === 2 ? new Gate() : void 0;
    this.#core.delivery.deliver(fan ?? ownLaneFan, chosen, event, done);
    done?.settle(blocker !== void 0 || chosen.length >= arrived.won.length);
    return done ?? handledCode.done;
  }
  #findFan(arrived) {
    return this.#findPlan(arrived)?.foreign ?? ownLaneFan;
  }
  #findPlan({ topic, head }) {
    const { delivery } = this.#core;
    if (!head.broadcast)
      return delivery.find(topic).match;
    try {
      return delivery.findOverlap(parsePattern(topic));
    } catch {
      return void 0;
    }
  }
  #chooseMembers(fan, { won, head, topic }) {
    if (fan === void 0 || won.length === 0)
      return nobody2;
    const chosen = [];
    for (const group of fan.groups) {
      if (!won.includes(group.name))
        continue;
      const member = this.#core.delivery.chooseMember(group, head.key ?? topic);
      if (member !== void 0)
        chosen.push(member);
    }
    return chosen;
  }
  #decode(peer, arrived, isPromised) {
    const { topic, head, bytes, valueStart, valueEnd } = arrived;
    try {
      const value = peer.vocabulary.decoder.decode(bytes, valueStart, valueEnd);
      if (head.ttlMs === void 0 && head.headers === void 0 && !isPromised) {
        return new SharedEvent(topic, value, peer.plainRest);
      }
      const expiresAt = head.ttlMs === void 0 ? void 0 : after(this.#clock.now(), head.ttlMs);
      const headers = head.headers ?? noHeaders;
      return new SharedEvent(topic, value, { headers, source: peer.id.name, expiresAt, isPromised });
    } catch (error) {
      this.#meter.undecodable.add();
      this.#core.tellFault({ subscription: void 0, error: ClusterError.from(error, "invalid-value") });
      return void 0;
    }
  }
};
var nobody2 = [];
var ownLaneFan = {
  plain: [],
  groups: [],
  tiered: false,
  receipt: { local: 0, nodes: 0, groups: 0, dropped: 0 }
};
function wantsIt(subscriber, { topic, head }) {
  return head.broadcast || subscriber.wanted.wants(topic) ? [subscriber] : [];
}

// dist/protocol/bus/topic-numbers.js
var TopicNumbers = class {
  #max;
  #numbers = /* @__PURE__ */ new Map();
  #seen = new Uint32Array(4096);
  constructor(max = topicNumbersMax) {
    this.#max = max;
  }
  /** The topic's number, from 1, or 0 when it has none and travels as text. */
  number(topic) {
    const known = this.#numbers.get(topic);
    if (known !== void 0)
      return known;
    if (this.#numbers.size >= this.#max)
      return 0;
    const hash = hashText(topic);
    const at = hash % this.#seen.length;
    if (this.#seen[at] !== hash) {
      this.#seen[at] = hash;
      return 0;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(topic, number);
    return number;
  }
};
var topicNumbersMax = 65536;

// dist/bus/body-slab.js
var BodySlab = class {
  #spare;
  /** Lends a writer to write behind what it has; another one to somebody who asks before it is given back. */
  take() {
    const writer2 = this.#spare ?? new ByteWriter(chunkBytes);
    this.#spare = void 0;
    return writer2;
  }
  /** Takes a writer back. One that is lost in an exception is not missed. */
  give(writer2) {
    if (writer2.length < chunkBytes - roomBytes)
      this.#spare = writer2;
  }
};
var chunkBytes = 8192;
var roomBytes = 512;

// dist/bus/event-encoder.js
var EventEncoder = class {
  #values;
  #basicValues;
  #numbers = new TopicNumbers();
  #slab = new BodySlab();
  constructor(codec) {
    this.#values = codec.createEncoder(new Set(codec.capabilities));
    this.#basicValues = codec.createEncoder(/* @__PURE__ */ new Set());
  }
  /** An event without options, for plain subscriptions. Throws `invalid-value`. */
  encodePlain(topic, kept, value, withBasic) {
    if (kept.number === 0)
      kept.number = this.#numbers.number(topic);
    const event = this.#encodePlainBy(this.#values, topic, kept.number, value);
    return withBasic ? { ...event, basic: this.#encodePlainBy(this.#basicValues, topic, kept.number, value) } : event;
  }
  /** Any event. Throws `invalid-value`. */
  encode(message, withBasic) {
    const event = this.#encodeBy(this.#values, message);
    return withBasic ? { ...event, basic: this.#encodeBy(this.#basicValues, message) } : event;
  }
  #encodePlainBy(values, topic, topicId, value) {
    const writer2 = this.#slab.take();
    const start = writer2.length;
    writer2.u8(recordKind.event);
    const bodyStart = writer2.beginBlock();
    writePlainHead(writer2, topicId, topic);
    write(values, value, writer2);
    return this.#finish(writer2, { values, start, bodyStart, topic, topicId, confirm: void 0 });
  }
  #encodeBy(values, message) {
    const { topic, broadcast, key, ttlMs, confirm } = message;
    const topicId = broadcast ? 0 : this.#numbers.number(topic);
    const headers = message.headers === noHeaders ? void 0 : message.headers;
    const level = confirm === void 0 || confirm.level === "written" ? 0 : confirm.level === "delivered" ? 1 : 2;
    const writer2 = this.#slab.take();
    const start = writer2.length;
    writer2.u8(recordKind.event);
    const bodyStart = writer2.beginBlock();
    writeEventHead(writer2, { topicId, topic, broadcast, headers, key, ttlMs, confirm: level });
    write(values, message.value, writer2);
    return this.#finish(writer2, { values, start, bodyStart, topic, topicId, confirm });
  }
  #finish(writer2, begun) {
    const length = writer2.length - begun.bodyStart;
    writer2.endBlock(begun.bodyStart);
    const end = writer2.length;
    const event = {
      bytes: writer2.buffer,
      start: begun.start,
      // A long body was moved.
      bodyStart: end - length,
      end,
      topic: begun.topic,
      topicId: begun.topicId,
      encoder: begun.values,
      definitions: begun.values.needed,
      basic: void 0,
      won: void 0,
      confirm: begun.confirm
    };
    this.#slab.give(writer2);
    return event;
  }
};
function write(values, value, writer2) {
  if (values.encodeInto === void 0)
    writer2.bytes(values.encode(value));
  else
    values.encodeInto(value, writer2);
}

// dist/bus/interest-writer.js
var InterestWriter = class {
  #table;
  #clock;
  #exactRowsMax;
  /** Claims by sets of values, as they were read: the sets are their owners'. All others follow from what is wanted. */
  #held = /* @__PURE__ */ new Map();
  #patterns = /* @__PURE__ */ new Map();
  /** Of each row of hashes how many want each; the hashes as signed numbers, which need no memory of their own. */
  #sets = /* @__PURE__ */ new Map();
  /** Of each exact topic how many want it, while they have rows of their own. */
  #exact = /* @__PURE__ */ new Map();
  #lanes = /* @__PURE__ */ new Map();
  #written = /* @__PURE__ */ new Set();
  #dirty = /* @__PURE__ */ new Set();
  #isHashed = false;
  #isWithdrawn = false;
  #isFlushing = false;
  constructor(table, clock, exactRowsMax) {
    this.#table = table;
    this.#clock = clock;
    this.#exactRowsMax = exactRowsMax;
  }
  /** Takes in what a subscription wants now, in place of what it wanted `before`. */
  put(part, kind, before) {
    const old = this.#held.get(part) ?? (before === void 0 ? noClaims : claimsOf(part, kind, before));
    const claims = claimsOf(part, kind, part.wanted);
    if (part.wanted.only === void 0)
      this.#held.delete(part);
    else
      this.#held.set(part, claims);
    for (const claim of old)
      this.#change(claim, part, -1);
    for (const claim of claims)
      this.#change(claim, part, 1);
    this.#flushLater();
  }
  /** Takes back what was put. */
  remove(part, kind) {
    const claims = this.#held.get(part) ?? claimsOf(part, kind, part.wanted);
    this.#held.delete(part);
    for (const claim of claims)
      this.#change(claim, part, -1);
    this.#flushLater();
  }
  /** Takes every row back, for good: this node is about to stop. */
  withdraw() {
    this.#isWithdrawn = true;
    for (const key of this.#written)
      this.#table.remove(key);
    this.#written.clear();
  }
  /** Writes what changed now; returns the revision that has it. */
  flush() {
    if (!this.#isWithdrawn) {
      for (const key of this.#dirty)
        this.#write(key);
    }
    this.#dirty.clear();
    return this.#table.revision;
  }
  #change(claim, part, by) {
    switch (claim.kind) {
      case "lane":
        this.#changeLane(claim.lane, part, by);
        return;
      case "exact":
        this.#changeExact(claim.topic, by);
        return;
      case "values":
        for (const hash of claim.hashes) {
          const { index, pattern } = claim;
          this.#changeHash({ kind: "indexed", bucket: bucketOf(hash), index, pattern }, hash, by);
        }
        return;
      case "pattern":
        this.#changePattern(interestKeyToText(claim.row), part, by);
    }
  }
  #changeLane(lane, part, by) {
    if (by > 0)
      this.#lanes.set(lane, part);
    else
      this.#lanes.delete(lane);
    this.#dirty.add(interestKeyToText({ kind: "lane", lane }));
  }
  #changeExact(topic, by) {
    if (this.#isHashed) {
      this.#hashExact(topic, by);
      return;
    }
    const count = (this.#exact.get(topic) ?? 0) + by;
    if (count > 0)
      this.#exact.set(topic, count);
    else
      this.#exact.delete(topic);
    this.#dirty.add(interestKeyToText({ kind: "events", pattern: topic }));
    if (this.#exact.size > this.#exactRowsMax)
      this.#beginHashing();
  }
  #beginHashing() {
    this.#isHashed = true;
    for (const [topic, count] of this.#exact) {
      this.#hashExact(topic, count);
      this.#dirty.add(interestKeyToText({ kind: "events", pattern: topic }));
    }
    this.#exact.clear();
  }
  #hashExact(topic, by) {
    const hash = hashText(topic);
    this.#changeHash({ kind: "hashed", bucket: bucketOf(hash) }, hash, by);
  }
  #changeHash(row, hash, by) {
    const key = interestKeyToText(row);
    const set = this.#sets.get(key) ?? /* @__PURE__ */ new Map();
    const before = set.get(hash | 0) ?? 0;
    const count = before + by;
    if (count > 0)
      set.set(hash | 0, count);
    else
      set.delete(hash | 0);
    if (before > 0 && count > 0)
      return;
    if (set.size > 0)
      this.#sets.set(key, set);
    else
      this.#sets.delete(key);
    this.#dirty.add(key);
  }
  #changePattern(key, part, by) {
    const claims = this.#patterns.get(key) ?? { plain: 0, groups: /* @__PURE__ */ new Map() };
    const { group } = part.options;
    if (group === void 0)
      claims.plain += by;
    else
      changeGroup(claims.groups, group, part.order, by);
    if (claims.plain > 0 || claims.groups.size > 0)
      this.#patterns.set(key, claims);
    else
      this.#patterns.delete(key);
    this.#dirty.add(key);
  }
  #flushLater() {
    if (this.#isFlushing)
      return;
    this.#isFlushing = true;
    this.#clock.afterTurn(() => {
      this.#isFlushing = false;
      this.flush();
    });
  }
  #write(key) {
    const value = this.#valueOf(key);
    if (value === void 0) {
      if (this.#written.delete(key))
        this.#table.remove(key);
      return;
    }
    this.#written.add(key);
    this.#table.set(key, value);
  }
  #valueOf(key) {
    const rest = key.slice(2);
    const set = this.#sets.get(key);
    if (set !== void 0)
      return writeHashes(Array.from(set.keys(), (hash) => hash >>> 0));
    if (key.startsWith("b ")) {
      const part = this.#lanes.get(rest);
      if (part === void 0)
        return void 0;
      const patterns = part.wanted.patterns.map(({ text }) => text);
      return writeLaneInterest({ patterns, batchMax: laneBatchMax(part.options) });
    }
    const claims = this.#patterns.get(key);
    const isExact = key.startsWith("e ") && !this.#isHashed && this.#exact.has(rest);
    if (claims === void 0)
      return isExact ? writePatternInterest({ plain: 1, groups: [] }) : void 0;
    const plain = isExact || claims.plain > 0 ? 1 : 0;
    return writePatternInterest({ plain, groups: Array.from(claims.groups, toGroupInterest) });
  }
};
function claimsOf({ options, order }, kind, wanted) {
  if (kind === "events" && hasOwnLane(options))
    return [{ kind: "lane", lane: String(order) }];
  const claims = [];
  for (const pattern of wanted.patterns) {
    const isPlain2 = kind === "events" && options.group === void 0;
    if (isPlain2 && wanted.only !== void 0) {
      const index = captureIndexOf(pattern, wanted.only.capture);
      const hashes = Array.from(wanted.only.values, (value) => hashText(value));
      claims.push({ kind: "values", pattern: pattern.text, index, hashes });
    } else if (isPlain2 && pattern.exact) {
      claims.push({ kind: "exact", topic: pattern.text });
    } else {
      claims.push({ kind: "pattern", row: { kind, pattern: pattern.text } });
    }
  }
  return claims;
}
var noClaims = [];
function changeGroup(groups, group, order, by) {
  const claims = groups.get(group.name) ?? { strategy: group.strategy, orders: /* @__PURE__ */ new Set() };
  if (by > 0)
    claims.orders.add(order);
  else
    claims.orders.delete(order);
  if (claims.orders.size > 0)
    groups.set(group.name, claims);
  else
    groups.delete(group.name);
}
function toGroupInterest([name, claims]) {
  let order = Number.MAX_SAFE_INTEGER;
  for (const other of claims.orders)
    order = Math.min(order, other);
  return { name, strategy: claims.strategy, order, members: claims.orders.size };
}

// dist/protocol/bus/receive-window.js
var ReceiveWindow = class {
  /** Names the sender's window; another one means that the sender began anew. */
  windowId;
  #last = 0;
  #cursor = 0;
  #ackedTo = 0;
  #finished = false;
  #duplicates = 0;
  constructor(windowId) {
    this.windowId = windowId;
  }
  /** The highest number that came, or was told to be missing. */
  get last() {
    return this.#last;
  }
  get duplicates() {
    return this.#duplicates;
  }
  /** True once the sender said its final number. */
  get finished() {
    return this.#finished;
  }
  get unacknowledged() {
    return this.#last - this.#ackedTo;
  }
  /** The events that follow are numbered from `number`. Returns the missing range before it, which counts as dealt with. */
  base(number) {
    this.#cursor = number - 1;
    return this.#skipTo(number - 1);
  }
  /** One event came. Returns its number, or `undefined` when it came before. */
  event() {
    this.#cursor += 1;
    if (this.#cursor <= this.#last) {
      this.#duplicates += 1;
      return void 0;
    }
    this.#last = this.#cursor;
    return this.#last;
  }
  /** The sender will send nothing after `number`. Returns what is missing up to it. */
  final(number) {
    this.#finished = true;
    return this.#skipTo(number);
  }
  /** The number to acknowledge, or `undefined` when there is nothing new; it counts as acknowledged then. */
  takeAck() {
    if (this.#last === this.#ackedTo)
      return void 0;
    this.#ackedTo = this.#last;
    return this.#last;
  }
  #skipTo(number) {
    if (number <= this.#last)
      return void 0;
    const missing = { from: this.#last + 1, to: number };
    this.#last = number;
    return missing;
  }
};
var ackEventsMax = 256;
var ackDelayMs = 100;

// dist/bus/in-lane.js
var InLane = class {
  key;
  window;
  #host;
  #stream;
  #vocabulary;
  #reports;
  #records;
  #cancelAck;
  #ackDueAt;
  #ackNow = false;
  #isAckWaiting = false;
  #waiting = [];
  #isOpen = true;
  received = 0;
  constructor(host, setup) {
    this.#host = host;
    this.key = setup.key;
    this.window = setup.window;
    this.#stream = setup.stream;
    this.#vocabulary = setup.vocabulary;
    this.#reports = setup.reports;
    this.#records = {
      wireVersion: setup.stream.link.peer.wireVersion,
      record: (kind, bytes, start, end) => this.#record(kind, bytes, start, end),
      unknown: () => host.onUnknownRecord()
    };
  }
  get isOpen() {
    return this.#isOpen;
  }
  /** Says how far the window got; the sender waits for it. */
  begin(known, credit) {
    writer.reset();
    writer.u8(known ? 1 : 0);
    writer.varint(this.window.last);
    const body = writer.take();
    this.#answer((frame) => writeRecord(frame, recordKind.resume, body));
    this.window.takeAck();
    const again = this.#reports.attach(this.#report);
    if (known && again.size > 0)
      this.#answer((frame) => writeReports(frame, again));
    if (credit > 0)
      this.#stream.request(credit);
  }
  /** What the stream tells goes here. `onFrame` is called after each frame, for credit. */
  sink(onFrame) {
    const close = () => this.close();
    return {
      onNext: (payload) => {
        if (!this.#isOpen)
          return;
        this.#frame(payload);
        onFrame();
      },
      onComplete: () => {
        this.#sendAck();
        this.#reports.whenIdle(() => {
          this.#stream.complete();
          this.close();
        });
      },
      onFail: close,
      onCredit: () => this.#drain(),
      onCancel: close
    };
  }
  /** Allows more frames. */
  request(count) {
    if (this.#isOpen)
      this.#stream.request(count);
  }
  /** This connection is over. */
  close() {
    this.#isOpen = false;
    this.#reports.detach(this.#report);
    this.#cancelAck?.();
    this.#cancelAck = void 0;
    this.#ackDueAt = void 0;
  }
  #frame(payload) {
    if (!readFrame(payload.bytes, payload.dataStart, payload.dataEnd, this.#records)) {
      this.#host.onMalformed(this);
      return;
    }
    if (this.window.unacknowledged >= ackEventsMax || this.#ackNow)
      this.#sendAck();
    else if (this.window.unacknowledged > 0)
      this.#ackLater();
  }
  #record(kind, bytes, start, end) {
    const reader = new ByteReader(bytes, start, end);
    if (kind === recordKind.event || kind === recordKind.won)
      return this.#event(kind, bytes, reader, end);
    const number = reader.varint();
    if (kind === recordKind.topic)
      return this.#topic(number, reader.text(topicLengthMax * 3), reader.ok);
    if (kind === recordKind.definition)
      return this.#definition(number, reader);
    if (!reader.ok)
      return false;
    if (kind === recordKind.base && number > 0)
      this.#missing(this.window.base(number));
    else if (kind === recordKind.final) {
      this.#missing(this.window.final(number));
      this.#ackNow = true;
    }
    return true;
  }
  #missing(range) {
    if (range !== void 0)
      this.#host.onGap(this, range);
  }
  #topic(id, topic, isOk) {
    if (!isOk || id === 0 || id > topicNumbersMax || findTopicFault(topic) !== void 0)
      return false;
    this.#vocabulary.topics.set(id, topic);
    return true;
  }
  #definition(index, reader) {
    const { decoder } = this.#vocabulary;
    if (index < decoder.definitionCount)
      return reader.ok;
    return index === decoder.definitionCount && reader.ok && decoder.define(reader.rest());
  }
  #event(kind, bytes, reader, end) {
    const won = kind === recordKind.won ? readWon(reader) : noGroups3;
    const head = readEventHead(reader);
    if (head === void 0)
      return false;
    const topic = head.topicId === 0 ? head.topic : this.#vocabulary.topics.get(head.topicId);
    if (topic === void 0 || isSpelledOut(head) && findTopicFault(topic) !== void 0)
      return false;
    const number = this.window.event();
    if (number === void 0)
      return true;
    this.received += 1;
    if (head.confirm > 0)
      this.#ackNow = true;
    const done = this.#host.onEvent(this, { topic, head, won, bytes, valueStart: reader.offset, valueEnd: end });
    if (head.confirm === 2)
      this.#reportLater(number, done);
    return true;
  }
  #reportLater(number, done) {
    this.#reports.begin();
    if (!(done instanceof Gate)) {
      this.#reports.settle(number, done);
      return;
    }
    const reports = this.#reports;
    done.whenOpen(() => reports.settle(number, done.failed > 0 ? handledCode.failed : handledCode.done));
  }
  #report = (number, code) => {
    this.#answer((frame) => writeReport(frame, number, code));
  };
  #ackLater() {
    if (this.#cancelAck !== void 0)
      return;
    const { clock } = this.#host;
    this.#ackDueAt = after(clock.now(), ackDelayMs);
    this.#cancelAck = clock.setTimer(this.#ackDueAt, () => this.#sendAck());
  }
  #sendAck() {
    this.#cancelAck?.();
    this.#cancelAck = void 0;
    this.#ackNow = false;
    this.#isAckWaiting = this.#stream.credit === 0;
    if (!this.#isOpen || this.#isAckWaiting)
      return;
    const number = this.window.takeAck();
    if (number !== void 0)
      this.#answer((frame) => writeNumberRecord(frame, recordKind.ack, number));
  }
  /** Answers wait for credit in order: the sender waits for the first, and confirmations for the others. */
  #answer(write2) {
    if (!this.#isOpen || this.#waiting.length >= answersMax)
      return;
    const frame = new ByteWriter(32);
    beginFrame(frame, this.#stream.link.peer.wireVersion);
    write2(frame);
    this.#waiting.push(frame.take());
    this.#drain();
  }
  #drain() {
    while (this.#isOpen && this.#stream.credit > 0) {
      const frame = this.#waiting.shift();
      if (frame === void 0)
        break;
      this.#stream.next(emptyBytes, frame);
    }
    if (this.#waiting.length === 0 && this.#isAckWaiting)
      this.#sendAck();
  }
};
var answersMax = 16384;
var noGroups3 = [];
var writer = new ByteWriter(64);
function isSpelledOut(head) {
  return head.topicId === 0 && !head.broadcast;
}
function readWon(reader) {
  const count = reader.varint();
  if (count > topicAlternativesMax)
    reader.fail();
  const groups = [];
  for (let index = 0; index < count && reader.ok; index += 1)
    groups.push(reader.text(512));
  return groups;
}
function writeReports(frame, results) {
  for (const [number, code] of results)
    writeReport(frame, number, code);
}
function writeReport(frame, number, code) {
  writer.reset();
  writer.varint(number);
  writer.u8(code);
  writeRecord(frame, recordKind.handled, writer.view());
}

// dist/bus/lane-feed.js
var LaneFeed = class {
  #subscriber;
  #batchMax;
  #reservedMax;
  #granted = /* @__PURE__ */ new Map();
  #isGranting = false;
  constructor(subscriber) {
    const { queueMax, concurrencyMax } = subscriber.options;
    this.#subscriber = subscriber;
    this.#batchMax = laneBatchMax(subscriber.options);
    this.#reservedMax = Math.max(this.#batchMax, Math.floor((queueMax + concurrencyMax) * 3 / 4));
    subscriber.state.onProgress = () => this.#grant();
  }
  add(lane) {
    this.#granted.set(lane, 0);
    this.#subscriber.state.laneRoom += this.#batchMax;
    this.#subscriber.state.laneRoomKept += this.#batchMax;
    this.#grant();
  }
  /** An item of the lane came; its events are in the subscription's queue now, or done. */
  taken(lane) {
    const granted = this.#granted.get(lane);
    if (granted !== void 0 && granted > 0) {
      this.#granted.set(lane, granted - 1);
      this.#subscriber.state.reserved -= this.#batchMax;
      if (granted === 1)
        this.#subscriber.state.laneRoomKept += this.#batchMax;
    }
    this.#grant();
  }
  /** One item for each lane in turn, while there is room. */
  #grant() {
    if (this.#isGranting)
      return;
    this.#isGranting = true;
    this.#sweep();
    for (let isOver = this.#granted.size === 0; !isOver; ) {
      isOver = true;
      for (const [lane, granted] of this.#granted) {
        if (granted >= grantedMax || !this.#hasPlace(granted))
          continue;
        this.#subscriber.state.reserved += this.#batchMax;
        if (granted === 0)
          this.#subscriber.state.laneRoomKept -= this.#batchMax;
        this.#granted.delete(lane);
        this.#granted.set(lane, granted + 1);
        lane.request(1);
        isOver = false;
        break;
      }
    }
    this.#isGranting = false;
  }
  /** Lanes whose connection is over give back what they were allowed. */
  #sweep() {
    for (const [lane, granted] of this.#granted) {
      if (lane.isOpen)
        continue;
      this.#granted.delete(lane);
      this.#subscriber.state.reserved -= granted * this.#batchMax;
      this.#subscriber.state.laneRoom -= this.#batchMax;
      if (granted === 0)
        this.#subscriber.state.laneRoomKept -= this.#batchMax;
    }
  }
  /** Beyond its first item a lane may use common room only: the places of lanes that wait for their first are not common. */
  #hasPlace(granted) {
    const { room: room2, state } = this.#subscriber;
    const { reserved, laneRoom, laneRoomKept } = state;
    if (granted === 0)
      return room2 >= this.#batchMax;
    const isCommon = reserved + laneRoomKept + this.#batchMax <= this.#reservedMax + laneRoom;
    return isCommon && room2 - laneRoomKept >= this.#batchMax;
  }
};
var grantedMax = 4;

// dist/bus/lane-acceptor.js
var LaneAcceptor = class {
  #deps;
  #blockers = /* @__PURE__ */ new Map();
  #feeds = /* @__PURE__ */ new Map();
  constructor(deps) {
    this.#deps = deps;
  }
  /** A lossless subscription may be fed from now on. */
  addBlocker(subscriber) {
    this.#blockers.set(String(subscriber.order), subscriber);
  }
  removeBlocker(subscriber) {
    this.#blockers.delete(String(subscriber.order));
    this.#feeds.delete(subscriber);
  }
  accept(peer, incoming) {
    const { stream: stream2 } = incoming;
    const hello = readHello(incoming);
    const blocker = hello === void 0 ? void 0 : this.#blockers.get(hello.key);
    if (hello === void 0 || peer === void 0 || hello.key !== "" && blocker === void 0) {
      stream2.fail(streamErrorCodes.rejected, emptyBytes);
      return refusedSink;
    }
    const { key, windowId } = hello;
    peer.inLanes.get(key)?.close();
    const { window, reports, known, old } = peer.openWindow(key, windowId);
    if (old !== void 0 && !old.finished)
      this.#tellGap(peer, key, { from: old.last + 1, to: void 0 });
    const { clock, meter, deliverer } = this.#deps;
    const host = {
      clock,
      onEvent: (_, event) => deliverer.deliver(peer, blocker, event),
      onGap: (_, range) => this.#tellGap(peer, key, range),
      onMalformed: () => this.#deps.onMalformed(peer),
      onUnknownRecord: () => meter.unknownRecords.add()
    };
    const lane = new InLane(host, { key, window, reports, stream: stream2, vocabulary: peer.vocabulary });
    peer.inLanes.set(key, lane);
    if (blocker === void 0) {
      lane.begin(known, sharedCredit);
      return lane.sink(refill(lane));
    }
    lane.begin(known, 0);
    const feed = this.#feedOf(blocker);
    feed.add(lane);
    return lane.sink(() => feed.taken(lane));
  }
  /** The windows of a life that is over: whatever was under way is lost, unless the peer said that nothing was. */
  ended(peer) {
    for (const [key, window] of peer.windows) {
      if (!window.finished)
        this.#tellGap(peer, key, { from: window.last + 1, to: void 0 });
    }
  }
  #feedOf(blocker) {
    const held = this.#feeds.get(blocker) ?? new LaneFeed(blocker);
    this.#feeds.set(blocker, held);
    return held;
  }
  #tellGap(peer, key, range) {
    const { core, meter, logger } = this.#deps;
    const gap = { node: peer.id.name, epoch: peer.id.epoch, from: range.from, to: range.to };
    meter.gaps.add();
    logger.info("events of a peer were lost on the way here", { ...gap });
    if (key !== "") {
      this.#blockers.get(key)?.tellGap(gap);
      return;
    }
    for (const subscriber of core.subscribers()) {
      if (subscriber.options.broker && !hasOwnLane(subscriber.options))
        subscriber.tellGap(gap);
    }
  }
};
var sharedCredit = 64;
var refusedSink = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};
function refill(lane) {
  let taken = 0;
  return () => {
    taken += 1;
    if (taken < sharedCredit / 2)
      return;
    lane.request(taken);
    taken = 0;
  };
}
function readHello(incoming) {
  if (incoming.interaction !== "channel")
    return void 0;
  const reader = new ByteReader(incoming.payload.metadata());
  const version = reader.u8();
  const windowId = reader.varint();
  const key = reader.text(32);
  return reader.ok && version >= wireVersionMin ? { windowId, key } : void 0;
}

// dist/protocol/bus/send-window.js
var SendWindow = class {
  #limits;
  /** A ring, its places by `& mask`: what is held lies from `head` to `tail`, what this connection has not sent from `next`. */
  #items = [];
  #numbers = [];
  #sizes = [];
  #mask = ringSize - 1;
  #head = 0;
  #next = 0;
  #tail = 0;
  #bytes = 0;
  #last = 0;
  #sent = 0;
  #acked = 0;
  #forgotten = 0;
  /** Up to here the owner was told of what may have arrived or not. */
  #toldUnknown = 0;
  constructor(limits) {
    this.#limits = limits;
  }
  /** The last number given. */
  get last() {
    return this.#last;
  }
  /** The highest number sent on any connection. */
  get sent() {
    return this.#sent;
  }
  get acked() {
    return this.#acked;
  }
  /** Accepted and not acknowledged; what the least-in-flight strategy compares. */
  get inFlight() {
    return this.#last - this.#acked;
  }
  get unsentCount() {
    return this.#tail - this.#next;
  }
  get heldBytes() {
    return this.#bytes;
  }
  /** Numbers an event; `undefined` when it was dropped because too many wait. */
  accept(item, bytes) {
    this.#last += 1;
    while (this.#isFull(bytes) && this.#head < this.#next)
      this.#forgetOldest();
    if (this.#isFull(bytes))
      return void 0;
    if (this.#tail - this.#head > this.#mask)
      this.#grow();
    const place = this.#tail & this.#mask;
    this.#items[place] = item;
    this.#numbers[place] = this.#last;
    this.#sizes[place] = bytes;
    this.#tail += 1;
    this.#bytes += bytes;
    return this.#last;
  }
  /** The next event to send, without taking it. */
  peek() {
    return this.#next === this.#tail ? void 0 : this.#items[this.#next & this.#mask];
  }
  /** The number of what `peek` gives. */
  get nextNumber() {
    return this.#numberAt(this.#next);
  }
  /** Marks what `peek` gave as sent. */
  advance() {
    if (this.#next === this.#tail)
      return;
    const number = this.#numberAt(this.#next);
    this.#next += 1;
    if (number > this.#sent)
      this.#sent = number;
  }
  /** Takes a cumulative acknowledgement; one that is beyond what was sent, or old, changes nothing and returns false. */
  acknowledge(number) {
    if (number <= this.#acked || number > this.#last)
      return false;
    this.#acked = number;
    while (this.#head < this.#tail && this.#numberAt(this.#head) <= number)
      this.#dropHead();
    return true;
  }
  /**
   * A new connection to the same life of the peer, which says up to where it received. What it lacks is sent again; what is no
   * longer held and was not told before is returned: it may have arrived or not.
   */
  resume(received) {
    this.acknowledge(Math.min(received, this.#sent));
    this.#next = this.#head;
    return this.#tellUnknown(this.#forgotten);
  }
  /** The peer's window is over. Returns what it may or may not have got, and what it certainly never saw, in order. */
  abandon() {
    const unsent = [];
    for (let index = this.#head; index < this.#tail; index += 1) {
      const item = this.#items[index & this.#mask];
      if (item !== void 0 && this.#numberAt(index) > this.#sent)
        unsent.push(item);
    }
    const unknown = this.#tellUnknown(this.#sent);
    this.#items = [];
    this.#numbers = [];
    this.#sizes = [];
    this.#mask = ringSize - 1;
    this.#head = 0;
    this.#next = 0;
    this.#tail = 0;
    this.#bytes = 0;
    this.#last = 0;
    this.#sent = 0;
    this.#acked = 0;
    this.#forgotten = 0;
    this.#toldUnknown = 0;
    return { unknown, unsent };
  }
  /** What is neither acknowledged nor told yet, up to `to`. */
  #tellUnknown(to) {
    const from = Math.max(this.#acked, this.#toldUnknown) + 1;
    if (to < from)
      return void 0;
    this.#toldUnknown = to;
    return { from, to };
  }
  #isFull(moreBytes) {
    const held = this.#tail - this.#head;
    return held >= this.#limits.eventsMax || held > 0 && this.#bytes + moreBytes > this.#limits.bytesMax;
  }
  #forgetOldest() {
    this.#forgotten = this.#numberAt(this.#head);
    this.#dropHead();
  }
  #dropHead() {
    const place = this.#head & this.#mask;
    this.#bytes -= this.#sizes[place] ?? 0;
    this.#items[place] = void 0;
    this.#head += 1;
    if (this.#next < this.#head)
      this.#next = this.#head;
  }
  #numberAt(index) {
    return this.#numbers[index & this.#mask] ?? 0;
  }
  /** Doubles the ring; it stays as large as the window once had to be. */
  #grow() {
    const [items, numbers, sizes, mask] = [this.#items, this.#numbers, this.#sizes, this.#mask];
    const places = Array.from({ length: this.#tail - this.#head }, (_, index) => this.#head + index & mask);
    const empty = Array.from(places, () => 0);
    this.#items = [...places.map((place) => items[place]), ...empty.map(() => void 0)];
    this.#numbers = [...places.map((place) => numbers[place] ?? 0), ...empty];
    this.#sizes = [...places.map((place) => sizes[place] ?? 0), ...empty];
    this.#mask = mask * 2 + 1;
    this.#next -= this.#head;
    this.#tail -= this.#head;
    this.#head = 0;
  }
};
var ringSize = 64;

// dist/bus/lane-confirms.js
var LaneConfirms = class {
  #node;
  #pending = [];
  constructor(node) {
    this.#node = node;
  }
  get size() {
    return this.#pending.length;
  }
  /** An event was accepted as `number`. */
  add(number, confirming, won) {
    this.#pending.push({ number, confirming, copy: this.#copy(won) });
  }
  /** An event was not accepted after all. */
  refuse(confirming, won) {
    confirming.settle(this.#copy(won), "unsent");
  }
  /** The peer has everything up to `number`. */
  delivered(number) {
    if (this.#pending.length === 0)
      return;
    this.#settle("confirmed", (pending) => pending.number <= number && pending.confirming.level !== "handled");
  }
  /** The operating system has everything up to `number`. */
  written(number) {
    this.#settle("confirmed", (pending) => pending.number <= number && pending.confirming.level === "written");
  }
  /** True when somebody waits for events up to `number` to be written. */
  awaitsWritten(number) {
    return this.#pending.some((pending) => pending.confirming.level === "written" && pending.number <= number);
  }
  /** The peer said what came of one event. */
  handled(number, outcome) {
    this.#settle(outcome, (pending) => pending.number === number && pending.confirming.level === "handled");
  }
  /** The lane's window is over. With `isKept` those that were never sent are forgotten: they are accepted again. */
  end(neverSent, isKept) {
    const pending = this.#pending;
    this.#pending = [];
    for (const { confirming, copy } of pending) {
      const isUnsent = neverSent.has(confirming);
      if (!isUnsent || !isKept)
        confirming.settle(copy, isUnsent ? "unsent" : "link-lost");
    }
  }
  #settle(outcome, isDue) {
    const due = this.#pending.filter(isDue);
    if (due.length === 0)
      return;
    this.#pending = this.#pending.filter((pending) => !isDue(pending));
    for (const pending of due)
      pending.confirming.settle(pending.copy, outcome);
  }
  #copy(won) {
    return { node: this.#node, won: won ?? noGroups4 };
  }
};
var noGroups4 = [];

// dist/bus/record-run.js
var RecordRun = class {
  #target;
  #bytes = emptyBytes;
  #start = 0;
  #end = 0;
  constructor(target) {
    this.#target = target;
  }
  /** Adds a record; it is written by the next `write`, or before one that does not lie behind it. */
  add(bytes, start, end) {
    if (start !== this.#end || bytes !== this.#bytes) {
      this.write();
      this.#bytes = bytes;
      this.#start = start;
    }
    this.#end = end;
  }
  /** Writes what was added, and keeps nothing of it. */
  write() {
    if (this.#end > this.#start)
      this.#target.range(this.#bytes, this.#start, this.#end);
    this.#bytes = emptyBytes;
    this.#start = 0;
    this.#end = 0;
  }
};

// dist/bus/out-lane.js
var OutLane = class {
  node;
  epoch;
  key;
  #host;
  #options;
  #window;
  #windowId;
  #stream;
  #link;
  /** The open link's. */
  #wireVersion = wireVersionMin;
  /** Grows with each stream: what an older one still tells is not heard. */
  #attempt = 0;
  #isReady = false;
  #wasReady = false;
  #isFlushing = false;
  #wasFull = false;
  #chunk;
  /** Accepted since frames were last written. */
  #unsentBytes = 0;
  #definitionsSent = 0;
  #topicsSent = /* @__PURE__ */ new Set();
  /** The last number that this connection told of, by an event or a base. */
  #toldTo = 0;
  #confirms;
  #cancelWritten;
  #final = false;
  #isFinalSent = false;
  #isFinalTold = false;
  accepted = 0;
  dropped = 0;
  resent = 0;
  constructor(host, options) {
    this.#host = host;
    this.#options = options;
    this.node = options.node;
    this.epoch = options.epoch;
    this.key = options.key;
    this.#window = new SendWindow(options.window);
    this.#confirms = new LaneConfirms(options.node);
    this.#windowId = options.windowId();
  }
  get inFlight() {
    return this.#window.inFlight;
  }
  get heldBytes() {
    return this.#window.heldBytes;
  }
  get isAttached() {
    return this.#stream !== void 0;
  }
  /** False while so much waits that a lossless source should pause. */
  get hasRoom() {
    const room2 = this.#window.unsentCount < this.#options.window.eventsMax / 2;
    if (!room2)
      this.#wasFull = true;
    return room2;
  }
  /** Everything accepted is acknowledged, and so is the final number, if it was to be said. */
  get isSettled() {
    return this.#window.inFlight === 0 && (!this.#final || !this.#wasReady || this.#isFinalTold);
  }
  /** Accepts an event; false when too many wait: its number is lost, and the receiver will see the gap. */
  accept(event) {
    const number = this.#final ? void 0 : this.#window.accept(event, this.#bytesOf(event));
    if (!this.#isFlushing)
      this.#flushLater();
    if (number === void 0) {
      this.dropped += 1;
      return false;
    }
    this.accepted += 1;
    if (event.confirm !== void 0)
      this.#confirms.add(number, event.confirm, event.won);
    this.#unsentBytes += event.end - event.start;
    if (this.#unsentBytes >= eagerBytes && this.#isReady)
      this.#writeFrames();
    return true;
  }
  /** Events share chunks of memory; the first that pins one pays for all of it. */
  #bytesOf({ bytes }) {
    if (bytes === this.#chunk)
      return entryBytes;
    this.#chunk = bytes;
    return entryBytes + bytes.length;
  }
  /** A link is up: opens the lane on it. */
  attach(link) {
    if (this.#link === link || this.#isFinalTold)
      return;
    this.detach();
    this.#link = link;
    this.#open(link);
  }
  /** The link is gone; what is not acknowledged waits for the next one. */
  detach() {
    this.#link = void 0;
    this.#forgetStream();
    this.#cancelWritten?.();
    this.#cancelWritten = void 0;
  }
  /** Says the final number, after everything that waits. Nothing is accepted any more. */
  sayFinal() {
    this.#final = true;
    this.#flush();
  }
  /** The peer's life is over: reports what is not acknowledged. */
  end() {
    this.detach();
    this.#abandon();
  }
  /** Ends the channel in order; for a lane whose subscription is gone. */
  close() {
    this.#stream?.complete();
    this.end();
  }
  #forgetStream() {
    this.#attempt += 1;
    this.#stream = void 0;
    this.#isReady = false;
    this.#isFinalSent = false;
  }
  #open(link) {
    this.#forgetStream();
    const metadata = new ByteWriter(32);
    this.#wireVersion = link.peer.wireVersion;
    metadata.u8(this.#wireVersion);
    metadata.varint(this.#windowId);
    metadata.text(this.key);
    const opened = link.open({ kind: "bus", interaction: "channel", metadata: metadata.take(), data: emptyBytes, credit: answerItems }, this.#sinkFor(link, this.#attempt));
    if (typeof opened === "string") {
      this.#reopenLater(link);
      return;
    }
    this.#stream = opened;
  }
  #sinkFor(link, attempt) {
    let taken = 0;
    const records = {
      wireVersion: link.peer.wireVersion,
      record: (kind, bytes, start, end) => this.#record(kind, new ByteReader(bytes, start, end)),
      unknown: () => void 0
    };
    const lost = () => {
      if (this.#attempt !== attempt)
        return;
      this.#forgetStream();
      this.#reopenLater(link);
    };
    return {
      onNext: (payload) => {
        if (this.#attempt !== attempt)
          return;
        if (!readFrame(payload.bytes, payload.dataStart, payload.dataEnd, records))
          this.#host.onMalformed(this);
        taken += 1;
        if (taken < answerItems / 2)
          return;
        this.#stream?.request(taken);
        taken = 0;
      },
      onComplete: () => {
        if (this.#attempt === attempt && this.#isFinalSent)
          this.#isFinalTold = true;
        else
          lost();
      },
      onFail: lost,
      onCredit: () => this.#flushLater(),
      onCancel: lost
    };
  }
  /** A peer that is still starting refuses the lane; one that stops has no use for it. */
  #reopenLater(link) {
    const { clock } = this.#host;
    clock.setTimer(after(clock.now(), reopenMs), () => {
      if (this.#link === link && this.#stream === void 0 && link.up)
        this.#open(link);
    });
  }
  #record(kind, reader) {
    if (kind === recordKind.resume) {
      const known = reader.u8() === 1;
      const received = reader.varint();
      if (reader.ok)
        this.#resume(known, received);
    } else if (kind === recordKind.ack) {
      const number = reader.varint();
      if (reader.ok && this.#window.acknowledge(number))
        this.#confirms.delivered(number);
    } else if (kind === recordKind.handled) {
      const number = reader.varint();
      const code = reader.u8();
      if (reader.ok)
        this.#confirms.handled(number, handledOutcome(code));
    }
    return reader.ok;
  }
  #resume(known, received) {
    if (this.#isReady)
      return;
    this.#definitionsSent = 0;
    this.#topicsSent = /* @__PURE__ */ new Set();
    if (known) {
      const unknown = this.#window.resume(received);
      this.#confirms.delivered(this.#window.acked);
      if (unknown !== void 0)
        this.#host.onUnknown(this, unknown);
      this.#toldTo = received;
    } else if (this.#window.sent > 0) {
      this.#renew();
      return;
    } else {
      this.#toldTo = 0;
    }
    this.#isReady = true;
    this.#wasReady = true;
    this.#flushLater();
  }
  #renew() {
    const link = this.#link;
    this.#stream?.complete();
    let refused = 0;
    for (const event of this.#abandon(true)) {
      if (this.accept(event))
        continue;
      refused += 1;
      if (event.confirm !== void 0)
        this.#confirms.refuse(event.confirm, event.won);
    }
    if (refused > 0)
      this.#host.onUnsent(this, refused);
    this.#windowId = this.#options.windowId();
    if (link !== void 0)
      this.#open(link);
  }
  /** Reports what is not acknowledged. With `kept`, unsent events stay, with their confirmations, for another window. */
  #abandon(kept = false) {
    const { unknown, unsent } = this.#window.abandon();
    const neverSent = new Set(unsent.map((event) => event.confirm));
    this.#toldTo = 0;
    if (unknown !== void 0)
      this.#host.onUnknown(this, unknown);
    if (unsent.length > 0 && !kept)
      this.#host.onUnsent(this, unsent.length);
    this.#confirms.end(neverSent, kept);
    return unsent;
  }
  #flushLater() {
    if (this.#isFlushing || !this.#isReady)
      return;
    this.#isFlushing = true;
    this.#host.clock.afterTurn(this.#endTurn);
  }
  #endTurn = () => {
    this.#isFlushing = false;
    this.#flush();
  };
  /** Tells nobody here anything, so that it may be done inside a publish. */
  #writeFrames() {
    const stream2 = this.#stream;
    this.#unsentBytes = 0;
    if (stream2 === void 0)
      return;
    while (stream2.credit > 0 && this.#writeFrame())
      stream2.next(emptyBytes, frameWriter.take());
  }
  #flush() {
    const stream2 = this.#stream;
    if (stream2 === void 0 || !this.#isReady)
      return;
    this.#writeFrames();
    if (this.#final && !this.#isFinalSent && this.#window.unsentCount === 0 && stream2.credit > 0) {
      this.#isFinalSent = true;
      beginFrame(frameWriter, this.#wireVersion);
      writeNumberRecord(frameWriter, recordKind.final, this.#window.last);
      stream2.next(emptyBytes, frameWriter.take());
      stream2.complete();
    }
    if (this.#wasFull && this.hasRoom) {
      this.#wasFull = false;
      this.#host.onRoom(this);
    }
    if (this.#confirms.size > 0)
      this.#watchWritten();
  }
  /** Fills the frame; false when there is nothing to tell. */
  #writeFrame() {
    const window = this.#window;
    let event = window.peek();
    if (event === void 0 && this.#toldTo >= window.last)
      return false;
    beginFrame(frameWriter, this.#wireVersion);
    let bytes = 0;
    for (let events = 0; event !== void 0 && events < this.#options.batchMax; events += 1) {
      bytes += event.end - event.start;
      if (events > 0 && bytes > frameBytesTarget)
        break;
      this.#writeEvent(event, window.nextNumber, events === 0);
      window.advance();
      event = window.peek();
    }
    frameRun.write();
    if (event === void 0 && this.#toldTo < window.last) {
      writeNumberRecord(frameWriter, recordKind.base, window.last + 1);
      this.#toldTo = window.last;
    }
    return true;
  }
  #writeEvent(event, number, isFirst) {
    const isKnown = event.topicId === 0 || this.#topicsSent.has(event.topicId);
    if (!isKnown || event.definitions > this.#definitionsSent)
      this.#introduce(event);
    if (isFirst || number !== this.#toldTo + 1) {
      frameRun.write();
      writeNumberRecord(frameWriter, recordKind.base, number);
    }
    if (number <= this.#window.sent)
      this.#countResent(event);
    if (event.won === void 0) {
      frameRun.add(event.bytes, event.start, event.end);
    } else {
      frameRun.write();
      writeWon(event, event.won);
    }
    this.#toldTo = number;
  }
  /** Writes what the event needs and this connection has not carried; before the events that wait in the run, which does no harm. */
  #introduce(event) {
    while (this.#definitionsSent < event.definitions) {
      const definition = event.encoder.definition(this.#definitionsSent);
      bodyWriter.reset();
      bodyWriter.varint(this.#definitionsSent);
      bodyWriter.bytes(definition);
      writeRecord(frameWriter, recordKind.definition, bodyWriter.view());
      this.#definitionsSent += 1;
    }
    if (event.topicId === 0 || this.#topicsSent.has(event.topicId))
      return;
    this.#topicsSent.add(event.topicId);
    bodyWriter.reset();
    bodyWriter.varint(event.topicId);
    bodyWriter.text(event.topic);
    writeRecord(frameWriter, recordKind.topic, bodyWriter.view());
  }
  #countResent(event) {
    this.resent += 1;
    event.confirm?.resent(this.node);
  }
  /** `written` is confirmed once the link's buffer was seen empty after the event was handed over. */
  #watchWritten() {
    const link = this.#link;
    if (link === void 0 || this.#cancelWritten !== void 0)
      return;
    if (!this.#confirms.awaitsWritten(this.#window.sent))
      return;
    const { clock } = this.#host;
    const sent = this.#window.sent;
    this.#cancelWritten = clock.setTimer(after(clock.now(), writtenCheckMs), () => {
      this.#cancelWritten = void 0;
      if (this.#link === link && link.bufferedBytes === 0)
        this.#confirms.written(sent);
      this.#watchWritten();
    });
  }
};
var frameBytesTarget = 16e3;
var eagerBytes = 8e3;
var answerItems = 1024;
var entryBytes = 64;
var reopenMs = 200;
var writtenCheckMs = 1;
var frameWriter = new ByteWriter(65536);
var frameRun = new RecordRun(frameWriter);
var bodyWriter = new ByteWriter(256);
function writeWon(event, won) {
  bodyWriter.reset();
  bodyWriter.varint(won.length);
  for (const group of won)
    bodyWriter.text(group);
  bodyWriter.range(event.bytes, event.bodyStart, event.end);
  writeRecord(frameWriter, recordKind.won, bodyWriter.view());
}
function handledOutcome(code) {
  if (code === handledCode.refused)
    return "refused";
  return code === handledCode.done ? "confirmed" : "handler-failed";
}

// dist/bus/handled-reports.js
var HandledReports = class {
  #open = 0;
  /** By number, oldest first. */
  #results = /* @__PURE__ */ new Map();
  #send;
  #waiting = [];
  /** Another lane sends from now on. Returns what it should send again. */
  attach(send) {
    this.#send = send;
    return this.#results;
  }
  /** A lane is over; one that has taken over already is left alone. */
  detach(send) {
    if (this.#send === send)
      this.#send = void 0;
  }
  /** An event came whose sender waits. */
  begin() {
    this.#open += 1;
  }
  /** Its handlers are done. */
  settle(number, code) {
    this.#open -= 1;
    this.#results.set(number, code);
    if (this.#results.size > resultsMax)
      this.#forgetOldest();
    this.#send?.(number, code);
    if (this.#open > 0)
      return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting)
      run();
  }
  /** Calls `run` once when no sender waits for a handler. */
  whenIdle(run) {
    if (this.#open === 0)
      run();
    else
      this.#waiting.push(run);
  }
  #forgetOldest() {
    for (const oldest of this.#results.keys()) {
      this.#results.delete(oldest);
      return;
    }
  }
};
var resultsMax = 1024;

// dist/bus/peer.js
var Peer = class {
  id;
  vocabulary;
  /** For everything but lossless subscriptions. */
  shared;
  /** For lossless subscriptions of the peer, by their key. */
  ownLanes = /* @__PURE__ */ new Map();
  inLanes = /* @__PURE__ */ new Map();
  windows = /* @__PURE__ */ new Map();
  /** What handlers made of confirmed events, for the window of each lane. */
  reports = /* @__PURE__ */ new Map();
  /** What it wants, by row key. */
  wants = /* @__PURE__ */ new Map();
  /** What its events without options have beside topic and value. */
  plainRest;
  link;
  wasLinked = false;
  isSuspect = false;
  /** Its build lacks capabilities of the codec; a life never changes them. */
  isBasic = false;
  constructor(id, vocabulary, shared) {
    this.id = id;
    this.vocabulary = vocabulary;
    this.shared = shared;
    this.plainRest = { headers: noHeaders, source: id.name, expiresAt: void 0 };
  }
  /** Groups choose it only while its link is up and nobody doubts it. */
  get isUsable() {
    return this.link !== void 0 && !this.isSuspect;
  }
  /** Every lane to it. */
  outLanes() {
    return [this.shared, ...this.ownLanes.values()];
  }
  /** The window of a lane, and whether it was known. Another window of that lane is over; it is returned as well. */
  openWindow(key, windowId) {
    const held = this.windows.get(key);
    const known = held?.windowId === windowId;
    const window = known ? held : new ReceiveWindow(windowId);
    const reports = (known ? this.reports.get(key) : void 0) ?? new HandledReports();
    this.windows.set(key, window);
    this.reports.set(key, reports);
    return { window, reports, known, old: known ? void 0 : held };
  }
  /** A subscription here is gone: nothing more comes on its lane, and nobody would hear of a gap in it. */
  closeWindow(key) {
    this.windows.delete(key);
    this.reports.delete(key);
  }
  isLifeOf(id) {
    return isSameNode(this.id, id);
  }
};

// dist/bus/routes.js
var Routes = class {
  #events = new TopicTrie(buildRoute);
  #requests = new TopicTrie((wants) => wants);
  #malformedRows = 0;
  /** Rows of peers that could not be read. */
  get malformedRows() {
    return this.#malformedRows;
  }
  find(topic) {
    return this.#events.size === 0 ? emptyRoute : this.#events.find(topic).match;
  }
  findOverlap(patterns) {
    return this.#events.size === 0 ? emptyRoute : this.#events.findOverlap(patterns);
  }
  findResponders(topic) {
    if (this.#requests.size === 0)
      return [];
    const responders = /* @__PURE__ */ new Map();
    for (const want of this.#requests.find(topic).match) {
      if (want.kind !== "pattern" || !want.peer.isUsable)
        continue;
      const held = responders.get(want.peer) ?? { plain: 0, groups: [] };
      responders.set(want.peer, held);
      held.plain += want.interest.plain;
      for (const group of want.interest.groups)
        addResponderGroup(held.groups, want.peer, group);
    }
    return Array.from(responders, ([peer, { plain, groups }]) => ({ node: peer.id.name, plain, groups }));
  }
  /** Takes a row of a peer in place of the one of that key. */
  set(peer, keyText, value) {
    this.remove(peer, keyText);
    const key = findInterestKey(keyText);
    if (key === void 0)
      return;
    if (key.kind === "hashed" || key.kind === "indexed") {
      this.#setBucket(peer, key, readHashes(value));
      return;
    }
    const want = toWant(peer, key, value);
    if (want === void 0) {
      this.#malformedRows += 1;
      return;
    }
    peer.wants.set(keyText, want);
    for (const pattern of patternsOf(want))
      this.#trieOf(key).add(pattern, want);
  }
  remove(peer, keyText) {
    const key = findInterestKey(keyText);
    if (key?.kind === "hashed" || key?.kind === "indexed") {
      this.#setBucket(peer, key, void 0);
      return;
    }
    const want = peer.wants.get(keyText);
    if (want === void 0 || key === void 0)
      return;
    peer.wants.delete(keyText);
    for (const pattern of patternsOf(want))
      this.#trieOf(key).remove(pattern, want);
  }
  /** Forgets all that a peer wanted. */
  clear(peer) {
    for (const [key, want] of peer.wants) {
      const trie = key.startsWith("r ") ? this.#requests : this.#events;
      for (const pattern of patternsOf(want))
        trie.remove(pattern, want);
    }
    peer.wants.clear();
  }
  #trieOf(key) {
    return key.kind === "requests" ? this.#requests : this.#events;
  }
  /** One want stands for all buckets of a pattern, so that routing looks into one of them only. */
  #setBucket(peer, key, hashes) {
    const { text, index } = key.kind === "hashed" ? wholeTopic : { text: key.pattern, index: key.index };
    const wantKey = `x ${index} ${text}`;
    let want = peer.wants.get(wantKey);
    if (want === void 0) {
      if (hashes === void 0)
        return;
      want = { kind: "values", peer, text, index, buckets: /* @__PURE__ */ new Map() };
      peer.wants.set(wantKey, want);
      for (const pattern of patternsOf(want))
        this.#events.add(pattern, want);
    }
    if (want.kind !== "values")
      return;
    if (hashes === void 0)
      want.buckets.delete(key.bucket);
    else
      want.buckets.set(key.bucket, new Set(hashes));
    if (want.buckets.size === 0) {
      peer.wants.delete(wantKey);
      for (const pattern of patternsOf(want))
        this.#events.remove(pattern, want);
    }
    this.#events.touch();
  }
};
var wholeTopic = { text: "/**", index: -1 };
var PeerMember = class {
  peer;
  node;
  epoch;
  order;
  members;
  constructor(peer, order, members) {
    this.peer = peer;
    this.node = peer.id.name;
    this.epoch = peer.id.epoch;
    this.order = order;
    this.members = members;
  }
  get inFlight() {
    return this.peer.shared.inFlight;
  }
  get usable() {
    return this.peer.isUsable;
  }
};
function assertGroupStrategy(peers, name, strategy) {
  for (const peer of peers) {
    for (const want of peer.wants.values()) {
      if (want.kind !== "pattern")
        continue;
      const other = want.interest.groups.find((group) => group.name === name);
      if (other === void 0 || other.strategy === strategy)
        continue;
      const text = `group ${name} has strategy ${other.strategy} at ${peer.id.name}, not ${strategy}`;
      throw new ClusterError("group-conflict", text);
    }
  }
}
var emptyRoute = {
  empty: true,
  isPlain: false,
  receipt: emptyReceipt,
  groups: [],
  peers: [],
  lanes: [],
  wants: [],
  number: 0
};
function buildRoute(wants, topic) {
  const peers = /* @__PURE__ */ new Set();
  const lanes = [];
  const groups = /* @__PURE__ */ new Map();
  const matching = topic === void 0 ? wants : wants.filter((want) => isWanted(want, topic));
  for (const want of matching) {
    if (want.kind === "lane")
      lanes.push({ peer: want.peer, key: want.key });
    else if (want.kind !== "pattern")
      peers.add(want.peer);
    else {
      if (want.interest.plain > 0)
        peers.add(want.peer);
      for (const group of want.interest.groups)
        addMember(groups, want.peer, group);
    }
  }
  if (peers.size + lanes.length + groups.size === 0)
    return emptyRoute;
  return {
    empty: false,
    isPlain: lanes.length + groups.size === 0,
    receipt: Object.freeze({ local: 0, nodes: peers.size, groups: 0, dropped: 0 }),
    number: 0,
    peers: [...peers],
    lanes,
    groups: Array.from(groups, ([name, { strategy, members }]) => ({
      name,
      strategy,
      nodes: Array.from(members, ([peer, { order, members: count }]) => new PeerMember(peer, order, count))
    })),
    wants: matching
  };
}
function isWanted(want, topic) {
  if (want.kind !== "values")
    return true;
  const hash = hashText(want.index < 0 ? topic : topicToSegments(topic)[want.index] ?? "");
  return want.buckets.get(bucketOf(hash))?.has(hash) === true;
}
function addMember(groups, peer, group) {
  const held = groups.get(group.name) ?? { strategy: group.strategy, members: /* @__PURE__ */ new Map() };
  groups.set(group.name, held);
  const other = held.members.get(peer);
  const order = Math.min(group.order, other?.order ?? group.order);
  const members = Math.max(group.members, other?.members ?? 0);
  held.members.set(peer, { ...group, order, members });
}
function addResponderGroup(groups, peer, group) {
  if (groups.some(({ name: name2 }) => name2 === group.name))
    return;
  const { name, strategy, order, members } = group;
  groups.push({ name, strategy, nodes: [new PeerMember(peer, order, members)] });
}
function toWant(peer, key, value) {
  if (key.kind === "lane") {
    const interest2 = readLaneInterest(value);
    return interest2 === void 0 ? void 0 : { kind: "lane", peer, key: key.lane, interest: interest2 };
  }
  const interest = readPatternInterest(value);
  return interest === void 0 ? void 0 : { kind: "pattern", peer, text: key.pattern, interest };
}
function patternsOf(want) {
  const texts = want.kind === "lane" ? want.interest.patterns : [want.text];
  return texts.flatMap((text) => {
    try {
      return parsePattern(text);
    } catch {
      return [];
    }
  });
}

// dist/bus/peer-book.js
var PeerBook = class {
  routes = new Routes();
  #deps;
  #peers = /* @__PURE__ */ new Map();
  #windowIds = 1;
  #basicPeers = 0;
  constructor(deps) {
    this.#deps = deps;
  }
  /** Some peer reads less than the codec can write. */
  get hasBasicPeers() {
    return this.#basicPeers > 0;
  }
  peers() {
    return this.#peers.values();
  }
  find(name) {
    return this.#peers.get(name);
  }
  /** The peer of an id; news of an older life than the known one gives nothing. */
  get(id) {
    const held = this.#peers.get(id.name);
    if (held !== void 0 && held.id.epoch === id.epoch)
      return held;
    if (held !== void 0 && held.id.epoch > id.epoch)
      return void 0;
    if (held !== void 0)
      this.#end(held);
    const { codec, membership } = this.#deps;
    const vocabulary = { decoder: codec.createDecoder(), topics: /* @__PURE__ */ new Map() };
    const peer = new Peer({ name: id.name, epoch: id.epoch }, vocabulary, this.#createLane(id, "", sharedBatchMax));
    peer.isSuspect = membership.findMember(id.name)?.status === "suspect";
    this.#peers.set(id.name, peer);
    return peer;
  }
  linkChanged(event) {
    if (event.kind === "up") {
      this.linkUp(event.link);
      return;
    }
    const peer = this.#peers.get(event.link.peer.name);
    if (peer === void 0 || peer.link !== event.link)
      return;
    peer.link = void 0;
    for (const lane of peer.outLanes())
      lane.detach();
    for (const lane of peer.inLanes.values())
      lane.close();
  }
  linkUp(link) {
    if (link.peer.role !== "peer" || !link.up)
      return;
    const peer = this.get(link.peer);
    if (peer === void 0)
      return;
    peer.link = link;
    if (!peer.wasLinked)
      this.#setBasic(peer, !readsAll(this.#deps.codec, link));
    peer.wasLinked = true;
    for (const lane of peer.outLanes())
      lane.attach(link);
  }
  memberChanged(kind, member) {
    const peer = this.#peers.get(member.name);
    if (peer === void 0)
      return;
    if (kind === "left" || kind === "failed") {
      if (member.epoch >= peer.id.epoch)
        this.#end(peer);
    } else if (peer.isLifeOf(member)) {
      peer.isSuspect = kind === "suspect";
    }
  }
  interestChanged(change) {
    if (change.kind === "gone") {
      const known = this.#peers.get(change.node.name);
      if (known?.isLifeOf(change.node) === true)
        this.#dropInterest(known);
      return;
    }
    const peer = this.get(change.node);
    if (peer === void 0)
      return;
    if (change.kind === "removed")
      this.routes.remove(peer, change.key);
    else
      this.routes.set(peer, change.key, change.value);
    if (change.key.startsWith("b "))
      this.#fitLane(peer, change.key);
  }
  /** Ends every lane in order; for a bus that stops. */
  close() {
    for (const peer of this.#peers.values()) {
      for (const lane of peer.inLanes.values())
        lane.close();
      for (const lane of peer.outLanes())
        lane.close();
      this.routes.clear(peer);
    }
    this.#peers.clear();
  }
  #setBasic(peer, isBasic) {
    if (peer.isBasic !== isBasic)
      this.#basicPeers += isBasic ? 1 : -1;
    peer.isBasic = isBasic;
  }
  #end(peer) {
    this.#peers.delete(peer.id.name);
    this.#setBasic(peer, false);
    this.routes.clear(peer);
    for (const lane of peer.outLanes())
      lane.end();
    for (const lane of peer.inLanes.values())
      lane.close();
    this.#deps.onEnded(peer);
    this.#deps.onRoom();
  }
  #createLane(id, key, batchMax) {
    const { windowEventsMax, windowBytesMax, ownLaneEventsMax } = this.#deps.options;
    return new OutLane(this.#deps.lanes, {
      node: id.name,
      epoch: id.epoch,
      key,
      window: { eventsMax: key === "" ? windowEventsMax : ownLaneEventsMax, bytesMax: windowBytesMax },
      batchMax,
      windowId: () => this.#windowIds++
    });
  }
  #dropInterest(peer) {
    this.routes.clear(peer);
    for (const lane of peer.ownLanes.values())
      lane.close();
    peer.ownLanes.clear();
    this.#deps.onRoom();
  }
  /** Opens or ends the lane of a lossless subscription of a peer. */
  #fitLane(peer, rowKey) {
    const key = rowKey.slice(2);
    const want = peer.wants.get(rowKey);
    const lane = peer.ownLanes.get(key);
    if (want?.kind !== "lane") {
      lane?.close();
      peer.ownLanes.delete(key);
      this.#deps.onRoom();
    } else if (lane === void 0 && peer.ownLanes.size < ownLanesMax) {
      const opened = this.#createLane(peer.id, key, want.interest.batchMax);
      peer.ownLanes.set(key, opened);
      if (peer.link !== void 0)
        opened.attach(peer.link);
    }
  }
};
function readsAll(codec, { peer }) {
  return codec.capabilities.every((capability) => peer.capabilities.has(capability));
}
var sharedBatchMax = 256;
var ownLanesMax = 1024;

// dist/bus/remote-requests.js
function askLink(link, codec, question, sink) {
  const stream2 = link.open({
    kind: "bus",
    interaction: "stream",
    metadata: writeQuestion(question, link.peer.wireVersion),
    data: codec.encode(question.value),
    credit: answerCredit
  }, {
    onNext: (payload) => {
      try {
        sink.onAnswer(codec.decode(payload.data()), noHeaders);
      } catch (error) {
        sink.onEnd(ClusterError.from(error, "protocol"));
        cancel();
      }
    },
    onComplete: () => sink.onEnd(void 0),
    onFail: (fault) => sink.onEnd(toError2(fault, link.peer.name)),
    onCredit: () => void 0,
    onCancel: () => void 0
  });
  if (typeof stream2 === "string") {
    const why = stream2 === "down" ? "its link is down" : "its link carries all the streams it may";
    sink.onEnd(new ClusterError("not-executed", `${link.peer.name} was not asked: ${why}`));
    return { request: () => void 0, cancel: () => void 0 };
  }
  const cancel = () => stream2.cancel();
  return { request: (count) => stream2.request(count), cancel };
}
function answerStream(host, incoming) {
  const { stream: stream2, payload } = incoming;
  const source = stream2.link.peer.name;
  let question;
  try {
    question = readQuestion(payload.metadata(), () => host.codec.decode(payload.data()));
  } catch {
    question = void 0;
  }
  if (question === void 0) {
    const malformed2 = new ClusterError("protocol", "the request is malformed");
    stream2.fail(streamErrorCodes.invalid, writeErrorBody(malformed2, host.origin));
    return deafSink2;
  }
  return new AnsweringStream(host, incoming, { question, source });
}
var AnsweringStream = class {
  #host;
  #stream;
  #source;
  #waiting = [];
  #cancelTimer;
  #isOver = false;
  #ended;
  constructor(host, incoming, asked) {
    this.#host = host;
    this.#stream = incoming.stream;
    this.#source = host.answer(asked.question, asked.source, {
      onAnswer: (value) => this.#answer(value),
      onEnd: (error) => {
        this.#ended ??= { error };
        this.#pump();
      }
    });
    const { clock } = host;
    this.#cancelTimer = clock.setTimer(after(clock.now(), asked.question.timeoutMs), () => this.#timeOut());
  }
  onNext() {
  }
  onComplete() {
  }
  onFail() {
    this.#stop();
  }
  onCredit() {
    this.#pump();
  }
  onCancel() {
    this.#stop();
  }
  #answer(value) {
    if (this.#isOver)
      return;
    try {
      this.#waiting.push(this.#host.codec.encode(value));
    } catch (error) {
      this.#ended = { error: ClusterError.from(error, "invalid-value") };
    }
    this.#pump();
  }
  #pump() {
    if (this.#isOver)
      return;
    while (this.#stream.credit > 0) {
      const bytes = this.#waiting.shift();
      if (bytes === void 0)
        break;
      this.#stream.next(emptyBytes, bytes);
      this.#source.request(1);
    }
    if (this.#ended === void 0 || this.#waiting.length > 0)
      return;
    this.#isOver = true;
    this.#cancelTimer();
    const { error } = this.#ended;
    if (error === void 0)
      this.#stream.complete();
    else
      this.#stream.fail(errorCodeOf(error), writeErrorBody(error, this.#host.origin));
  }
  #timeOut() {
    if (this.#isOver)
      return;
    const late = new ClusterError("deadline-exceeded", "the deadline passed");
    this.#stream.fail(streamErrorCodes.canceled, writeErrorBody(late, this.#host.origin));
    this.#stop();
  }
  #stop() {
    if (this.#isOver)
      return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#source.cancel();
  }
};
var deafSink2 = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};
var flagPlain = 1;
function writeQuestion(question, wireVersion2) {
  const writer2 = new ByteWriter(128);
  writer2.u8(wireVersion2);
  writer2.u8(question.plain ? flagPlain : 0);
  writer2.text(question.topic);
  writer2.varint(Math.max(0, Math.ceil(question.timeoutMs)));
  writer2.varint(question.groups.length);
  for (const group of question.groups)
    writer2.text(group);
  writer2.text(question.key);
  const headers = Object.entries(question.headers);
  writer2.varint(headers.length);
  for (const [name, text] of headers) {
    writer2.text(name);
    writer2.text(text);
  }
  return writer2.take();
}
function readQuestion(metadata, readValue) {
  const reader = new ByteReader(metadata);
  const version = reader.u8();
  const flags = reader.u8();
  const topic = reader.text(topicLengthMax * 3);
  const timeoutMs = Math.min(reader.varint(), timeoutMaxMs);
  const groupCount = reader.varint();
  const groups = [];
  for (let index = 0; index < Math.min(groupCount, topicAlternativesMax); index += 1)
    groups.push(reader.text(512));
  const key = reader.text(headersBytesMax);
  const headerCount = reader.varint();
  const headers = [];
  for (let index = 0; index < Math.min(headerCount, headersMax) && reader.ok; index += 1) {
    headers.push([reader.text(headersBytesMax), reader.text(headersBytesMax)]);
  }
  if (!reader.ok || version < wireVersionMin || findTopicFault(topic) !== void 0)
    return void 0;
  const plain = (flags & flagPlain) !== 0;
  return { topic, value: readValue(), headers: Object.fromEntries(headers), timeoutMs, groups, plain, key };
}
var timeoutMaxMs = 24 * 60 * 60 * 1e3;
function errorCodeOf(error) {
  if (error.ran === true)
    return streamErrorCodes.applicationError;
  return error.code === "overloaded" || error.code === "no-responders" ? streamErrorCodes.rejected : streamErrorCodes.applicationError;
}
function toError2(fault, node) {
  if (fault.kind === "link") {
    return fault.written ? new ClusterError("link-lost", `the link to ${node} ended (${fault.reason}) before it answered`, { node }) : new ClusterError("not-executed", `the link to ${node} ended (${fault.reason}) before it was asked`, { node });
  }
  const ran = fault.code !== streamErrorCodes.rejected && fault.code !== streamErrorCodes.invalid;
  return readErrorBody({ data: fault.data, node, ran, code: ran ? "remote" : "not-executed" });
}

// dist/bus/cluster-outlet.js
var ClusterOutlet = class {
  #deps;
  #core;
  #table;
  #interest;
  #book;
  #acceptor;
  #events;
  #meter;
  #roomWaiters = /* @__PURE__ */ new Set();
  #unlisten = [];
  #isRunning = false;
  constructor(core, deps, options) {
    const { clock, codec, membership, logger } = deps;
    this.#core = core;
    this.#deps = deps;
    this.#table = deps.tables.open("interest");
    this.#interest = new InterestWriter(this.#table, clock, options.exactRowsMax);
    this.#events = new EventEncoder(codec);
    this.#meter = new BusMeter(deps.metrics);
    const onMalformed = (peer) => this.#onMalformed(peer);
    const deliverer = new Deliverer(core, clock, this.#meter);
    this.#acceptor = new LaneAcceptor({ clock, logger, core, meter: this.#meter, deliverer, onMalformed });
    this.#book = new PeerBook({
      membership,
      codec,
      options,
      lanes: {
        clock,
        onUnknown: (lane, range) => this.#onUnknown(lane, range),
        onUnsent: (lane, count) => this.#onUnsent(lane, count),
        onMalformed: (lane) => onMalformed(this.#book.find(lane.node)),
        onRoom: () => this.#tellRoom()
      },
      onEnded: (peer) => this.#acceptor.ended(peer),
      onRoom: () => this.#tellRoom()
    });
  }
  start() {
    const { links, membership } = this.#deps;
    this.#isRunning = true;
    this.#unlisten = [
      links.listen((event) => this.#book.linkChanged(event)),
      links.serve("bus", (incoming) => this.#accept(incoming)),
      this.#table.listen((change) => this.#book.interestChanged(change)),
      membership.listen(({ kind, member }) => this.#book.memberChanged(kind, member))
    ];
    for (const node of this.#table.nodes()) {
      for (const [key, value] of this.#table.rowsOf(node)) {
        this.#book.interestChanged({ kind: "set", node, key, value });
      }
    }
    for (const link of links.links())
      this.#book.linkUp(link);
  }
  /** Ends every lane; what is not acknowledged is reported. Idempotent. */
  stop() {
    if (!this.#isRunning)
      return;
    this.#isRunning = false;
    for (const unlisten of this.#unlisten)
      unlisten();
    this.#unlisten = [];
    this.#book.close();
    this.#tellRoom();
  }
  /** Takes back everything this node wanted; peers hear it at once. */
  withdraw() {
    this.#interest.withdraw();
  }
  /** Every event that was accepted is acknowledged. */
  get isSettled() {
    return this.peers().every((peer) => peer.link === void 0 || peer.outLanes().every((lane) => lane.isSettled));
  }
  sayFinal() {
    for (const peer of this.#book.peers())
      for (const lane of peer.outLanes())
        lane.sayFinal();
  }
  peers() {
    return [...this.#book.peers()];
  }
  find(topic) {
    return this.#book.routes.find(topic);
  }
  findOverlap(patterns) {
    return this.#book.routes.findOverlap(patterns);
  }
  send(message) {
    const { peers, lanes } = message.route === void 0 ? winnersOnly : this.#asRoute(message.route);
    if (peers.length === 0 && lanes.length === 0 && message.winners === void 0)
      return nothingSent;
    return this.#sendWide({ peers, lanes }, this.#events.encode(message, this.#book.hasBasicPeers), message);
  }
  sendPlain(route, topic, value) {
    const own = this.#asRoute(route);
    const event = this.#events.encodePlain(topic, own, value, this.#book.hasBasicPeers);
    let nodes = 0;
    for (const peer of own.peers)
      if (this.#offer(peer, peer.shared, event))
        nodes += 1;
    this.#meter.sent.add(nodes);
    if (nodes < own.peers.length)
      this.#meter.refused.add(own.peers.length - nodes);
    return nodes;
  }
  #sendWide({ peers, lanes }, event, message) {
    const tally = new Tally();
    for (const peer of peers)
      this.#offerShared(peer, event, message, tally);
    for (const name of message.winners?.keys() ?? []) {
      const peer = this.#book.find(name);
      if (peer !== void 0 && !peers.includes(peer))
        this.#offerShared(peer, event, message, tally);
    }
    for (const { peer, key } of lanes) {
      const lane = peer.ownLanes.get(key);
      if (lane !== void 0)
        tally.count(copyOf(peer, event), this.#offer(peer, lane, event));
    }
    this.#meter.sent.add(tally.sent);
    this.#meter.refused.add(tally.refusals);
    return tally.result();
  }
  findResponders(topic) {
    return this.#book.routes.findResponders(topic);
  }
  ask(responder, question, sink) {
    const link = this.#book.find(responder.node)?.link;
    if (link !== void 0)
      return askLink(link, this.#deps.codec, question, sink);
    sink.onEnd(new ClusterError("not-executed", `there is no link to ${responder.node} any more`));
    return { request: () => void 0, cancel: () => void 0 };
  }
  subscribed(subscriber) {
    if (hasOwnLane(subscriber.options))
      this.#acceptor.addBlocker(subscriber);
    this.#interest.put(subscriber, "events");
  }
  updated(subscriber, before) {
    this.#interest.put(subscriber, "events", before);
  }
  unsubscribed(subscriber) {
    this.#acceptor.removeBlocker(subscriber);
    if (hasOwnLane(subscriber.options)) {
      for (const peer of this.#book.peers())
        peer.closeWindow(String(subscriber.order));
    }
    this.#interest.remove(subscriber, "events");
  }
  responding(responder, before) {
    this.#interest.put(responder, "requests", before);
  }
  respondingEnded(responder) {
    this.#interest.remove(responder, "requests");
  }
  whenKnown(done) {
    return this.#table.whenHeld(this.#interest.flush(), done);
  }
  checkGroup(name, strategy) {
    assertGroupStrategy(this.#book.peers(), name, strategy);
  }
  explain(topic) {
    const wants = /* @__PURE__ */ new Map();
    for (const want of this.#book.routes.find(topic).wants) {
      const because = wants.get(want.peer) ?? [];
      wants.set(want.peer, because);
      because.push(describeWant(want));
    }
    return Array.from(wants, ([peer, because]) => ({
      node: peer.id.name,
      epoch: peer.id.epoch,
      because,
      linked: peer.link !== void 0,
      suspect: peer.isSuspect,
      inFlight: sum(peer.outLanes(), (lane) => lane.inFlight)
    }));
  }
  /** Counters of the lanes to and from each peer. */
  links() {
    return this.peers().map((peer) => ({
      node: peer.id.name,
      epoch: peer.id.epoch,
      linked: peer.link !== void 0,
      suspect: peer.isSuspect,
      sent: sum(peer.outLanes(), (lane) => lane.accepted),
      dropped: sum(peer.outLanes(), (lane) => lane.dropped),
      resent: sum(peer.outLanes(), (lane) => lane.resent),
      inFlight: sum(peer.outLanes(), (lane) => lane.inFlight),
      heldBytes: sum(peer.outLanes(), (lane) => lane.heldBytes),
      received: sum([...peer.inLanes.values()], (lane) => lane.received),
      duplicates: sum([...peer.windows.values()], (window) => window.duplicates),
      ownLanes: peer.ownLanes.size
    }));
  }
  hasRoom(route) {
    const { peers, lanes } = this.#asRoute(route);
    return peers.every((peer) => peer.shared.hasRoom) && lanes.every(({ peer, key }) => peer.ownLanes.get(key)?.hasRoom !== false);
  }
  whenRoom(route, run) {
    if (this.hasRoom(route) || !this.#isRunning)
      run();
    else
      this.#roomWaiters.add(run);
  }
  /** Routes are this object's own; only their type was widened on the way. */
  #asRoute(route) {
    return isPeerRoute(route) ? route : this.#book.routes.find("/");
  }
  #offerShared(peer, event, message, tally) {
    const won = message.winners?.get(peer.id.name);
    const own = formFor(peer, event);
    const copy = won === void 0 ? own : { ...own, won };
    tally.count(copyOf(peer, copy), this.#offer(peer, peer.shared, copy));
  }
  #offer(peer, lane, event) {
    if (!peer.wasLinked)
      return false;
    return lane.accept(formFor(peer, event));
  }
  #accept(incoming) {
    const { stream: stream2 } = incoming;
    if (stream2.link.peer.role === "stock" || !this.#isRunning) {
      stream2.fail(streamErrorCodes.rejected, emptyBytes);
      return refusedSink;
    }
    if (incoming.interaction === "stream") {
      const origin = { node: this.#deps.self.name, exposeStacks: this.#deps.exposeStacks };
      return answerStream({ ...this.#deps, origin, answer: this.#answer }, incoming);
    }
    const peer = stream2.link.peer.role === "peer" ? this.#book.get(stream2.link.peer) : void 0;
    return this.#acceptor.accept(peer, incoming);
  }
  #answer = (question, source, sink) => this.#core.desk.answerFor(question, source, sink);
  #onUnknown(lane, range) {
    const { node, epoch } = lane;
    const { from, to } = range;
    const count = to - from + 1;
    this.#meter.deliveryUnknown.add(count);
    this.#deps.logger.info("delivery of events is unknown", { node, epoch, from, to });
    this.#core.tellUndelivered({ kind: "unknown", node, epoch, count, from, to });
  }
  #onUnsent(lane, count) {
    this.#meter.unsent.add(count);
    const { node, epoch } = lane;
    this.#deps.logger.info("events were never sent", { node, epoch, count });
    this.#core.tellUndelivered({ kind: "unsent", node, epoch, count });
  }
  #onMalformed(peer) {
    this.#meter.malformed.add();
    peer?.link?.close("protocol");
  }
  #tellRoom() {
    const waiters = [...this.#roomWaiters];
    this.#roomWaiters.clear();
    for (const run of waiters)
      run();
  }
};
function formFor(peer, event) {
  return peer.isBasic ? event.basic ?? event : event;
}
var Tally = class {
  #accepted = [];
  #refused = [];
  get sent() {
    return this.#accepted.length;
  }
  get refusals() {
    return this.#refused.length;
  }
  count(copy, isAccepted) {
    (isAccepted ? this.#accepted : this.#refused).push(copy);
  }
  result() {
    const nodes = new Set(this.#accepted.map(({ node }) => node)).size;
    return { nodes, dropped: this.refusals, accepted: this.#accepted, refused: this.#refused };
  }
};
function copyOf(peer, { won }) {
  return { node: peer.id.name, won: won ?? noNames };
}
function sum(items, read) {
  return items.reduce((total, item) => total + read(item), 0);
}
function describeWant(want) {
  if (want.kind === "pattern")
    return want.text;
  if (want.kind === "lane")
    return `lossless lane ${want.key}: ${want.interest.patterns.join(" ")}`;
  return want.index < 0 ? "exact topics, as hashes" : `${want.text} narrowed to a set of values`;
}
var winnersOnly = { peers: [], lanes: [] };
var noNames = [];
var nothingSent = { nodes: 0, dropped: 0, accepted: [], refused: [] };
function isPeerRoute(route) {
  return "peers" in route;
}

// dist/bus/cluster-options.js
function resolveClusterBusOptions(options) {
  return {
    windowEventsMax: options.windowEventsMax ?? 16384,
    windowBytesMax: options.windowBytesMax ?? 8 * 1024 * 1024,
    ownLaneEventsMax: options.ownLaneEventsMax ?? 1024,
    exactRowsMax: options.exactRowsMax ?? 512
  };
}

// dist/bus/create-cluster-bus.js
function createClusterBus(deps, options = {}) {
  let outlet;
  const core = new BusCore(deps, options, (owner) => {
    const { metrics = noMetrics, logger = silentLogger, exposeStacks = false } = deps;
    const outletDeps = { ...deps, metrics, logger, exposeStacks };
    outlet = new ClusterOutlet(owner, outletDeps, resolveClusterBusOptions(options));
    return outlet;
  });
  return toClusterBus(core, outlet, deps.clock);
}
function toClusterBus(core, outlet, clock) {
  return Object.assign(core, {
    partName: "bus",
    start() {
      outlet?.start();
      return Promise.resolve();
    },
    async withdraw(timeoutMs) {
      if (outlet === void 0)
        return;
      outlet.withdraw();
      await within(clock, timeoutMs, (done) => outlet.whenKnown(done));
    },
    async finish(drainMs) {
      const deadline = after(clock.now(), drainMs);
      await within(clock, drainMs, (done) => {
        whenIdle(core, done);
        return () => void 0;
      });
      while (!isSettled(outlet) && clock.now() < deadline)
        await pause(clock, settleCheckMs);
    },
    async sayFinal(timeoutMs) {
      const deadline = after(clock.now(), timeoutMs);
      outlet?.sayFinal();
      while (!isSettled(outlet) && clock.now() < deadline)
        await pause(clock, settleCheckMs);
    },
    links() {
      return outlet?.links() ?? [];
    },
    stop() {
      core.end();
      outlet?.stop();
      return Promise.resolve();
    }
  });
}
var settleCheckMs = 10;
function isSettled(outlet) {
  return outlet === void 0 || outlet.isSettled;
}
function whenIdle(core, done) {
  const gate = new Gate();
  for (const part of [...core.subscribers(), ...core.desk.responders()]) {
    gate.hold();
    part.whenIdle(() => gate.settle(true));
  }
  gate.whenOpen(done);
  gate.settle(true);
}
function within(clock, timeoutMs, start) {
  return new Promise((resolve2) => {
    let give;
    const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), () => {
      give?.();
      resolve2();
    });
    give = start(() => {
      cancelTimer();
      resolve2();
    });
  });
}
function pause(clock, ms) {
  return new Promise((resolve2) => {
    clock.setTimer(after(clock.now(), ms), resolve2);
  });
}

// dist/cluster/link/hello-acceptor.js
var HelloAcceptor = class {
  #deps;
  #onProved;
  #state = "waiting";
  #said = { hello: emptyBytes, challenge: emptyBytes };
  #message;
  constructor(deps, onProved) {
    this.#deps = deps;
    this.#onProved = onProved;
  }
  /** A stream of kind hello. */
  onRequest(incoming) {
    const { stream: stream2 } = incoming;
    const bytes = incoming.payload.data().slice();
    const decoded = decodeHello(bytes);
    if (decoded?.kind === "hello" && this.#state === "waiting")
      this.#onHello(stream2, bytes, decoded.message);
    else if (decoded?.kind === "proof" && this.#state === "challenged")
      this.#onProof(stream2, bytes);
    else
      refuseHello(stream2, "malformed");
    return deafSink;
  }
  #onHello(stream2, bytes, message) {
    const { self, secrets, options } = this.#deps;
    if (commonVersion(message, options.wireVersions) === void 0) {
      refuseHello(stream2, "incompatible");
      return;
    }
    if (message.wanted !== "" && message.wanted !== self.name) {
      refuseHello(stream2, "wrong-name");
      return;
    }
    this.#state = "challenged";
    this.#message = message;
    this.#said = { hello: bytes, challenge: encodeHello("challenge", introduce(this.#deps)) };
    const proof = prove(secrets, options.keys[0] ?? emptyBytes, "acceptor", this.#said);
    stream2.nextAndComplete(emptyBytes, withProof(this.#said.challenge, proof));
  }
  #onProof(stream2, bytes) {
    const { secrets, options } = this.#deps;
    const proof = splitProof(bytes)?.proof ?? emptyBytes;
    const message = this.#message;
    if (message === void 0 || !isProof(secrets, options.keys, "dialer", { ...this.#said, proof })) {
      refuseHello(stream2, "unauthorized");
      return;
    }
    this.#state = "proved";
    this.#onProved({
      message,
      peer: toPeer(message, commonVersion(message, options.wireVersions) ?? 0, options.capabilities),
      welcome: () => stream2.nextAndComplete(emptyBytes, encodeWelcome()),
      refuse: (why) => refuseHello(stream2, why)
    });
  }
};
function refuseHello(stream2, why) {
  stream2.fail(streamErrorCodes.rejected, textToBytes(why));
}

// dist/cluster/link/member-choice.js
function chooseMembers(self, members, linksMax) {
  if (members.length <= linksMax)
    return members;
  const scored = members.map((member) => ({ member, score: pairScore(self, member.name) }));
  return scored.toSorted((left, right) => right.score - left.score).slice(0, linksMax).map(({ member }) => member);
}
function pairScore(left, right) {
  const [first, second] = left < right ? [left, right] : [right, left];
  return addHash(hashText(first), hashText(second));
}

// dist/cluster/link/tie-break.js
function judgeHello(self, hello, present) {
  const { linkEpoch, knownEpoch } = present;
  if (hello.epoch < Math.max(linkEpoch ?? 0, knownEpoch ?? 0))
    return "stale";
  const helloWins = hello.insists || isWinner(hello.name, self.name);
  if (linkEpoch === void 0)
    return present.isDialing && !helloWins ? "hold" : "take";
  return linkEpoch < hello.epoch || helloWins ? "replace" : "duplicate";
}
function isWinner(name, other) {
  return name < other;
}

// dist/cluster/link/peer-dialer.js
var PeerDialer = class {
  #deps;
  #target;
  #dial;
  #cancelWait;
  #failures = 0;
  #linkedAt;
  #wasDuplicate = false;
  #isStopped = false;
  constructor(deps, target) {
    this.#deps = deps;
    this.#target = target;
  }
  get isDialing() {
    return this.#dial !== void 0;
  }
  /** The member has another address or epoch. */
  retarget(target) {
    const isChanged = target.address !== this.#target.address || target.epoch !== this.#target.epoch;
    this.#target = target;
    if (!isChanged)
      return;
    this.#failures = 0;
    this.#wasDuplicate = false;
  }
  /** There is no link: dial when it is time. Does nothing while a dial is planned or under way. */
  want() {
    if (this.#isStopped || this.#dial !== void 0 || this.#cancelWait !== void 0)
      return;
    const { clock, options } = this.#deps;
    if (this.#linkedAt !== void 0) {
      this.#failures = clock.now() - this.#linkedAt > options.redialMaxMs ? 0 : this.#failures + 1;
      this.#linkedAt = void 0;
    }
    this.#cancelWait = clock.setTimer(after(clock.now(), this.#waitMs()), () => {
      this.#cancelWait = void 0;
      this.#start();
    });
  }
  /** There is a link: forget plans. A dial under way goes on; the tie-break decides. */
  rest() {
    this.#cancelWait?.();
    this.#cancelWait = void 0;
    this.#linkedAt = this.#deps.clock.now();
    this.#wasDuplicate = false;
  }
  stop() {
    this.#isStopped = true;
    this.rest();
    this.#dial?.cancel();
    this.#dial = void 0;
  }
  #start() {
    const { options } = this.#deps;
    const dial = new Dial(this.#deps.dial, { purpose: "link", insists: this.#wasDuplicate, wanted: this.#target.name }, (outcome) => this.#onOutcome(outcome));
    this.#dial = dial;
    dial.start(this.#target.address, options.dialTimeoutMs);
  }
  #onOutcome(outcome) {
    this.#dial = void 0;
    if (outcome.kind !== "welcome") {
      this.#failures += 1;
      this.#wasDuplicate = outcome.kind === "refused" && outcome.why === "duplicate";
    }
    this.#deps.onOutcome(this.#target, outcome);
  }
  #waitMs() {
    const { options, random, self } = this.#deps;
    const backOff = Math.min(options.redialMaxMs, options.redialMinMs * 2 ** Math.min(this.#failures, 20));
    const spreadMs = Math.min(options.redialMinMs, spreadMsPerMember * this.#deps.memberCount());
    const yieldMs = isWinner(self.name, this.#target.name) ? 0 : options.dialYieldMs;
    return jitterMs(random, (this.#failures === 0 ? spreadMs : backOff) + yieldMs, 0.5);
  }
};
var spreadMsPerMember = 0.5;

// dist/cluster/link/stock-door.js
var StockDoor = class {
  #options;
  #raise;
  #onRefused;
  constructor(options, raise, onRefused) {
    this.#options = options;
    this.#raise = raise;
    this.#onRefused = onRefused;
  }
  onSetup(link, setup) {
    if (setup.metadataMime === linkMime)
      return "accept";
    const { authenticate } = this.#options;
    const { rejectedSetup, unsupportedSetup } = connectionErrorCodes;
    if (authenticate === void 0)
      return this.#refusal(link, rejectedSetup, "stock clients are not taken here");
    if (setup.metadataMime !== compositeMime) {
      return this.#refusal(link, unsupportedSetup, `metadata must be ${compositeMime}`);
    }
    const { remote, certificate } = link.connection;
    const { metadataMime, dataMime, metadata, data } = setup;
    authenticate({ remote, certificate, metadataMime, dataMime, metadata, data }).then((name) => this.#onAnswer(link, name, dataMime), () => this.#onAnswer(link, void 0, dataMime));
    return "wait";
  }
  #onAnswer(link, name, dataType) {
    if (link.isEnded)
      return;
    if (name === void 0) {
      link.engine.refuseSetup(this.#refusal(link, connectionErrorCodes.rejectedSetup, "not authenticated"));
      return;
    }
    const { remote } = link.connection;
    link.engine.metadataForm = "composite";
    const known = {
      name,
      epoch: 0,
      role: "stock",
      address: remote,
      wireVersion: 0,
      capabilities: /* @__PURE__ */ new Set()
    };
    this.#raise(link, { ...known, dataType });
    link.engine.acceptSetup();
  }
  #refusal(link, code, text) {
    this.#onRefused(link, text);
    return { code, text };
  }
};

// dist/cluster/link/link-manager.js
var LinkManager = class {
  self;
  #deps;
  #options;
  #hub;
  #hello;
  #dialDeps;
  #exchanger;
  #stock;
  #idle;
  #dialers = /* @__PURE__ */ new Map();
  #demanded = /* @__PURE__ */ new Set();
  #strangers = /* @__PURE__ */ new Map();
  #held = /* @__PURE__ */ new Map();
  #unlisten;
  #isLeaving = false;
  constructor(deps, options) {
    this.self = { ...deps.self, role: "peer" };
    this.#deps = deps;
    this.#options = options;
    this.#hub = new LinkHub({ ...deps, self: deps.self }, options, this.#events());
    this.#hello = { self: this.self, secrets: deps.secrets, options };
    this.#dialDeps = { hub: this.#hub, clock: deps.clock, connections: deps.connections, hello: this.#hello };
    this.#exchanger = new Exchanger(this.#dialDeps, options);
    this.#stock = new StockDoor(options, (link, peer) => this.#raiseAccepted(link, peer, true), () => this.#hub.metrics.count("refused-stock"));
    this.#idle = new Idle(deps.clock, (kinds3) => this.#hub.streamCount(kinds3) === 0);
  }
  /** Begins to dial the members that are there and those that come. */
  start() {
    this.#unlisten = this.#deps.membership.listen((event) => this.#onMember(event));
    this.#review();
  }
  /** A connection came in on this node's address. */
  accept(connection) {
    const isFull = this.#hub.connections.size >= this.#options.acceptedMax + this.#options.linksMax;
    if (this.#isLeaving || isFull || this.#strangers.size >= this.#options.strangersMax) {
      this.#hub.metrics.count("refused-full");
      connection.destroy();
      return;
    }
    this.#hub.metrics.count("accepted");
    const { clock } = this.#deps;
    const link = this.#hub.create(connection, false);
    const acceptor = new HelloAcceptor(this.#hello, (hello) => this.#onProved(link, hello));
    const cancelTimer = clock.setTimer(after(clock.now(), this.#options.helloTimeoutMs), () => {
      this.#hub.metrics.count("hello-timeout");
      link.close("silent");
    });
    this.#strangers.set(link, { acceptor, cancelTimer });
  }
  /** Keeps a link to a member beyond `linksMax`, until it ends by itself. */
  demand(name) {
    this.#demanded.add(name);
    this.#review();
  }
  /** Refuses every stream that a peer opens from now on, as not executed, and takes no connection. Links stay up. */
  withdraw() {
    this.#isLeaving = true;
    for (const link of this.#hub.connections)
      link.engine.refuseRequests();
  }
  /** Resolves true when no stream of these kinds is open, false after `timeoutMs`. */
  drained(timeoutMs, kinds3 = ["rpc", "swim"]) {
    return this.#idle.wait(timeoutMs, kinds3);
  }
  /** Withdraws, waits for calls up to `drainMs`, and closes every link as left. Idempotent. */
  async stop(drainMs) {
    this.withdraw();
    this.#unlisten?.();
    for (const dialer of this.#dialers.values())
      dialer.stop();
    this.#dialers.clear();
    if (drainMs > 0)
      await this.drained(drainMs);
    this.#exchanger.stop();
    for (const link of this.#hub.connections)
      link.close(link.up ? "left" : "stopped");
    await this.#idle.ended(() => this.#hub.connections.size === 0);
  }
  /** Open streams of these kinds, over all connections. */
  streamCount(kinds3) {
    return this.#hub.streamCount(kinds3);
  }
  links() {
    return this.#hub.links();
  }
  findLink(name) {
    return this.#hub.findLink(name);
  }
  listen(listener) {
    return this.#hub.listen(listener);
  }
  serve(kind, accept) {
    return this.#hub.serve(kind, accept);
  }
  exchange(request, done) {
    this.#exchanger.exchange(request, done);
  }
  #events() {
    return {
      onSetup: (link, setup) => this.#stock.onSetup(link, setup),
      onHello: (link, stream2) => this.#strangers.get(link)?.acceptor.onRequest(stream2) ?? refuse(stream2, "hello is for acceptors"),
      onMoved: () => this.#idle.check(),
      onTick: (link) => {
        if (link.takeHeard())
          this.#report(link.peer, "heard");
      },
      onEnded: (link, reason) => this.#onEnded(link, reason)
    };
  }
  // Whom to dial.
  #onMember(event) {
    const { member, kind } = event;
    const { clock } = this.#deps;
    if (kind === "failed")
      this.#closeLife(member);
    if (kind === "left")
      clock.setTimer(after(clock.now(), leftDrainMs), () => this.#closeLife(member));
    this.#review();
  }
  #closeLife({ name, epoch }) {
    const link = this.#hub.findLink(name);
    if (link !== void 0 && link.peer.epoch <= epoch)
      link.close("closed");
  }
  /** Dials whoever should have a link and has none, and forgets those who should not. */
  #review() {
    if (this.#isLeaving)
      return;
    const { membership } = this.#deps;
    const others = membership.members().filter((member) => member.name !== this.self.name && isThere(member));
    const chosen = new Map(chooseMembers(this.self.name, others, this.#options.linksMax).map((one) => [one.name, one]));
    for (const member of others)
      if (this.#demanded.has(member.name))
        chosen.set(member.name, member);
    for (const [name, dialer] of this.#dialers) {
      if (chosen.has(name))
        continue;
      dialer.stop();
      this.#dialers.delete(name);
    }
    for (const member of chosen.values())
      this.#wantLink(member);
  }
  #wantLink(member) {
    let dialer = this.#dialers.get(member.name);
    if (dialer === void 0) {
      const { self, clock, random } = { self: this.self, clock: this.#deps.clock, random: this.#deps.random };
      const onOutcome = (target, outcome) => this.#onDialed(target, outcome);
      const memberCount = () => this.#deps.membership.members().length;
      const deps = { self, clock, random, options: this.#options, dial: this.#dialDeps, memberCount, onOutcome };
      dialer = new PeerDialer(deps, member);
      this.#dialers.set(member.name, dialer);
    }
    dialer.retarget(member);
    const link = this.#hub.findLink(member.name);
    if (link === void 0 || link.peer.epoch < member.epoch)
      dialer.want();
  }
  #onDialed(target, outcome) {
    const dialer = this.#dialers.get(target.name);
    if (outcome.kind === "welcome") {
      this.#onWelcome(outcome.link, outcome.peer);
      dialer?.rest();
    } else if (outcome.kind === "unreachable") {
      this.#hub.metrics.count("dial-failed");
      if (outcome.fault === "refused")
        this.#report(target, "refused");
    } else if (outcome.why !== "duplicate") {
      this.#deps.logger.info("hello refused", { node: target.name, address: target.address, why: outcome.why });
    }
    this.#held.get(target.name)?.();
    if (this.#hub.findLink(target.name) === void 0 && !this.#isLeaving)
      dialer?.want();
  }
  #onWelcome(link, peer) {
    const claim = { name: this.self.name, epoch: peer.epoch, insists: false };
    const verdict = judgeHello(peer, claim, this.#present(peer.name, false));
    if (verdict === "duplicate" || verdict === "stale") {
      link.close("replaced");
      return;
    }
    this.#install(link, peer);
  }
  // Who comes.
  #onProved(link, hello) {
    const { message, peer } = hello;
    if (!mayBe(link.connection.certificate, peer.name, this.#options)) {
      hello.refuse("unauthorized");
    } else if (message.name === this.self.name) {
      hello.refuse("name-taken");
    } else if (this.#isLeaving) {
      hello.refuse("leaving");
    } else if (message.purpose === "exchange") {
      hello.welcome();
      this.#raiseAccepted(link, peer, false);
    } else if (message.role === "guest") {
      this.#onGuest(link, hello);
    } else {
      this.#judge(link, hello);
    }
  }
  #onGuest(link, hello) {
    const present = this.#hub.findLink(hello.peer.name);
    const isMember = this.#deps.membership.findMember(hello.peer.name) !== void 0 || present?.peer.role === "peer";
    if (isMember) {
      hello.refuse("name-taken");
      return;
    }
    hello.welcome();
    this.#raiseAccepted(link, hello.peer, true);
  }
  #judge(link, hello) {
    const { peer, message } = hello;
    const isDialing = this.#dialers.get(peer.name)?.isDialing ?? false;
    const verdict = judgeHello(this.self, message, this.#present(peer.name, isDialing));
    switch (verdict) {
      case "hold":
        this.#hold(link, hello);
        return;
      case "duplicate":
      case "stale":
        hello.refuse(verdict);
        return;
      case "take":
      case "replace":
        hello.welcome();
        this.#raiseAccepted(link, peer, true);
    }
  }
  /** Waits for our own dial, for half of the time that the other side gives its hello. */
  #hold(link, hello) {
    const { clock } = this.#deps;
    const { name } = hello.peer;
    let isOver = false;
    const settle = (isDialing) => {
      if (isOver)
        return;
      isOver = true;
      cancelTimer();
      if (this.#held.get(name) === release)
        this.#held.delete(name);
      if (link.isEnded)
        return;
      const verdict = judgeHello(this.self, hello.message, this.#present(name, isDialing));
      if (verdict === "take" || verdict === "replace") {
        hello.welcome();
        this.#raiseAccepted(link, hello.peer, true);
      } else {
        hello.refuse(verdict === "stale" ? "stale" : "duplicate");
      }
    };
    const release = () => settle(false);
    const cancelTimer = clock.setTimer(after(clock.now(), this.#options.helloTimeoutMs / 2), release);
    this.#held.get(name)?.();
    this.#held.set(name, release);
  }
  #raiseAccepted(link, peer, isNamed) {
    this.#strangers.get(link)?.cancelTimer();
    this.#strangers.delete(link);
    if (isNamed)
      this.#install(link, peer);
    else
      this.#hub.raise(link, peer, false);
  }
  /** Makes a connection the link of its peer; one that was there finishes what runs, or is closed with its older life. */
  #install(link, peer) {
    if (this.#isLeaving) {
      link.close("left");
      return;
    }
    const old = this.#hub.findLink(peer.name);
    if (old !== void 0)
      this.#replace(old, peer.epoch);
    this.#hub.raise(link, peer, true);
    this.#report(peer, "heard");
    this.#dialers.get(peer.name)?.rest();
  }
  #replace(old, epoch) {
    const { clock } = this.#deps;
    this.#hub.retire(old);
    if (old.isEnded)
      return;
    if (old.peer.epoch < epoch) {
      old.close("replaced");
      return;
    }
    clock.setTimer(after(clock.now(), this.#options.replacedDrainMs), () => old.close("replaced"));
  }
  #onEnded(link, reason) {
    this.#strangers.get(link)?.cancelTimer();
    this.#strangers.delete(link);
    this.#idle.check();
    const { peer } = link;
    if (peer.role !== "peer" || peer.name === "")
      return;
    if (reason === "reset")
      this.#report(peer, "reset");
    else if (reason === "closed" || reason === "left")
      this.#report(peer, "closed");
    if (this.#hub.findLink(peer.name) === void 0) {
      this.#demanded.delete(peer.name);
      this.#review();
    }
  }
  #present(name, isDialing) {
    const linkEpoch = this.#hub.findLink(name)?.peer.epoch;
    return { linkEpoch, knownEpoch: this.#deps.membership.findMember(name)?.epoch, isDialing };
  }
  #report(node, kind) {
    if (node.name === "" || "role" in node && node.role !== "peer")
      return;
    this.#deps.membership.report({ node: { name: node.name, epoch: node.epoch }, address: node.address, kind });
  }
};
function isThere(member) {
  return member.status === "alive" || member.status === "suspect";
}
var leftDrainMs = 2e3;

// dist/cluster/link/rsocket-js-connection.js
var RsocketJsConnection = class {
  #js;
  #onFrame;
  #onClose;
  #statusListeners = /* @__PURE__ */ new Set();
  #receiver;
  #isClosed = false;
  /** What SETUP says instead of the endless times that silence the library's timers. */
  times;
  constructor(js, onFrame, onClose) {
    this.#js = js;
    this.#onFrame = onFrame;
    this.#onClose = onClose;
  }
  sendOne(frame) {
    if (this.#isClosed)
      return;
    const { serializeFrameWithLength, BufferEncoders } = this.#js.core;
    this.#onFrame(serializeFrameWithLength(this.#corrected(frame), BufferEncoders));
  }
  send() {
  }
  receive() {
    return new this.#js.flowable.Flowable((subscriber) => {
      this.#receiver = subscriber;
      subscriber.onSubscribe({ request: () => void 0, cancel: () => void 0 });
    });
  }
  /** Hands a received frame to the library, which may throw at what it does not understand. */
  feed(bytes) {
    const { deserializeFrame, BufferEncoders } = this.#js.core;
    const frame = deserializeFrame(toNodeBytes(this.#js, bytes), BufferEncoders);
    if (frame.type === 1)
      frame.lifetime = endlessMs;
    this.#receiver?.onNext(frame);
  }
  close() {
    if (this.#isClosed)
      return;
    this.#isClosed = true;
    for (const listener of this.#statusListeners)
      listener.onNext({ kind: "CLOSED" });
    this.#statusListeners.clear();
    this.#onClose();
  }
  connect() {
  }
  connectionStatus() {
    return new this.#js.flowable.Flowable((subscriber) => {
      let isTold = false;
      subscriber.onSubscribe({
        request: () => {
          if (isTold)
            return;
          isTold = true;
          if (!this.#isClosed)
            this.#statusListeners.add(subscriber);
          subscriber.onNext(this.#isClosed ? { kind: "CLOSED" } : { kind: "CONNECTED" });
        },
        cancel: () => this.#statusListeners.delete(subscriber)
      });
    });
  }
  #corrected(frame) {
    if (frame.type === 10 && Boolean(frame.metadata)) {
      return { ...frame, flags: frame.flags | 256 };
    }
    if (frame.type === 11 && frame.streamId !== 0)
      return { ...frame, ...readErrorText(frame.message) };
    if (frame.type === 1 && this.times !== void 0) {
      return { ...frame, keepAlive: this.times.keepAliveMs, lifetime: this.times.lifetimeMs };
    }
    return frame;
  }
};
var endlessMs = 2147483647;
function toErrorText(code, text) {
  return `\0${code}\0${text}`;
}
function readErrorText(message) {
  const [start, code, ...rest] = message.split("\0");
  return start === "" && code !== void 0 ? { code: Number(code), message: rest.join("\0") } : { code: 513, message };
}
function toNodeBytes(js, bytes) {
  const copy = js.core.createBuffer(bytes.length);
  copy.set(bytes);
  return copy;
}

// dist/cluster/link/rsocket-js-requester.js
function openJsStream(js, socket, stream2, request) {
  const { payload, credit } = request;
  switch (stream2.interaction) {
    case "fire-and-forget":
      socket.fireAndForget(payload);
      return;
    case "response":
      socket.requestResponse(payload).subscribe({
        onSubscribe: (cancel) => {
          stream2.up = { request: () => void 0, cancel };
        },
        onComplete: (answer) => stream2.onItem(answer.metadata ?? emptyBytes, answer.data ?? emptyBytes, true),
        onError: (error) => stream2.onError(toFault3(error))
      });
      return;
    case "stream":
      receiveFrom(socket.requestStream(payload), stream2, credit);
      return;
    case "channel":
      receiveFrom(socket.requestChannel(sourceOf(js, stream2, payload)), stream2, credit);
  }
}
function receiveFrom(source, stream2, credit) {
  source.subscribe({
    onSubscribe: (subscription) => {
      stream2.up = subscription;
      subscription.request(credit);
    },
    onNext: (item) => stream2.onItem(item.metadata ?? emptyBytes, item.data ?? emptyBytes, false),
    onComplete: () => stream2.onComplete(),
    onError: (error) => stream2.onError(toFault3(error))
  });
}
function sourceOf(js, stream2, first) {
  return new js.flowable.Flowable((subscriber) => {
    let isFirst = true;
    stream2.down = subscriber;
    subscriber.onSubscribe({
      request: (count) => {
        const more = isFirst ? count - 1 : count;
        if (isFirst) {
          isFirst = false;
          subscriber.onNext(first);
        }
        if (more > 0)
          stream2.onRequestN(more);
      },
      cancel: () => stream2.onCancel()
    });
  });
}
function toFault3(error) {
  const source = Reflect.get(error, "source");
  const code = typeof source === "object" && source !== null ? Reflect.get(source, "code") : void 0;
  const text = typeof source === "object" && source !== null ? Reflect.get(source, "message") : void 0;
  return {
    kind: "remote",
    code: typeof code === "number" ? code : streamErrorCodes.applicationError,
    data: textToBytes(typeof text === "string" ? text : error.message)
  };
}

// dist/cluster/link/rsocket-js-responder.js
function createJsResponder(js, begin2) {
  const { Flowable: FlowableClass, Single: SingleClass } = js.flowable;
  return {
    fireAndForget: (payload) => void begin2("fire-and-forget", payload, { credit: 0 }),
    requestResponse: (payload) => new SingleClass((subject) => {
      const down = {
        onComplete: (answer) => subject.onComplete(answer ?? {}),
        onError: (error) => subject.onError(error)
      };
      let stream2;
      subject.onSubscribe(() => stream2?.onCancel());
      stream2 = begin2("response", payload, { down, credit: 1 });
    }),
    requestStream: (payload) => new FlowableClass((subscriber) => {
      let stream2;
      subscriber.onSubscribe({
        request: (count) => {
          if (stream2 === void 0)
            stream2 = begin2("stream", payload, { down: subscriber, credit: count });
          else
            stream2.onRequestN(count);
        },
        cancel: () => stream2?.onCancel()
      });
    }),
    requestChannel: (payloads) => channelOf(js, begin2, payloads)
  };
}
function channelOf(js, begin2, payloads) {
  return new js.flowable.Flowable((subscriber) => {
    let stream2;
    const start = (credit) => {
      let up;
      payloads.subscribe({
        onSubscribe: (subscription) => {
          up = subscription;
          subscription.request(1);
        },
        onNext: (item) => {
          if (stream2 === void 0)
            stream2 = begin2("channel", item, { down: subscriber, up, credit });
          else
            stream2.onItem(item.metadata ?? emptyBytes, item.data ?? emptyBytes, false);
        },
        onComplete: () => stream2?.onComplete(),
        onError: (error) => stream2?.onError(toFault3(error))
      });
    };
    let isBegun = false;
    subscriber.onSubscribe({
      request: (count) => {
        if (isBegun) {
          stream2?.onRequestN(count);
          return;
        }
        isBegun = true;
        start(count);
      },
      cancel: () => stream2?.onCancel()
    });
  });
}

// dist/cluster/link/rsocket-js-stream.js
var RsocketJsStream = class {
  interaction;
  isRequester;
  tag = 0;
  sink = deafSink;
  payload = new PayloadView();
  isSending = false;
  isReceiving = false;
  sendCredit = 0;
  /** The request is on the wire once so many bytes were handed over. */
  requestEnd = 0;
  /** Where this side's items go. */
  down;
  /** Where the peer's items come from. */
  up;
  #host;
  #isListed = true;
  constructor(host, interaction, isRequester) {
    this.#host = host;
    this.interaction = interaction;
    this.isRequester = isRequester;
    const isOneWay = interaction === "fire-and-forget";
    this.isSending = interaction === "channel" || !isRequester && !isOneWay;
    this.isReceiving = interaction === "channel" || isRequester && !isOneWay;
  }
  get link() {
    return this.#host.link;
  }
  get stream() {
    return this;
  }
  get metadataForm() {
    return this.#host.metadataForm;
  }
  get credit() {
    if (!this.isSending || this.sendCredit === 0)
      return 0;
    if (this.interaction === "response" || !this.#host.isChoked)
      return this.sendCredit;
    this.#host.waitForCredit(this);
    return 0;
  }
  next(metadata, data) {
    this.#send(metadata, data, this.interaction === "response");
  }
  nextAndComplete(metadata, data) {
    this.#send(metadata, data, true);
  }
  complete() {
    if (!this.isSending)
      return;
    this.isSending = false;
    this.down?.onComplete(void 0);
    this.releaseIfDone();
  }
  fail(code, data) {
    if (!this.isSending && !this.isReceiving)
      return;
    if (this.isRequester && this.interaction !== "channel") {
      this.cancel();
      return;
    }
    const { down } = this;
    this.#end();
    down?.onError(this.#host.toError(code, bytesToText(data)));
  }
  request(count) {
    if (this.isReceiving && count >= 1 && this.interaction !== "response")
      this.up?.request(Math.floor(count));
  }
  cancel() {
    if (!this.isReceiving && !(this.isRequester && this.isSending))
      return;
    const { up } = this;
    this.isReceiving = false;
    if (this.isRequester)
      this.#end();
    else
      this.releaseIfDone();
    up?.cancel();
  }
  // What the library tells.
  onItem(metadata, data, isLast) {
    if (!this.isReceiving)
      return;
    if (isLast) {
      this.isReceiving = false;
      this.releaseIfDone();
    }
    this.#tell(() => {
      this.sink.onNext(PayloadView.of(metadata, data));
      if (isLast)
        this.sink.onComplete();
    });
  }
  onComplete() {
    if (!this.isReceiving)
      return;
    this.isReceiving = false;
    this.releaseIfDone();
    this.#tell(() => this.sink.onComplete());
  }
  onError(fault) {
    if (!this.isReceiving && !this.isSending)
      return;
    this.#end();
    this.#tell(() => this.sink.onFail(fault));
  }
  onCancel() {
    if (!this.isSending)
      return;
    if (this.isRequester) {
      this.isSending = false;
      this.releaseIfDone();
    } else {
      this.#end();
    }
    this.#tell(() => this.sink.onCancel());
  }
  onRequestN(count) {
    const before = this.sendCredit;
    this.sendCredit = Math.min(before + count, 2147483647);
    if (before === 0)
      this.tellCredit();
  }
  tellCredit() {
    if (this.credit > 0)
      this.#tell(() => this.sink.onCredit());
  }
  onLinkEnd(reason, written) {
    this.onError({ kind: "link", reason, written });
  }
  releaseIfDone() {
    if (this.isSending || this.isReceiving || !this.#isListed)
      return;
    this.#isListed = false;
    this.#host.release(this);
  }
  #send(metadata, data, isLast) {
    if (!this.isSending)
      return;
    assert(this.sendCredit > 0, "credit above 0 before an item is sent");
    this.sendCredit -= 1;
    if (isLast)
      this.isSending = false;
    const payload = this.#host.toPayload(metadata, data);
    if (this.interaction === "response") {
      this.down?.onComplete(payload);
    } else {
      this.down?.onNext?.(payload);
      if (isLast)
        this.down?.onComplete(void 0);
    }
    this.releaseIfDone();
  }
  #end() {
    this.isSending = false;
    this.isReceiving = false;
    this.releaseIfDone();
  }
  #tell(call2) {
    try {
      call2();
    } catch (error) {
      this.#host.caught(error);
      if (this.isSending || this.isReceiving)
        this.fail(513, emptyBytes);
    }
  }
};

// dist/cluster/link/rsocket-js-engine.js
function rsocketJsEngines(js) {
  return (deps, options) => new RsocketJsEngine(js, deps, options);
}
var RsocketJsEngine = class {
  counters = newCounters();
  link;
  metadataForm = "scalebus";
  #js;
  #deps;
  #options;
  #effects;
  #reader;
  #wire;
  #streams = /* @__PURE__ */ new Set();
  #countByTag = new Int32Array(256);
  #socket;
  #state = "setup";
  #heldSetup = emptyBytes;
  #waiting = /* @__PURE__ */ new Set();
  #isRefusing = false;
  #isFlushDue = false;
  #pending = [];
  #encodedBytes = 0;
  #handedBytes = 0;
  constructor(js, deps, options) {
    this.#js = js;
    this.#deps = deps;
    this.#options = options;
    this.#effects = deps.effects;
    this.link = deps.link;
    this.#reader = new FrameReader(options.strangerFrameMaxBytes);
    this.#wire = new RsocketJsConnection(js, (bytes) => this.#encoded(bytes), () => void 0);
    if (!deps.isClient)
      this.#startServer();
  }
  get bufferedBytes() {
    return this.#deps.target.bufferedBytes + this.#encodedBytes - this.#handedBytes;
  }
  get isChoked() {
    return this.bufferedBytes > this.#options.highWaterBytes;
  }
  get streamCount() {
    return this.#streams.size;
  }
  start(setup) {
    const { keepAliveMs, lifetimeMs, metadataMime, dataMime } = setup;
    this.#wire.times = { keepAliveMs, lifetimeMs };
    const client = new this.#js.core.RSocketClient({
      setup: { keepAlive: endlessMs, lifetime: endlessMs, dataMimeType: dataMime, metadataMimeType: metadataMime },
      transport: this.#wire,
      responder: createJsResponder(this.#js, this.#beginStream)
    });
    this.#state = "open";
    client.connect().subscribe({
      onComplete: (socket) => {
        this.#socket = socket;
      },
      onError: (error) => this.caught(error),
      onSubscribe: () => void 0
    });
  }
  acceptSetup() {
    if (this.#state !== "held")
      return;
    this.#state = "open";
    this.#feed(this.#heldSetup);
    this.#reader.release(this);
  }
  refuseSetup(refusal) {
    if (this.#state === "held")
      this.shut(refusal.code, refusal.text);
  }
  trust() {
    this.#reader.frameMaxBytes = this.#options.frameMaxBytes;
  }
  receive(_now, bytes) {
    this.#reader.read(bytes, this);
  }
  open(_now, tag, request, sink) {
    const socket = this.#socket;
    if (this.#state !== "open" || socket === void 0)
      return "down";
    const isFull = this.bufferedBytes > this.#options.bufferedMaxBytes;
    if (isFull || this.#streams.size >= this.#options.streamsMax)
      return "full";
    const stream2 = new RsocketJsStream(this, request.interaction, true);
    stream2.sink = sink;
    this.#list(stream2, Math.max(tag, 0));
    const payload = this.toPayload(tag < 0 ? request.metadata : withTag(tag, request.metadata), request.data);
    const credit = Math.max(1, Math.min(Math.floor(request.credit), int31Max));
    openJsStream(this.#js, socket, stream2, { payload, credit });
    stream2.requestEnd = this.#encodedBytes;
    stream2.releaseIfDone();
    return stream2;
  }
  refuseRequests() {
    this.#isRefusing = true;
  }
  countOf(tag) {
    return this.#countByTag[tag] ?? 0;
  }
  mark(incoming, tag) {
    const { stream: stream2 } = incoming;
    if (!(stream2 instanceof RsocketJsStream))
      return;
    if (this.#streams.has(stream2)) {
      this.#count(stream2.tag, -1);
      this.#count(tag, 1);
    }
    stream2.tag = tag;
  }
  flush() {
    this.#isFlushDue = false;
    if (this.#state === "closed")
      return;
    this.#write();
    if (!this.isChoked)
      this.#relieve();
  }
  drained() {
    if (this.#state !== "closed")
      this.#relieve();
  }
  keepAlive() {
    if (this.#state !== "open")
      return;
    this.#wire.sendOne({ type: 3, flags: flagRespond, lastReceivedPosition: 0, streamId: 0 });
  }
  shut(code, text) {
    if (this.#state === "closed")
      return;
    this.#wire.sendOne({ type: 11, streamId: 0, flags: 0, code, message: text });
    this.#write();
    this.freeze();
    this.#effects.onEnd({ by: "self", code, text });
  }
  freeze() {
    this.#state = "closed";
    this.#reader.stop();
    this.#pending = [];
  }
  ended(reason) {
    this.freeze();
    for (const stream2 of this.#streams) {
      stream2.onLinkEnd(reason, !stream2.isRequester || stream2.requestEnd <= this.#handedBytes);
    }
    this.#wire.close();
  }
  // What the reader tells.
  onFrame(bytes, start, end) {
    if (end - start < headerBytes) {
      this.#malformed();
      return;
    }
    const id = readI32(bytes, start);
    const type = (bytes[start + 4] ?? 0) >>> 2;
    const own = bytes.slice(start, end);
    if (this.#state === "setup")
      this.#onSetup(id, type, own);
    else if (id === 0 && type === typeError)
      this.#onConnectionError(own);
    else
      this.#feed(own);
  }
  onOversize(length) {
    this.counters.oversize += 1;
    this.shut(connectionErrorCodes.connectionError, `a frame of ${length} bytes is too long`);
  }
  // What streams ask for.
  waitForCredit(stream2) {
    this.#waiting.add(stream2);
  }
  release(stream2) {
    if (!this.#streams.delete(stream2))
      return;
    this.#waiting.delete(stream2);
    this.#count(stream2.tag, -1);
  }
  caught(error) {
    this.counters.callbackFailures += 1;
    this.#effects.onCallbackFailed(error);
  }
  toPayload(metadata, data) {
    const body = toNodeBytes(this.#js, data);
    return metadata.length === 0 ? { data: body } : { data: body, metadata: toNodeBytes(this.#js, metadata) };
  }
  toError(code, text) {
    return new Error(toErrorText(code, text));
  }
  #onSetup(id, type, bytes) {
    if (id !== 0 || type !== typeSetup) {
      this.shut(connectionErrorCodes.invalidSetup, "SETUP must come first");
      return;
    }
    const setup = decodeSetup(bytes);
    const answer = isSetupRefusal(setup) ? setup : this.#effects.onSetup(setup);
    if (typeof answer !== "string") {
      this.counters.refused += 1;
      this.shut(answer.code, answer.text);
    } else if (answer === "wait") {
      this.#state = "held";
      this.#heldSetup = bytes;
      this.#reader.hold();
    } else {
      this.#state = "open";
      this.#feed(bytes);
    }
  }
  #onConnectionError(bytes) {
    if (bytes.length < headerBytes + 4) {
      this.#malformed();
      return;
    }
    const text = bytesToText(bytes.subarray(headerBytes + 4, headerBytes + 260));
    this.freeze();
    this.#effects.onEnd({ by: "peer", code: readI32(bytes, headerBytes), text });
  }
  #feed(bytes) {
    try {
      this.#wire.feed(bytes);
    } catch {
      this.#malformed();
    }
  }
  #malformed() {
    this.counters.malformed += 1;
    if (this.counters.malformed <= this.#options.malformedMax)
      return;
    this.shut(connectionErrorCodes.connectionError, "too many malformed frames");
  }
  #startServer() {
    const server = new this.#js.core.RSocketServer({
      transport: {
        start: () => this.#js.flowable.Flowable.just(this.#wire),
        stop: () => void 0
      },
      getRequestHandler: (socket) => {
        this.#socket = socket;
        return createJsResponder(this.#js, this.#beginStream);
      }
    });
    server.start();
  }
  /** Hands a request to its acceptor. */
  #beginStream = (interaction, payload, ends) => this.#begin(interaction, payload, ends);
  #begin(interaction, payload, ends) {
    const stream2 = new RsocketJsStream(this, interaction, false);
    stream2.down = ends.down;
    stream2.up = ends.up;
    stream2.sendCredit = ends.credit;
    stream2.payload = PayloadView.of(payload.metadata ?? emptyBytes, payload.data ?? emptyBytes);
    this.#list(stream2, 0);
    if (this.#isRefusing || this.#streams.size > this.#options.streamsMax) {
      this.counters.refused += 1;
      stream2.fail(streamErrorCodes.rejected, textToBytes(this.#isRefusing ? "this node is leaving" : "too many streams"));
    } else {
      try {
        stream2.sink = this.#effects.onRequest(stream2);
      } catch (error) {
        this.caught(error);
        stream2.fail(streamErrorCodes.applicationError, textToBytes("the acceptor failed"));
      }
    }
    stream2.releaseIfDone();
    return stream2;
  }
  #list(stream2, tag) {
    stream2.tag = tag;
    this.#streams.add(stream2);
    this.#count(tag, 1);
  }
  #count(tag, change) {
    this.#countByTag[tag] = (this.#countByTag[tag] ?? 0) + change;
  }
  #encoded(bytes) {
    if (this.#state === "closed")
      return;
    this.#pending.push(bytes);
    this.#encodedBytes += bytes.length;
    if (this.#isFlushDue)
      return;
    this.#isFlushDue = true;
    this.#effects.flushSoon();
  }
  #write() {
    const pending = this.#pending;
    this.#pending = [];
    for (const bytes of pending) {
      this.#handedBytes += bytes.length;
      this.#deps.target.write(bytes);
    }
  }
  #relieve() {
    const waiting = this.#waiting;
    this.#waiting = /* @__PURE__ */ new Set();
    for (const stream2 of waiting)
      stream2.tellCredit();
  }
};
function withTag(tag, metadata) {
  const tagged = new Uint8Array(metadata.length + 1);
  tagged[0] = tag;
  tagged.set(metadata, 1);
  return tagged;
}

// dist/cluster/link/rsocket-js-module.js
async function loadRsocketJs() {
  try {
    return { core: await import("rsocket-core"), flowable: await import("rsocket-flowable") };
  } catch (cause) {
    throw new ClusterError("invalid-options", "the rsocket-js engine needs rsocket-core 0.0.27 installed", { cause });
  }
}

// dist/protocol/table/row-hash.js
function rowHash(key, value) {
  return hashBytes(value, hashText(key));
}

// dist/protocol/table/own-part.js
var OwnPart = class {
  #limits;
  #rows = /* @__PURE__ */ new Map();
  /** Entry `index` is the key that revision `#logBase + 1 + index` touched. */
  #log = [];
  #logBase = 0;
  #revision = 0;
  #hash = 0;
  #bytes = 0;
  constructor(limits) {
    this.#limits = limits;
  }
  get revision() {
    return this.#revision;
  }
  get rows() {
    return this.#rows;
  }
  digest() {
    return { revision: this.#revision, hash: this.#hash };
  }
  /** Returns whether anything changed. Throws `too-large` beyond a limit and then has changed nothing. */
  set(key, value) {
    const old = this.#rows.get(key);
    if (old !== void 0 && sameBytes(old.value, value))
      return false;
    this.#check(key, value, old);
    this.#bytes += value.length - (old === void 0 ? -key.length : old.value.length);
    const hash = rowHash(key, value);
    this.#hash = (this.#hash ^ hash ^ (old?.hash ?? 0)) >>> 0;
    this.#note(key);
    this.#rows.set(key, { value, revision: this.#revision, hash });
    return true;
  }
  /** Returns whether the row was there. */
  remove(key) {
    const old = this.#rows.get(key);
    if (old === void 0)
      return false;
    this.#rows.delete(key);
    this.#bytes -= key.length + old.value.length;
    this.#hash = (this.#hash ^ old.hash) >>> 0;
    this.#note(key);
    return true;
  }
  /** Says whether a reader at this revision can be brought up from the log. */
  canReplayFrom(revision) {
    return revision >= this.#logBase && revision <= this.#revision;
  }
  /** The key that a revision touched; `undefined` when the log no longer reaches it. */
  findKeyAt(revision) {
    return this.#log[revision - this.#logBase - 1];
  }
  #note(key) {
    this.#revision += 1;
    this.#log.push(key);
    if (this.#log.length < this.#limits.logMax * 2)
      return;
    this.#logBase += this.#log.length - this.#limits.logMax;
    this.#log = this.#log.slice(-this.#limits.logMax);
  }
  #check(key, value, old) {
    const { rowsMax, keyBytesMax, valueBytesMax, partBytesMax } = this.#limits;
    if (key.length * 3 > keyBytesMax)
      throw tooLarge("key characters", key.length, Math.floor(keyBytesMax / 3));
    if (value.length > valueBytesMax)
      throw tooLarge("value bytes", value.length, valueBytesMax);
    if (old === void 0 && this.#rows.size >= rowsMax)
      throw tooLarge("rows", this.#rows.size + 1, rowsMax);
    const grown = this.#bytes + value.length + key.length - (old === void 0 ? 0 : old.value.length + key.length);
    if (grown > partBytesMax)
      throw tooLarge("bytes of a part", grown, partBytesMax);
  }
};
function tooLarge(what, value, max) {
  return new ClusterError("too-large", `a table takes at most ${max} ${what}, not ${value}`, {
    details: { what, max }
  });
}

// dist/protocol/table/table-limits.js
var tableLimits = {
  rowsMax: 131072,
  keyBytesMax: 4096,
  valueBytesMax: 16384,
  partBytesMax: 64 * 1024 * 1024,
  logMax: 65536,
  chunkBytes: 16384,
  chunksPerTurnMax: 8,
  patienceMs: 1500
};
var tablesMax = 16;
var tableNameBytesMax = 32;
var floorsMax = 8192;

// dist/protocol/table/table-wire.js
var tableMessages = { changes: 1, snapshot: 2, held: 3, pull: 4 };
var rowOps = { set: 1, remove: 2 };
function writeHead(writer2, version, kind, table) {
  writer2.reset();
  writer2.u8(version);
  writer2.u8(kind);
  writer2.text(table);
}
function readHead(reader, wireVersion2) {
  const version = reader.u8();
  const kind = reader.u8();
  const table = reader.text(tableNameBytesMax);
  return reader.ok && version >= wireVersionMin && version <= wireVersion2 ? { kind, table } : void 0;
}

// dist/protocol/table/reader-cursor.js
var ReaderCursor = class {
  #table;
  #part;
  #limits;
  #sent;
  #held = 0;
  #snapshot;
  constructor(table, part, limits) {
    this.#table = table;
    this.#part = part;
    this.#limits = limits;
    this.#sent = part.revision;
  }
  /** The revision that the reader acknowledged. */
  get held() {
    return this.#held;
  }
  get hasMore() {
    return this.#snapshot !== void 0 || this.#sent < this.#part.revision;
  }
  /** The reader asks for everything after a revision. */
  pull(revision, full) {
    this.#snapshot = void 0;
    this.#held = full ? 0 : Math.min(revision, this.#part.revision);
    if (full || !this.#part.canReplayFrom(revision))
      this.#beginSnapshot();
    else
      this.#sent = revision;
  }
  /** The reader acknowledged a revision. Returns whether that is news. */
  acknowledge(revision) {
    if (revision <= this.#held || revision > this.#part.revision)
      return false;
    this.#held = revision;
    return true;
  }
  /** Writes the next chunk in the link's wire version. Only when `hasMore`. */
  write(writer2, version) {
    if (this.#snapshot === void 0 && !this.#part.canReplayFrom(this.#sent))
      this.#beginSnapshot();
    if (this.#snapshot === void 0)
      this.#writeChanges(writer2, version);
    else
      this.#writeSnapshot(writer2, version, this.#snapshot);
  }
  #beginSnapshot() {
    this.#snapshot = { base: this.#part.revision, rows: this.#part.rows.entries(), index: 0 };
  }
  #writeChanges(writer2, version) {
    const through = this.#part.revision;
    writeHead(writer2, version, tableMessages.changes, this.#table);
    writer2.varint(this.#sent);
    const end = this.#findEnd(through);
    writer2.varint(end);
    for (let revision = this.#sent + 1; revision <= end; revision += 1) {
      const key = this.#part.findKeyAt(revision);
      if (key === void 0)
        continue;
      const row = this.#part.rows.get(key);
      if (row === void 0) {
        writer2.u8(rowOps.remove);
        writer2.text(key);
      } else if (row.revision === revision) {
        writer2.u8(rowOps.set);
        writer2.text(key);
        writer2.block(row.value);
      }
    }
    this.#sent = end;
  }
  /** The last revision whose rows still fit into a chunk; at least one is taken. */
  #findEnd(through) {
    let bytes = 0;
    for (let revision = this.#sent + 1; revision <= through; revision += 1) {
      const key = this.#part.findKeyAt(revision) ?? "";
      const row = this.#part.rows.get(key);
      if (row === void 0)
        bytes += key.length + 4;
      else if (row.revision === revision)
        bytes += key.length + row.value.length + 8;
      if (bytes >= this.#limits.chunkBytes)
        return revision;
    }
    return through;
  }
  #writeSnapshot(writer2, version, snapshot) {
    writeHead(writer2, version, tableMessages.snapshot, this.#table);
    writer2.varint(snapshot.base);
    writer2.varint(snapshot.index);
    const lastAt = writer2.length;
    writer2.u16(0);
    snapshot.index += 1;
    while (writer2.length < this.#limits.chunkBytes) {
      const next = snapshot.rows.next();
      if (next.done === true) {
        writer2.patchU16(lastAt, 1);
        this.#snapshot = void 0;
        this.#sent = snapshot.base;
        return;
      }
      const [key, row] = next.value;
      writer2.text(key);
      writer2.block(row.value);
    }
  }
};

// dist/protocol/table/replica.js
var Replica = class {
  node;
  #limits;
  #rows = /* @__PURE__ */ new Map();
  #revision = 0;
  #hash = 0;
  #bytes = 0;
  #dropped = 0;
  #incoming;
  constructor(node, limits) {
    this.node = { name: node.name, epoch: node.epoch };
    this.#limits = limits;
  }
  get rows() {
    return this.#rows;
  }
  /** The writer's revision that this copy equals. */
  get revision() {
    return this.#revision;
  }
  /** Rows that did not fit; while there are some, the hash cannot agree. */
  get dropped() {
    return this.#dropped;
  }
  digest() {
    return { revision: this.#revision, hash: this.#hash };
  }
  /** Forgets a snapshot that will not be finished. */
  abandon() {
    this.#incoming = void 0;
  }
  applyChanges(reader, listener) {
    const from = reader.varint();
    const through = reader.varint();
    if (!reader.ok || through < from)
      return "malformed";
    if (from !== this.#revision || this.#incoming !== void 0)
      return "gap";
    while (reader.remaining > 0) {
      const op = reader.u8();
      const key = reader.text(this.#limits.keyBytesMax);
      const value = op === rowOps.set ? reader.block(this.#limits.valueBytesMax) : void 0;
      if (isCut(reader) || op !== rowOps.set && op !== rowOps.remove)
        return "malformed";
      if (value === void 0)
        this.#remove(key, listener);
      else
        this.#set(key, value, listener);
    }
    this.#revision = through;
    return "applied";
  }
  applySnapshot(reader, listener) {
    const base = reader.varint();
    const index = reader.varint();
    const last = reader.u16();
    if (!reader.ok || last > 1)
      return "malformed";
    if (index === 0) {
      this.#dropped = 0;
      this.#incoming = { base, nextIndex: 0, seen: this.#rows.size > 0 ? /* @__PURE__ */ new Set() : void 0 };
    }
    const incoming = this.#incoming;
    if (incoming === void 0 || incoming.base !== base || incoming.nextIndex !== index) {
      this.#incoming = void 0;
      return "gap";
    }
    incoming.nextIndex += 1;
    while (reader.remaining > 0) {
      const key = reader.text(this.#limits.keyBytesMax);
      const value = reader.block(this.#limits.valueBytesMax);
      if (isCut(reader))
        return "malformed";
      incoming.seen?.add(key);
      if ((incoming.seen?.size ?? 0) > this.#limits.rowsMax)
        return "malformed";
      this.#set(key, value, listener);
    }
    if (last === 1)
      this.#finish(incoming, listener);
    return "applied";
  }
  #finish(incoming, listener) {
    const seen = incoming.seen;
    if (seen !== void 0) {
      for (const key of this.#rows.keys())
        if (!seen.has(key))
          this.#remove(key, listener);
    }
    this.#incoming = void 0;
    this.#revision = incoming.base;
  }
  #set(key, lent, listener) {
    const old = this.#rows.get(key);
    if (old !== void 0 && sameBytes(old, lent))
      return;
    const grown = this.#bytes + lent.length + (old === void 0 ? key.length : -old.length);
    if (old === void 0 && this.#rows.size >= this.#limits.rowsMax || grown > this.#limits.partBytesMax) {
      this.#dropped += 1;
      return;
    }
    const value = lent.slice();
    if (old !== void 0)
      this.#hash ^= rowHash(key, old);
    this.#hash = (this.#hash ^ rowHash(key, value)) >>> 0;
    this.#bytes = grown;
    this.#rows.set(key, value);
    listener.set(this.node, key, value);
  }
  #remove(key, listener) {
    const old = this.#rows.get(key);
    if (old === void 0)
      return;
    this.#rows.delete(key);
    this.#bytes -= key.length + old.length;
    this.#hash = (this.#hash ^ rowHash(key, old)) >>> 0;
    listener.removed(this.node, key);
  }
};
function isCut(reader) {
  return !reader.ok;
}

// dist/protocol/table/table-machine.js
var TableMachine = class {
  #limits;
  #tables = /* @__PURE__ */ new Map();
  #links = /* @__PURE__ */ new Map();
  #floors = /* @__PURE__ */ new Map();
  #writer = new ByteWriter(1024);
  counts = { stale: 0, unknown: 0, gaps: 0, malformed: 0, repairs: 0, dropped: 0 };
  constructor(limits) {
    this.#limits = limits;
  }
  /** Opens a table; throws when it is open, when there are too many, or when the name is too long. */
  open(name, out) {
    assert(!this.#tables.has(name), `no other table ${name}`);
    assert(name.length > 0 && name.length <= tableNameBytesMax, "a table name of 1 to 32 bytes");
    if (this.#tables.size >= tablesMax)
      throw new ClusterError("too-large", `at most ${tablesMax} tables`);
    this.#tables.set(name, { part: new OwnPart(this.#limits), replicas: /* @__PURE__ */ new Map() });
    for (const link of this.#links.values()) {
      if (link.readable)
        this.#answer(link, name, "pull", out);
      const early = link.early.get(name);
      if (early !== void 0)
        this.#pulled(link, name, early, out);
    }
  }
  /** Writes a row of this node. Throws `too-large`. */
  set(name, key, value, out) {
    if (this.#table(name).part.set(key, value))
      out.wake();
  }
  /** Removes a row of this node. */
  remove(name, key, out) {
    if (this.#table(name).part.remove(key))
      out.wake();
  }
  /** The revision and hash of this node's part. */
  digest(name) {
    return this.#table(name).part.digest();
  }
  /** The copy of another node's part, if there is one of just this epoch. */
  findReplica(name, node) {
    const replica = this.#table(name).replicas.get(node.name);
    return replica?.node.epoch === node.epoch ? replica : void 0;
  }
  /** Copies that are held. */
  replicas(name) {
    return this.#table(name).replicas.values();
  }
  /** Says whether every peer with a link holds this node's part up to `revision`. */
  isHeld(name, revision) {
    for (const link of this.#links.values()) {
      const cursor = link.cursors.get(name);
      if (cursor === void 0 || cursor.held < revision)
        return false;
    }
    return true;
  }
  /** A peer's link is up. */
  linkUp(id, node, out) {
    this.#raiseFloor(node, out);
    this.#links.set(id, {
      id,
      node,
      cursors: /* @__PURE__ */ new Map(),
      answers: /* @__PURE__ */ new Map(),
      early: /* @__PURE__ */ new Map(),
      gapAt: /* @__PURE__ */ new Map(),
      lags: /* @__PURE__ */ new Map(),
      readable: false
    });
  }
  /** The peer opened its channel to us: say where we are. */
  readable(id, out) {
    const link = this.#links.get(id);
    if (link === void 0)
      return;
    link.readable = true;
    for (const name of this.#tables.keys())
      this.#answer(link, name, "pull", out);
  }
  /** A link is down. The copies stay while the node is a member. */
  linkDown(id, isMember, out) {
    const link = this.#links.get(id);
    if (link === void 0)
      return;
    this.#links.delete(id);
    for (const name of this.#tables.keys()) {
      this.findReplica(name, link.node)?.abandon();
      if (!isMember && this.#findLinkOf(link.node) === void 0)
        this.#drop(name, link.node, out);
    }
    out.heldMoved();
  }
  /** A member is here, perhaps again. Copies of its older epochs are dropped. */
  memberSeen(node, out) {
    const floor = this.#floors.get(node.name);
    if (floor?.epoch === node.epoch)
      this.#setFloor(node.name, { epoch: node.epoch, removed: false });
    else
      this.#raiseFloor(node, out);
    const link = this.#findLinkOf(node);
    if (link?.readable !== true)
      return;
    for (const name of this.#tables.keys()) {
      if (this.findReplica(name, node) === void 0)
        this.#answer(link, name, "pull", out);
    }
  }
  /** A member left or failed. News of a life that is over already change nothing. */
  memberGone(node, out) {
    if ((this.#floors.get(node.name)?.epoch ?? 0) > node.epoch)
      return;
    this.#setFloor(node.name, { epoch: node.epoch, removed: true });
    for (const name of this.#tables.keys())
      this.#drop(name, node, out);
  }
  /** A digest of another node's part came by on gossip. */
  heard(from, now, out) {
    const link = this.#findLinkOf(from.node);
    if (link?.readable !== true || this.#isStale(from.node))
      return;
    const replica = this.findReplica(from.table, from.node);
    const own = replica?.digest() ?? { revision: 0, hash: 0 };
    if (own.revision > from.digest.revision)
      return;
    if (own.revision === from.digest.revision) {
      link.lags.delete(from.table);
      if (own.hash === from.digest.hash || (replica?.dropped ?? 0) > 0)
        return;
      this.counts.repairs += 1;
      this.#answer(link, from.table, "full", out);
      return;
    }
    const lag = link.lags.get(from.table);
    if (lag === void 0 || lag.revision !== own.revision) {
      link.lags.set(from.table, { revision: own.revision, since: now });
    } else if (now - lag.since >= this.#limits.patienceMs) {
      this.counts.repairs += 1;
      link.lags.delete(from.table);
      this.#answer(link, from.table, "pull", out);
    }
  }
  /** Sends what each direction's credit allows. Called after `wake` and whenever credit came. */
  pump(id, credit, out) {
    const link = this.#links.get(id);
    if (link === void 0)
      return;
    this.#pumpAnswers(link, credit.answers, out);
    let chunks = Math.min(credit.rows, this.#limits.chunksPerTurnMax);
    for (const cursor of link.cursors.values()) {
      while (chunks > 0 && cursor.hasMore) {
        cursor.write(this.#writer, link.node.wireVersion);
        out.sendRows(id, this.#writer.take());
        chunks -= 1;
      }
      if (cursor.hasMore && credit.rows > this.#limits.chunksPerTurnMax)
        out.wake();
    }
  }
  /** A message on the channel that the peer opened: rows of its part. The bytes are lent. */
  receiveRows(id, reader, out) {
    const link = this.#links.get(id);
    if (link === void 0)
      return;
    const head = readHead(reader, link.node.wireVersion);
    if (head === void 0)
      return this.#broken(link, out);
    const table = this.#tables.get(head.table);
    const known = head.kind === tableMessages.changes || head.kind === tableMessages.snapshot;
    if (table === void 0 || !known) {
      this.counts.unknown += 1;
      return;
    }
    if (this.#isStale(link.node)) {
      this.counts.stale += 1;
      return;
    }
    const replica = this.#ensureReplica(table, link.node);
    const before = replica.dropped;
    const listener = changeTeller(head.table, out);
    const outcome = head.kind === tableMessages.changes ? replica.applyChanges(reader, listener) : replica.applySnapshot(reader, listener);
    this.counts.dropped += Math.max(0, replica.dropped - before);
    this.#settle(link, head.table, outcome, out);
  }
  /** A message on the channel that we opened: what the peer holds or asks for. The bytes are lent. */
  receiveAnswer(id, reader, out) {
    const link = this.#links.get(id);
    if (link === void 0)
      return;
    const head = readHead(reader, link.node.wireVersion);
    const revision = reader.varint();
    if (head === void 0 || !reader.ok)
      return this.#broken(link, out);
    if (head.kind === tableMessages.pull) {
      this.#pulled(link, head.table, { revision, full: reader.u8() === 1 }, out);
    } else if (head.kind === tableMessages.held) {
      if (link.cursors.get(head.table)?.acknowledge(revision) === true)
        out.heldMoved();
    } else {
      this.counts.unknown += 1;
    }
  }
  #pulled(link, name, pull2, out) {
    const table = this.#tables.get(name);
    if (table === void 0) {
      if (link.early.size < tablesMax)
        link.early.set(name, pull2);
      return;
    }
    let cursor = link.cursors.get(name);
    if (cursor === void 0)
      link.cursors.set(name, cursor = new ReaderCursor(name, table.part, this.#limits));
    cursor.pull(pull2.revision, pull2.full);
    out.heldMoved();
    out.wake();
  }
  #settle(link, name, outcome, out) {
    switch (outcome) {
      case "applied":
        link.gapAt.delete(name);
        this.#answer(link, name, "held", out);
        return;
      case "gap": {
        const revision = this.findReplica(name, link.node)?.revision ?? 0;
        this.counts.gaps += 1;
        if (link.gapAt.get(name) === revision)
          return;
        link.gapAt.set(name, revision);
        this.#answer(link, name, "pull", out);
        return;
      }
      case "malformed":
        this.#broken(link, out);
    }
  }
  /** At most one answer for each table waits: a pull says more than an acknowledgement. */
  #answer(link, name, answer, out) {
    const waiting = link.answers.get(name);
    if (waiting === void 0 || answerRank[answer] > answerRank[waiting])
      link.answers.set(name, answer);
    out.wake();
  }
  #pumpAnswers(link, credit, out) {
    let left = credit;
    for (const [name, answer] of link.answers) {
      if (left <= 0)
        return;
      left -= 1;
      link.answers.delete(name);
      writeHead(this.#writer, link.node.wireVersion, answer === "held" ? tableMessages.held : tableMessages.pull, name);
      this.#writer.varint(this.findReplica(name, link.node)?.revision ?? 0);
      if (answer !== "held")
        this.#writer.u8(answer === "full" ? 1 : 0);
      out.sendAnswer(link.id, this.#writer.take());
    }
  }
  #ensureReplica(table, node) {
    let replica = table.replicas.get(node.name);
    if (replica === void 0 || replica.node.epoch !== node.epoch) {
      replica = new Replica(node, this.#limits);
      table.replicas.set(node.name, replica);
    }
    return replica;
  }
  #broken(link, out) {
    this.counts.malformed += 1;
    out.broken(link.id);
  }
  #isStale(node) {
    const floor = this.#floors.get(node.name);
    if (floor === void 0 || node.epoch > floor.epoch)
      return false;
    return node.epoch < floor.epoch || floor.removed;
  }
  #raiseFloor(node, out) {
    if (node.epoch <= (this.#floors.get(node.name)?.epoch ?? 0))
      return;
    this.#setFloor(node.name, { epoch: node.epoch, removed: false });
    for (const [name, table] of this.#tables) {
      const replica = table.replicas.get(node.name);
      if (replica !== void 0 && replica.node.epoch < node.epoch)
        this.#drop(name, replica.node, out);
    }
  }
  #setFloor(name, floor) {
    this.#floors.delete(name);
    this.#floors.set(name, floor);
    if (this.#floors.size <= floorsMax)
      return;
    for (const oldest of this.#floors.keys()) {
      this.#floors.delete(oldest);
      return;
    }
  }
  #drop(name, node, out) {
    const replica = this.findReplica(name, node);
    if (replica === void 0)
      return;
    this.#table(name).replicas.delete(node.name);
    out.changed(name, { kind: "gone", node: replica.node });
  }
  #findLinkOf(node) {
    for (const link of this.#links.values())
      if (isSameNode(link.node, node))
        return link;
    return void 0;
  }
  #table(name) {
    const table = this.#tables.get(name);
    assert(table !== void 0, `an open table ${name}`);
    return table;
  }
};
var answerRank = { held: 0, pull: 1, full: 2 };
function changeTeller(table, out) {
  return {
    set: (node, key, value) => out.changed(table, { kind: "set", node, key, value }),
    removed: (node, key) => out.changed(table, { kind: "removed", node, key })
  };
}

// dist/cluster/table/ignoring-sink.js
var ignoringSink2 = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};

// dist/cluster/table/table-room.js
var TableRoom = class {
  partName = "tables";
  #deps;
  #machine;
  #opened = /* @__PURE__ */ new Map();
  #channels = /* @__PURE__ */ new Map();
  #waiters = /* @__PURE__ */ new Set();
  #effects;
  #unlisten = [];
  #pumping = false;
  #checking = false;
  constructor(deps, options = {}) {
    this.#deps = deps;
    this.#machine = new TableMachine(options.limits ?? tableLimits);
    this.#effects = {
      sendRows: (link, message) => this.#channels.get(link)?.rows?.next(emptyBytes, message),
      sendAnswer: (link, message) => this.#channels.get(link)?.answers?.next(emptyBytes, message),
      changed: (table, change) => this.#opened.get(table)?.listeners.tell(change),
      heldMoved: () => this.#checkLater(),
      wake: () => this.#pumpLater(),
      broken: (link) => this.#break(link)
    };
  }
  open(name) {
    assert(!this.#opened.has(name), `no other table ${name}`);
    this.#machine.open(name, this.#effects);
    const listeners = new Listeners();
    const detach = this.#unlisten.length > 0 ? this.#attach(name) : void 0;
    this.#opened.set(name, { listeners, detach });
    return this.#view(name, listeners);
  }
  start() {
    if (this.#unlisten.length > 0)
      return Promise.resolve();
    const { links, membership } = this.#deps;
    this.#unlisten = [
      links.serve("table", (incoming) => this.#accept(incoming)),
      links.listen((event) => {
        if (event.kind === "up")
          this.#raise(event.link);
        else
          this.#lower(event.link);
      }),
      membership.listen((event) => this.#memberChanged(event))
    ];
    for (const member of membership.members()) {
      if (member.name !== links.self.name)
        this.#machine.memberSeen(member, this.#effects);
    }
    for (const [name, opened] of this.#opened)
      opened.detach ??= this.#attach(name);
    for (const link of links.links())
      this.#raise(link);
    return Promise.resolve();
  }
  stop() {
    for (const unlisten of this.#unlisten)
      unlisten();
    this.#unlisten = [];
    for (const opened of this.#opened.values()) {
      opened.detach?.();
      opened.detach = void 0;
    }
    for (const channels of this.#channels.values()) {
      channels.rows?.complete();
      channels.answers?.complete();
    }
    this.#channels.clear();
    this.#waiters.clear();
    return Promise.resolve();
  }
  #view(name, listeners) {
    const machine = this.#machine;
    const effects = this.#effects;
    return {
      get revision() {
        return machine.digest(name).revision;
      },
      set: (key, value) => machine.set(name, key, value, effects),
      remove: (key) => machine.remove(name, key, effects),
      rowsOf: (node) => machine.findReplica(name, node)?.rows ?? noRows,
      nodes: () => Array.from(machine.replicas(name), (replica) => replica.node),
      listen: (listener) => listeners.add(listener),
      whenHeld: (revision, done) => {
        const waiter = { table: name, revision, done };
        this.#waiters.add(waiter);
        this.#checkLater();
        return () => this.#waiters.delete(waiter);
      }
    };
  }
  #attach(name) {
    return this.#deps.membership.attachDigest(name, {
      own: () => this.#machine.digest(name),
      heard: (node, digest) => {
        this.#machine.heard({ table: name, node, digest }, this.#deps.clock.now(), this.#effects);
      }
    });
  }
  #memberChanged(event) {
    if (event.member.name === this.#deps.links.self.name)
      return;
    if (event.kind === "left" || event.kind === "failed")
      this.#machine.memberGone(event.member, this.#effects);
    else if (event.kind === "joined")
      this.#machine.memberSeen(event.member, this.#effects);
  }
  #raise(link) {
    if (link.peer.role !== "peer" || !link.up)
      return void 0;
    const known = this.#channels.get(link.id);
    if (known !== void 0)
      return known;
    const channels = { link, rows: void 0, answers: void 0 };
    this.#channels.set(link.id, channels);
    this.#machine.linkUp(link.id, link.peer, this.#effects);
    this.#openRows(channels);
    return channels;
  }
  #lower(link) {
    if (!this.#channels.delete(link.id))
      return;
    const member = this.#deps.membership.findMember(link.peer.name);
    this.#machine.linkDown(link.id, member?.epoch === link.peer.epoch, this.#effects);
  }
  #openRows(channels) {
    const { link } = channels;
    if (!link.up || this.#channels.get(link.id) !== channels)
      return;
    const refill2 = new Refill();
    const sink = {
      onNext: (payload) => {
        this.#machine.receiveAnswer(link.id, toReader(payload), this.#effects);
        refill2.taken(channels.rows);
      },
      onComplete: () => void 0,
      onFail: () => {
        channels.rows = void 0;
        this.#reopenLater(channels);
      },
      onCredit: () => this.#pumpLater(),
      onCancel: () => {
        channels.rows = void 0;
        this.#reopenLater(channels);
      }
    };
    const stream2 = link.open({ kind: "table", interaction: "channel", metadata: emptyBytes, data: emptyBytes, credit: creditWindow }, sink);
    if (stream2 === "full")
      this.#reopenLater(channels);
    channels.rows = typeof stream2 === "string" ? void 0 : stream2;
  }
  /** A peer that is still starting refuses the channel; one that stops has no use for it. Both end with the link or a retry. */
  #reopenLater(channels) {
    const { clock } = this.#deps;
    if (!channels.link.up)
      return;
    clock.setTimer(after(clock.now(), reopenMs2), () => this.#openRows(channels));
  }
  #accept(incoming) {
    const { stream: stream2 } = incoming;
    const channels = incoming.interaction === "channel" ? this.#raise(stream2.link) : void 0;
    if (channels === void 0) {
      stream2.fail(streamErrorCodes.rejected, emptyBytes);
      return ignoringSink2;
    }
    channels.answers = stream2;
    const { id } = stream2.link;
    const refill2 = new Refill();
    stream2.request(creditWindow);
    this.#machine.readable(id, this.#effects);
    return {
      onNext: (payload) => {
        this.#machine.receiveRows(id, toReader(payload), this.#effects);
        refill2.taken(stream2);
      },
      onComplete: () => stream2.complete(),
      onFail: () => void 0,
      onCredit: () => this.#pumpLater(),
      onCancel: () => void 0
    };
  }
  #pumpLater() {
    if (this.#pumping)
      return;
    this.#pumping = true;
    this.#deps.clock.afterTurn(() => {
      this.#pumping = false;
      for (const { link, rows, answers } of this.#channels.values()) {
        const credit = { rows: rows?.credit ?? 0, answers: answers?.credit ?? 0 };
        if (credit.rows > 0 || credit.answers > 0)
          this.#machine.pump(link.id, credit, this.#effects);
      }
      this.#count();
    });
  }
  #checkLater() {
    if (this.#checking || this.#waiters.size === 0)
      return;
    this.#checking = true;
    this.#deps.clock.afterTurn(() => {
      this.#checking = false;
      const done = [...this.#waiters].filter((one) => this.#machine.isHeld(one.table, one.revision));
      for (const waiter of done)
        if (this.#waiters.delete(waiter))
          waiter.done();
    });
  }
  #break(linkId) {
    const link = this.#channels.get(linkId)?.link;
    this.#deps.logger.info("a peer sent a malformed table message", { peer: link?.peer.name });
    link?.close("protocol");
  }
  #counted = {};
  #count() {
    for (const [reason, total] of Object.entries(this.#machine.counts)) {
      const more = Number(total) - (this.#counted[reason] ?? 0);
      if (more === 0)
        continue;
      this.#counted[reason] = Number(total);
      this.#deps.metrics.counter("scalebus_table_events_total", "Table messages and rows that were dropped or mended, by reason", {
        reason
      }).add(more);
    }
  }
};
var creditWindow = 16;
var reopenMs2 = 500;
var noRows = /* @__PURE__ */ new Map();
var Refill = class {
  #taken = 0;
  taken(stream2) {
    this.#taken += 1;
    if (this.#taken < creditWindow / 2)
      return;
    stream2?.request(this.#taken);
    this.#taken = 0;
  }
};
function toReader(payload) {
  return new ByteReader(payload.bytes, payload.dataStart, payload.dataEnd);
}

// dist/runtime/environment.js
function versionsOf({ wireVersions }) {
  return wireVersions === void 0 ? {} : { wireVersions };
}

// dist/runtime/early-callers.js
var earlyMax = 64;
var EarlyCallers = class {
  #held = [];
  /** Keeps a connection unread until `release`; closes it when too many wait. */
  hold(connection) {
    if (this.#held.length >= earlyMax)
      connection.destroy();
    else
      this.#held.push(connection);
  }
  /** Hands over everybody, in the order in which they came. */
  release(accept) {
    for (const connection of this.#held.splice(0))
      accept(connection);
  }
  /** Closes everybody: the start has failed. */
  destroy() {
    for (const connection of this.#held.splice(0))
      connection.destroy();
  }
};

// dist/runtime/front-door.js
var anyPortTriesMax = 8;
async function openFrontDoor(nets, options, accept) {
  const ports = options.ports.flatMap((port) => port === 0 ? Array.from({ length: anyPortTriesMax }, () => 0) : [port]);
  for (const port of ports) {
    const opened = await tryPort(nets, { host: options.host, port }, accept);
    if (opened !== void 0)
      return opened;
  }
  const [first, last] = [options.ports[0], options.ports.at(-1)];
  const tried = first === last ? `port ${first}` : `ports ${first} to ${last}`;
  throw new ClusterError("address-in-use", `${tried} on ${options.host} ${first === last ? "is" : "are all"} taken; stop the other program or give another port`, { details: { host: options.host, ports: options.ports } });
}
async function tryPort(nets, at, accept) {
  let server;
  try {
    server = await nets.connections.listen(at, accept);
    const datagrams = await nets.datagrams.bind({ host: at.host, port: server.local.port });
    return { local: server.local, datagrams, server };
  } catch (cause) {
    await server?.close();
    if (cause instanceof ClusterError && cause.code === "address-in-use")
      return void 0;
    throw cause;
  }
}

// dist/protocol/swim/identity.js
function drawEpoch(wallMs, lastEpoch, random) {
  const base = Math.max(Math.floor(wallMs), Math.floor(lastEpoch / lowBits) + 1);
  return base * lowBits + random.below(lowBits);
}
var lowBits = 1024;
var SelfState = class {
  #life;
  #incarnation = 0;
  #metadata;
  constructor(identity) {
    const { name, epoch, address, wireMin, wireMax, metadata } = identity;
    const life = { name, epoch, address, wireMin, wireMax, metadataVersion: 0, metadataHash: 0, metadataBytes: 0 };
    this.#life = life;
    this.#metadata = emptyBytes;
    if (metadata.length > 0)
      this.changeMetadata(metadata);
  }
  get life() {
    return this.#life;
  }
  get incarnation() {
    return this.#incarnation;
  }
  get metadata() {
    return this.#metadata;
  }
  /** Rises above what others say. */
  outgrow(incarnation) {
    this.#incarnation = Math.max(this.#incarnation, incarnation) + 1;
  }
  changeMetadata(metadata) {
    this.#incarnation += 1;
    this.#metadata = metadata.slice();
    this.#life = {
      ...this.#life,
      metadataVersion: this.#incarnation,
      metadataHash: hashBytes(metadata),
      metadataBytes: metadata.length
    };
  }
  /** Starts another life under the same name. */
  renew(epoch) {
    const hasMetadata = this.#life.metadataVersion > 0;
    this.#incarnation = hasMetadata ? 1 : 0;
    this.#life = { ...this.#life, epoch, metadataVersion: this.#incarnation };
  }
};

// dist/protocol/swim/key-ring.js
var KeyRing = class {
  #keys;
  #version = 0;
  /** Keys of 32 bytes, the one to seal with first; throws `invalid-options`. */
  constructor(keys) {
    if (keys.length === 0 || keys.length > keysMax) {
      throw new ClusterError("invalid-options", `${keys.length} keys; give 1 to ${keysMax}`);
    }
    this.#keys = keys.map(checkKey);
  }
  /** The one to seal with first. */
  get keys() {
    return this.#keys;
  }
  /** The key to seal with. */
  get first() {
    const [first] = this.#keys;
    assert(first !== void 0, "a ring with a key");
    return first;
  }
  /** Grows with each change. */
  get version() {
    return this.#version;
  }
  /** Accepts what is sealed with this key from now on. Throws `overloaded` when the ring is full. */
  install(key) {
    if (this.#has(key))
      return;
    if (this.#keys.length >= keysMax) {
      throw new ClusterError("overloaded", `the ring holds ${keysMax} keys; remove one that is not used any more`);
    }
    this.#change([...this.#keys, checkKey(key)]);
  }
  /** Seals with this key from now on; those before it are still accepted. Installs it when it is new. */
  use(key) {
    this.install(key);
    const isIt = (held) => sameBytes(held, key);
    this.#change([...this.#keys.filter(isIt), ...this.#keys.filter((held) => !isIt(held))]);
  }
  /** Accepts it no more. Throws `invalid-options` for the key that is being used. */
  remove(key) {
    if (sameBytes(this.first, key)) {
      throw new ClusterError("invalid-options", "the key that is being used cannot be removed; use another one first");
    }
    if (this.#has(key))
      this.#change(this.#keys.filter((other) => !sameBytes(other, key)));
  }
  #has(key) {
    return this.#keys.some((other) => sameBytes(other, key));
  }
  #change(keys) {
    this.#keys = keys;
    this.#version += 1;
  }
};
var keysMax = 8;
var keyBytes2 = 32;
function checkKey(key) {
  if (key.length === keyBytes2)
    return key.slice();
  throw new ClusterError("invalid-options", `a key of ${key.length} bytes; keys have ${keyBytes2}`);
}

// dist/protocol/swim/member-table.js
var leafBitsMax = 8;
var MemberTable = class {
  #catalogue;
  #leaves = new Uint32Array(1 << leafBitsMax);
  #goneAt = /* @__PURE__ */ new Map();
  #status = new Uint8Array(16);
  #incarnation = new Uint32Array(16);
  #life = new Uint32Array(16);
  #hash = 0;
  #live = 0;
  #suspects = 0;
  constructor(catalogue) {
    this.#catalogue = catalogue;
  }
  /** Members that are alive or suspect, this node included. */
  get liveCount() {
    return this.#live;
  }
  get suspectCount() {
    return this.#suspects;
  }
  /** Tombstones: members that failed or left and are still remembered. */
  get goneCount() {
    return this.#goneAt.size;
  }
  /** XOR over the live members; equal tables have equal hashes. */
  get hash() {
    return this.#hash;
  }
  /** One more than the largest slot that may be in use. */
  get capacity() {
    return Math.min(this.#status.length, this.#catalogue.capacity);
  }
  /** The slot of a known member, or -1. */
  findSlot(name) {
    const slot = this.#catalogue.findSlot(name);
    return slot >= 0 && (this.#status[slot] ?? 0) !== 0 ? slot : -1;
  }
  findStatus(slot) {
    return statusNames[this.#status[slot] ?? 0];
  }
  isLive(slot) {
    const code = this.#status[slot] ?? 0;
    return code === aliveCode || code === suspectCode;
  }
  isAlive(slot) {
    return this.#status[slot] === aliveCode;
  }
  incarnationOf(slot) {
    return this.#incarnation[slot] ?? 0;
  }
  lifeOf(slot) {
    return this.#catalogue.lifeOf(this.#life[slot] ?? 0);
  }
  nameOf(slot) {
    return this.#catalogue.nameOf(slot);
  }
  /** The hash of a member's name, 32 bits. */
  nameHashOf(slot) {
    return this.#catalogue.hashOf(slot);
  }
  /** The leaf that a slot belongs to when there are `1 << bits` leaves. */
  leafOf(slot, bits) {
    return bits === 0 ? 0 : this.#catalogue.hashOf(slot) >>> 32 - bits;
  }
  /** When a member was found gone; `undefined` while it lives. */
  findGoneAt(slot) {
    return this.#goneAt.get(slot);
  }
  /** Slots of all tombstones, the oldest first. */
  goneSlots() {
    return this.#goneAt.keys();
  }
  /** Writes everything about a member: a new one, a new life, or a change of what it says of itself. Returns its slot. */
  put(life, incarnation) {
    const known = this.findSlot(life.name);
    const slot = known >= 0 ? known : this.#catalogue.retainSlot(life.name);
    this.#reserve(slot);
    if (known >= 0)
      this.#count(slot, -1);
    const number = this.#catalogue.retainLife(slot, life);
    if (known >= 0)
      this.#catalogue.releaseLife(this.#life[slot] ?? 0);
    this.#life[slot] = number;
    this.#incarnation[slot] = incarnation;
    this.#status[slot] = aliveCode;
    this.#goneAt.delete(slot);
    this.#count(slot, 1);
    return slot;
  }
  /** Changes status and incarnation of a known member. `now` dates a tombstone. */
  mark(slot, status, incarnation, now) {
    this.#count(slot, -1);
    this.#status[slot] = statusNames.indexOf(status);
    this.#incarnation[slot] = incarnation;
    this.#count(slot, 1);
    if (this.isLive(slot))
      this.#goneAt.delete(slot);
    else if (!this.#goneAt.has(slot))
      this.#goneAt.set(slot, now);
  }
  /** Forgets a tombstone. */
  forget(slot) {
    this.#count(slot, -1);
    this.#goneAt.delete(slot);
    this.#catalogue.releaseLife(this.#life[slot] ?? 0);
    this.#status[slot] = 0;
    this.#life[slot] = 0;
    this.#catalogue.releaseSlot(slot);
  }
  /** XOR over the leaf `index` of `1 << bits`. */
  leafHash(index, bits) {
    const width = 1 << leafBitsMax - bits;
    let hash = 0;
    for (let leaf = index * width; leaf < (index + 1) * width; leaf += 1)
      hash ^= this.#leaves[leaf] ?? 0;
    return hash >>> 0;
  }
  /** Starts as a copy of another table over the same catalogue; for simulations that begin with a settled cluster. */
  copyFrom(other) {
    this.#status = other.#status.slice();
    this.#incarnation = other.#incarnation.slice();
    this.#life = other.#life.slice();
    this.#leaves.set(other.#leaves);
    this.#hash = other.#hash;
    this.#live = other.#live;
    this.#suspects = other.#suspects;
    for (const [slot, at] of other.#goneAt)
      this.#goneAt.set(slot, at);
    for (let slot = 0; slot < this.#status.length; slot += 1) {
      if ((this.#status[slot] ?? 0) !== 0)
        this.#catalogue.retainBoth(slot, this.#life[slot] ?? 0);
    }
  }
  /** Counts a live member in (`step` 1) or out (-1); XOR is its own inverse. */
  #count(slot, step2) {
    if (!this.isLive(slot))
      return;
    const hash = addHash(addHash(this.#catalogue.hashOf(slot), this.lifeOf(slot).epoch), this.incarnationOf(slot));
    const leaf = this.leafOf(slot, leafBitsMax);
    this.#leaves[leaf] = (this.#leaves[leaf] ?? 0) ^ hash;
    this.#hash = (this.#hash ^ hash) >>> 0;
    this.#live += step2;
    if (!this.isAlive(slot))
      this.#suspects += step2;
  }
  #reserve(slot) {
    if (slot < this.#status.length)
      return;
    const size = Math.max(slot + 1, this.#status.length * 2);
    this.#status = grow(this.#status, new Uint8Array(size));
    this.#incarnation = grow(this.#incarnation, new Uint32Array(size));
    this.#life = grow(this.#life, new Uint32Array(size));
  }
};
var statusNames = [void 0, "alive", "suspect", "failed", "left"];
var aliveCode = 1;
var suspectCode = 2;
function grow(from, into) {
  into.set(from);
  return into;
}

// dist/protocol/swim/message-fields.js
var incarnationMax = 2147483647;
var attachedTablesMax = 16;
var addressBytesMax = 261;
function writeId(writer2, name, epoch) {
  writer2.text(name);
  writeEpoch(writer2, epoch);
}
function writeEpoch(writer2, epoch) {
  writer2.u24(Math.floor(epoch / 4294967296));
  writer2.u32(epoch >>> 0);
}
function readEpoch(reader) {
  const epoch = reader.u24() * 4294967296 + reader.u32();
  if (epoch > Number.MAX_SAFE_INTEGER)
    spoil(reader);
  return epoch;
}
function readName(reader) {
  const name = reader.text(nodeNameBytesMax);
  if (!isNodeName(name))
    spoil(reader);
  return name;
}
function readAddress(reader) {
  const address = reader.text(addressBytesMax);
  if (!/^[\x21-\x7e]+:\d{1,5}$/.test(address))
    spoil(reader);
  return address;
}
function readIncarnation(reader) {
  const incarnation = reader.varint();
  if (incarnation > incarnationMax)
    spoil(reader);
  return incarnation;
}
function readClaim(reader) {
  return {
    name: readName(reader),
    epoch: readEpoch(reader),
    incarnation: readIncarnation(reader),
    from: readName(reader)
  };
}
function writeClaim(writer2, claim) {
  writeId(writer2, claim.name, claim.epoch);
  writer2.varint(claim.incarnation);
  writer2.text(claim.from);
}
function writeLife(writer2, life, incarnation) {
  writeId(writer2, life.name, life.epoch);
  writer2.varint(incarnation);
  writer2.text(life.address);
  writer2.u8(life.wireMin);
  writer2.u8(life.wireMax);
  writer2.varint(life.metadataVersion);
  if (life.metadataVersion === 0)
    return;
  writer2.u32(life.metadataHash);
  writer2.varint(life.metadataBytes);
}
function readRecord(reader) {
  const name = readName(reader);
  const epoch = readEpoch(reader);
  const incarnation = readIncarnation(reader);
  const address = readAddress(reader);
  const wireMin = reader.u8();
  const wireMax = reader.u8();
  const metadataVersion = readIncarnation(reader);
  const metadataHash = metadataVersion === 0 ? 0 : reader.u32();
  const metadataBytes = metadataVersion === 0 ? 0 : reader.varint();
  if (metadataBytes > memberMetadataBytesMax || metadataVersion > incarnation || wireMin > wireMax)
    spoil(reader);
  return {
    life: { name, epoch, address, wireMin, wireMax, metadataVersion, metadataHash, metadataBytes },
    incarnation
  };
}
function writeTables(writer2, tables) {
  writer2.u8(tables.length);
  for (const digest of tables) {
    writer2.u16(digest.table);
    writer2.varint(digest.revision);
    writer2.u32(digest.hash);
  }
}
function readTables(reader) {
  const count = reader.u8();
  if (count === 0)
    return noTables;
  if (count > attachedTablesMax)
    spoil(reader);
  const tables = [];
  for (let left = count; left > 0 && reader.ok; left -= 1) {
    tables.push({ table: reader.u16(), revision: reader.varint(), hash: reader.u32() });
  }
  return tables;
}
var noTables = [];
var statuses = ["alive", "suspect", "failed", "left"];
function writeKnown(writer2, known) {
  writer2.u8(known === void 0 ? 0 : 1 + statuses.indexOf(known.status));
  if (known === void 0)
    return;
  writeEpoch(writer2, known.epoch);
  writer2.varint(known.incarnation);
  writer2.text(known.address);
}
function readKnown(reader) {
  const code = reader.u8();
  if (code === 0)
    return void 0;
  const status = statuses[code - 1];
  if (status === void 0) {
    spoil(reader);
    return void 0;
  }
  return {
    status,
    epoch: readEpoch(reader),
    incarnation: readIncarnation(reader),
    address: readAddress(reader)
  };
}
function readSync(reader) {
  const bits = reader.u8();
  if (bits > leafBitsMax || reader.remaining < 4 << bits)
    return void 0;
  const leaves = [];
  for (let left = 1 << bits; left > 0; left -= 1)
    leaves.push(reader.u32());
  return { kind: "sync", bits, leaves };
}
function spoil(reader) {
  reader.bytes(reader.remaining + 1);
}

// dist/protocol/swim/message-codec.js
function encodePart(writer2, message) {
  scratch.reset();
  encodeBody(scratch, message);
  writer2.u8(kindNumbers[message.kind] ?? 0);
  writer2.block(scratch.view());
}
function partToBytes(message) {
  const writer2 = new ByteWriter(96);
  encodePart(writer2, message);
  return writer2.take();
}
function tableNumber(name) {
  return hashText(name) & 65535;
}
function decodePart(kindNumber, reader) {
  const probe = probeKinds[kindNumber - 1];
  const news = newsKinds[kindNumber - 1 - probeKinds.length];
  const table = tableKinds[kindNumber - 1 - probeKinds.length - newsKinds.length];
  const user = userKinds[kindNumber - 1 - probeKinds.length - newsKinds.length - tableKinds.length];
  let message;
  if (probe !== void 0)
    message = decodeProbe(probe, reader);
  else if (news !== void 0)
    message = decodeNews(news, reader);
  else if (table !== void 0)
    message = decodeTable(table, reader);
  else if (user !== void 0)
    message = decodeUser(user, reader);
  else
    return "unknown";
  return reader.ok && message !== void 0 ? message : "malformed";
}
var scratch = new ByteWriter(1500);
var probeKinds = ["ping", "ack", "ask", "nack", "gone"];
var newsKinds = ["alive", "record", "suspect", "failed", "left"];
var tableKinds = ["join", "welcome", "sync", "sync-end", "metadata-wanted", "metadata", "pad"];
var userKinds = ["spread", "direct"];
var kindNumbers = Object.fromEntries([...probeKinds, ...newsKinds, ...tableKinds, ...userKinds].map((kind, index) => [kind, index + 1]));
function encodeBody(writer2, message) {
  if (isProbe(message))
    return encodeProbe(writer2, message);
  if (isNews(message))
    return encodeNews(writer2, message);
  if (message.kind !== "spread" && message.kind !== "direct")
    return encodeTable(writer2, message);
  if (message.kind === "spread") {
    writeId(writer2, message.name, message.epoch);
    writer2.varint(message.number);
  }
  writer2.text(message.topic);
  writer2.block(message.bytes);
}
function isProbe(message) {
  return (kindNumbers[message.kind] ?? 0) <= probeKinds.length;
}
function isNews(message) {
  return (kindNumbers[message.kind] ?? 0) <= probeKinds.length + newsKinds.length;
}
function encodeProbe(writer2, message) {
  writer2.varint(message.seq);
  switch (message.kind) {
    case "ping":
    case "gone":
      return writeId(writer2, message.name, message.epoch);
    case "ack":
      writer2.varint(message.count);
      writer2.u32(message.hash);
      writer2.varint(message.lagMs);
      return writeTables(writer2, message.tables);
    case "ask":
      writeId(writer2, message.name, message.epoch);
      writer2.text(message.address);
      return writer2.varint(message.nackMs);
    case "nack":
  }
}
function encodeNews(writer2, message) {
  switch (message.kind) {
    case "alive":
    case "record":
      return writeLife(writer2, message.life, message.incarnation);
    case "suspect":
    case "failed":
      writeClaim(writer2, message);
      if (message.kind === "suspect")
        writer2.u8(message.refused ? 1 : 0);
      return;
    case "left":
      writeId(writer2, message.name, message.epoch);
      writer2.varint(message.incarnation);
  }
}
function encodeTable(writer2, message) {
  switch (message.kind) {
    case "join":
      writer2.u32(message.nonce);
      return writeLife(writer2, message.life, message.incarnation);
    case "welcome":
      writer2.u32(message.nonce);
      writer2.varint(message.count);
      writer2.u32(message.hash);
      return writeKnown(writer2, message.known);
    case "sync":
      writer2.u8(message.bits);
      for (const hash of message.leaves)
        writer2.u32(hash);
      return;
    case "sync-end":
      writer2.varint(message.count);
      writer2.u32(message.hash);
      return writer2.u8(message.truncated ? 1 : 0);
    case "metadata-wanted":
    case "metadata":
      writeId(writer2, message.name, message.epoch);
      writer2.varint(message.version);
      writer2.varint(message.offset);
      if (message.kind === "metadata")
        writer2.block(message.bytes);
      return;
    case "pad":
      for (let index = 0; index < message.bytes; index += 1)
        writer2.u8(0);
  }
}
function decodeProbe(kind, reader) {
  const seq = reader.varint();
  switch (kind) {
    case "ping":
    case "gone":
      return { kind, seq, name: readName(reader), epoch: readEpoch(reader) };
    case "ack": {
      const head = { count: reader.varint(), hash: reader.u32(), lagMs: reader.varint() };
      return { kind, seq, ...head, tables: readTables(reader) };
    }
    case "ask": {
      const target = {
        name: readName(reader),
        epoch: readEpoch(reader),
        address: readAddress(reader)
      };
      return { kind, seq, ...target, nackMs: reader.varint() };
    }
    case "nack":
      return { kind, seq };
    default:
      return unreachable(kind);
  }
}
function decodeNews(kind, reader) {
  switch (kind) {
    case "alive":
    case "record": {
      const { life, incarnation } = readRecord(reader);
      return { kind, life, incarnation };
    }
    case "suspect": {
      const { name, epoch, incarnation, from } = readClaim(reader);
      return { kind, name, epoch, incarnation, from, refused: (reader.u8() & 1) === 1 };
    }
    case "failed": {
      const { name, epoch, incarnation, from } = readClaim(reader);
      return { kind, name, epoch, incarnation, from };
    }
    case "left":
      return {
        kind,
        name: readName(reader),
        epoch: readEpoch(reader),
        incarnation: readIncarnation(reader)
      };
    default:
      return unreachable(kind);
  }
}
function decodeUser(kind, reader) {
  const origin = kind === "spread" ? { kind, name: readName(reader), epoch: readEpoch(reader), number: reader.varint() } : { kind };
  return { ...origin, topic: reader.text(spreadTopicBytesMax), bytes: reader.block(spreadBytesMax) };
}
function decodeTable(kind, reader) {
  switch (kind) {
    case "join":
      return { kind, nonce: reader.u32(), ...readRecord(reader) };
    case "welcome":
      return {
        kind,
        nonce: reader.u32(),
        count: reader.varint(),
        hash: reader.u32(),
        known: readKnown(reader)
      };
    case "sync":
      return readSync(reader);
    case "sync-end":
      return {
        kind,
        count: reader.varint(),
        hash: reader.u32(),
        truncated: (reader.u8() & 1) === 1
      };
    case "metadata-wanted":
    case "metadata": {
      const id = { name: readName(reader), epoch: readEpoch(reader) };
      const range = { version: readIncarnation(reader), offset: reader.varint() };
      if (kind === "metadata-wanted")
        return { kind, ...id, ...range };
      return { kind, ...id, ...range, bytes: reader.block(memberMetadataBytesMax) };
    }
    case "pad":
      return { kind, bytes: reader.remaining };
    default:
      return unreachable(kind);
  }
}

// dist/protocol/swim/table-digests.js
var TableDigests = class {
  #sources = /* @__PURE__ */ new Map();
  /** Throws `invalid-options` for a seventeenth table, a second of one name, or a name whose number is taken. */
  attach(name, source) {
    const number = tableNumber(name);
    const other = this.#sources.get(number);
    if (other !== void 0) {
      throw new ClusterError("invalid-options", `table ${name} cannot ride on gossip beside ${other.name}; rename it`);
    }
    if (this.#sources.size >= attachedTablesMax) {
      throw new ClusterError("invalid-options", `table ${name} is more than the ${attachedTablesMax} that ride on gossip`);
    }
    const entry = { name, source };
    this.#sources.set(number, entry);
    return () => {
      if (this.#sources.get(number) === entry)
        this.#sources.delete(number);
    };
  }
  /** What the next acknowledgement carries. */
  own() {
    if (this.#sources.size === 0)
      return noDigests;
    const digests = [];
    for (const [table, { source }] of this.#sources) {
      const { revision, hash } = source.own();
      digests.push({ table, revision, hash });
    }
    return digests;
  }
  /** Hands another node's digests on; tables that are not attached here are skipped. */
  heard(from, digests) {
    for (const { table, revision, hash } of digests)
      this.#sources.get(table)?.source.heard(from, { revision, hash });
  }
};
var noDigests = [];

// dist/cluster/membership/member-teller.js
var MemberTeller = class {
  #clock;
  #listeners = new Listeners();
  #waiting = [];
  #telling = false;
  #planned = false;
  constructor(clock) {
    this.#clock = clock;
  }
  listen(listener) {
    return this.#listeners.add(listener);
  }
  /** Keeps an event until it is told. */
  add(event) {
    this.#waiting.push(event);
  }
  /** Tells what waits, now. */
  flush() {
    if (this.#telling)
      return;
    this.#telling = true;
    try {
      while (this.#waiting.length > 0) {
        const events = this.#waiting;
        this.#waiting = [];
        for (const event of events)
          this.#listeners.tell(event);
      }
    } finally {
      this.#telling = false;
    }
  }
  /** Tells what waits, in the next turn. */
  flushLater() {
    if (this.#planned || this.#waiting.length === 0)
      return;
    this.#planned = true;
    this.#clock.afterTurn(() => {
      this.#planned = false;
      this.flush();
    });
  }
};

// dist/cluster/membership/partition-watch.js
var PartitionWatch = class {
  #clock;
  #memoryMs;
  #lost = /* @__PURE__ */ new Map();
  #listeners = new Listeners();
  #reachable = 1;
  #partitioned = false;
  #quorum = true;
  constructor(clock, memoryMs) {
    this.#clock = clock;
    this.#memoryMs = memoryMs;
  }
  get state() {
    this.#forget();
    return {
      knownCount: this.#reachable + this.#lost.size,
      lostCount: this.#lost.size,
      partitioned: this.#partitioned,
      quorum: this.#quorum
    };
  }
  listen(listener) {
    return this.#listeners.add(listener);
  }
  requireQuorum() {
    const { knownCount, lostCount, quorum } = this.state;
    if (quorum)
      return;
    throw new ClusterError("quorum-lost", `${lostCount} of ${knownCount} known members are out of reach`);
  }
  /** Takes a membership event, in order; `reachable` counts the members that are left, this node included. */
  observe(event, reachable) {
    const { name } = event.member;
    if (event.kind === "failed") {
      this.#lost.delete(name);
      this.#lost.set(name, this.#clock.now());
    } else if (event.kind === "left" || event.kind === "joined") {
      this.#lost.delete(name);
    }
    this.#reachable = reachable;
    this.#judge();
  }
  #forget() {
    const now = this.#clock.now();
    let forgot = false;
    for (const [name, at] of this.#lost) {
      if (now - at < this.#memoryMs)
        break;
      this.#lost.delete(name);
      forgot = true;
    }
    if (forgot)
      this.#judge();
  }
  #judge() {
    const known = this.#reachable + this.#lost.size;
    const share = this.#lost.size / known;
    const partitioned = share >= (this.#partitioned ? endShare : beginShare);
    const quorum = this.#reachable * 2 > known;
    if (partitioned === this.#partitioned && quorum === this.#quorum)
      return;
    this.#partitioned = partitioned;
    this.#quorum = quorum;
    this.#listeners.tell({ knownCount: known, lostCount: this.#lost.size, partitioned, quorum });
  }
};
var beginShare = 0.5;
var endShare = 0.2501;

// dist/cluster/membership/static-membership.js
var unknownEpoch = 0;
var StaticMembership = class {
  /** Health, partition and quorum. */
  watch;
  /** There is none: `spread` throws `invalid-options`, `send` finds nobody, listeners hear nothing. */
  gossip = noGossip;
  /** The keys that were given, to change them while the node runs; `undefined` for a cluster without any. */
  keyRing;
  #clock;
  #failAfterMs;
  #teller;
  #digests = new TableDigests();
  #members = /* @__PURE__ */ new Map();
  #doubts = /* @__PURE__ */ new Map();
  #self;
  #stopped = false;
  constructor(deps, options) {
    checkOptions(options);
    const { clock, random } = deps;
    const { name, address, failAfterMs = 1e4, partitionMemoryMs = 36e5, metadata } = options;
    this.#clock = clock;
    this.#failAfterMs = failAfterMs;
    this.keyRing = options.keys === void 0 || options.keys.length === 0 ? void 0 : new KeyRing(options.keys);
    this.#teller = new MemberTeller(clock);
    const epoch = options.epoch ?? drawEpoch(clock.wallMs(), 0, random.fork("epoch"));
    const status = "alive";
    this.#self = { ...newMember(name, address), epoch, status, metadata: metadata ?? new Uint8Array(0) };
    this.#members.set(name, this.#self);
    for (const node of options.nodes) {
      if (node.name !== name)
        this.#members.set(node.name, newMember(node.name, node.address));
    }
    const partition = new PartitionWatch(clock, partitionMemoryMs);
    this.#teller.listen((event) => partition.observe(event, this.#members.size));
    this.watch = {
      health: { score: 0, lagMs: 0, deaf: false },
      get partition() {
        return partition.state;
      },
      listenPartition: (listener) => partition.listen(listener),
      requireQuorum: () => partition.requireQuorum()
    };
  }
  get self() {
    return this.#self;
  }
  members() {
    return [...this.#members.values()];
  }
  findMember(name) {
    return this.#members.get(name);
  }
  listen(listener) {
    return this.#teller.listen(listener);
  }
  /** A start waits for a link to everybody on the list. */
  isAwaited(member) {
    return member.name !== this.#self.name;
  }
  attachDigest(name, source) {
    return this.#digests.attach(name, source);
  }
  report(evidence) {
    const { name, epoch } = evidence.node;
    const member = this.#members.get(name);
    if (this.#stopped || member === void 0 || member === this.#self)
      return;
    if (evidence.kind === "heard")
      this.#hear(member, epoch);
    else if (epoch === member.epoch && member.status === "alive")
      this.#doubt(member);
    this.#teller.flushLater();
  }
  /** Never told: nobody speaks of other lives of a name here. */
  listenFault() {
    return () => void 0;
  }
  /** Has no use for them. */
  attachStreams() {
    return void 0;
  }
  updateMetadata(metadata) {
    if (metadata.length > memberMetadataBytesMax) {
      throw new ClusterError("too-large", `metadata has ${metadata.length} bytes; at most ${memberMetadataBytesMax}`);
    }
    const incarnation = this.#self.incarnation + 1;
    this.#self = { ...this.#self, metadata: metadata.slice(), incarnation };
    this.#change("updated", this.#self);
    this.#teller.flushLater();
  }
  async start() {
    if (this.#stopped)
      throw new ClusterError("stopped", "this membership was stopped; make another");
  }
  async leave(_timeoutMs) {
    await this.stop();
  }
  async stop() {
    this.#stopped = true;
    for (const cancel of this.#doubts.values())
      cancel();
    this.#doubts.clear();
  }
  #hear(member, epoch) {
    if (epoch < member.epoch)
      return;
    this.#doubts.get(member.name)?.();
    this.#doubts.delete(member.name);
    if (epoch > member.epoch) {
      if (member.epoch !== unknownEpoch)
        this.#change("failed", { ...member, status: "failed" });
      this.#change("joined", { ...member, epoch, status: "alive" });
    } else if (member.status !== "alive") {
      this.#change("alive", { ...member, status: "alive" });
    }
  }
  #doubt(member) {
    this.#change("suspect", { ...member, status: "suspect" });
    const failAt = after(this.#clock.now(), this.#failAfterMs);
    this.#doubts.get(member.name)?.();
    const cancel = this.#clock.setTimer(failAt, () => {
      this.#doubts.delete(member.name);
      this.#change("failed", { ...member, status: "failed" });
      this.#change("joined", { ...member, epoch: unknownEpoch, status: "suspect" });
      this.#teller.flush();
    });
    this.#doubts.set(member.name, cancel);
  }
  #change(kind, member) {
    if (kind !== "failed")
      this.#members.set(member.name, member);
    this.#teller.add({ kind, member });
  }
};
var noGossip = {
  spread: () => {
    throw new ClusterError("invalid-options", "membership by a list of nodes has no gossip; publish on the bus instead");
  },
  send: () => false,
  listen: () => () => void 0
};
function newMember(name, address) {
  return {
    name,
    epoch: unknownEpoch,
    address,
    status: "suspect",
    incarnation: 0,
    wireMin: wireVersionMin,
    wireMax: wireVersion,
    metadata: void 0
  };
}
function checkOptions(options) {
  const names = /* @__PURE__ */ new Set();
  for (const { name, address } of [{ name: options.name, address: options.address }, ...options.nodes]) {
    const isOwn = name === options.name;
    if (!isNodeName(name))
      throw new ClusterError("invalid-options", `${JSON.stringify(name)} is no node name`);
    if (findAddress(address) === void 0) {
      throw new ClusterError("invalid-options", `${address} of ${name} is no host:port`);
    }
    if (names.has(name) && !isOwn)
      throw new ClusterError("invalid-options", `${name} is listed twice`);
    names.add(name);
  }
}

// dist/protocol/swim/options.js
function resolveSwimOptions(given = {}) {
  const options = { ...defaults3, ...given };
  for (const [name, lowest, highest] of ranges) {
    const value = options[name];
    if (typeof value !== "number" || !(value >= lowest && value <= highest)) {
      throw new ClusterError("invalid-options", `${name} is ${String(value)}; it must be ${lowest} to ${highest}`);
    }
  }
  if (options.pingTimeoutMs * (1 + options.nackShare) > options.probePeriodMs) {
    throw new ClusterError("invalid-options", `pingTimeoutMs ${options.pingTimeoutMs} leaves no room for a nack in a period of ${options.probePeriodMs} ms`);
  }
  if (options.label === "" || options.label.length > 255) {
    throw new ClusterError("invalid-options", "label must have 1 to 255 characters");
  }
  return options;
}
var defaults3 = {
  probePeriodMs: 1e3,
  pingTimeoutMs: 500,
  pingTimeoutMinMs: 50,
  adaptiveTimeout: true,
  indirectProbes: 3,
  nackShare: 0.8,
  streamPing: true,
  suspicionAlpha: 2,
  suspicionBeta: 6,
  suspicionConfirmations: 3,
  suspicionMinMs: 4200,
  suspicionRefusedMs: 500,
  healthMax: 8,
  healthScalesProbes: true,
  healthTrustsNacks: true,
  buddy: true,
  ringProbes: true,
  dogpile: true,
  dogpileNodes: 16,
  confirmDeath: true,
  proveClaims: true,
  patientAfterReturn: true,
  holdWhenDeaf: true,
  gossipPeriodMs: 200,
  gossipFanout: 3,
  retransmitFactor: 4,
  gossipQueueMax: 4096,
  gossipToFailedMs: 3e4,
  digestSync: true,
  syncPeriodMs: 200,
  syncPacketsMax: 8,
  syncPacketsPerSecond: 400,
  tombstoneMs: 36e5,
  reconnectPeriodMs: 1e3,
  reconnectMax: 64,
  membersMax: 2e4,
  nameCheckMs: 1e3,
  label: "scalebus",
  datagramMaxBytes: 1400
};
var ranges = [
  ["probePeriodMs", 10, 6e5],
  ["pingTimeoutMs", 1, 3e5],
  ["pingTimeoutMinMs", 1, 3e5],
  ["indirectProbes", 0, 16],
  ["nackShare", 0.1, 1],
  ["suspicionAlpha", 0, 100],
  ["suspicionBeta", 1, 100],
  ["suspicionConfirmations", 0, 32],
  ["suspicionMinMs", 0, 36e5],
  ["suspicionRefusedMs", 0, 36e5],
  ["healthMax", 0, 64],
  ["dogpileNodes", 0, 1e6],
  ["gossipPeriodMs", 5, 6e4],
  ["gossipFanout", 1, 64],
  ["retransmitFactor", 1, 64],
  ["gossipQueueMax", 16, 1e6],
  ["gossipToFailedMs", 0, 864e5],
  ["syncPeriodMs", 10, 6e5],
  ["syncPacketsMax", 1, 64],
  ["syncPacketsPerSecond", 1, 1e5],
  ["tombstoneMs", 1e3, 31536e6],
  ["reconnectPeriodMs", 100, 864e5],
  ["reconnectMax", 0, 4096],
  ["membersMax", 2, 1e6],
  ["nameCheckMs", 1, 6e4],
  ["datagramMaxBytes", 512, 1400]
];

// dist/protocol/swim/profiles.js
function localSwim() {
  return {
    pingTimeoutMs: 200,
    gossipPeriodMs: 100,
    syncPeriodMs: 100,
    reconnectPeriodMs: 500,
    nameCheckMs: 300
  };
}
function lanSwim(nodes) {
  return { gossipQueueMax: Math.max(1024, nodes), membersMax: Math.max(1e3, nodes * 4) };
}
function wanSwim(nodes) {
  return {
    ...lanSwim(nodes),
    probePeriodMs: 3e3,
    pingTimeoutMs: 1500,
    pingTimeoutMinMs: 250,
    suspicionAlpha: 4,
    suspicionMinMs: 1e4,
    gossipPeriodMs: 500,
    gossipFanout: 4,
    syncPeriodMs: 1e3,
    nameCheckMs: 3e3
  };
}

// dist/cluster/membership/seeds.js
async function findSeeds(options) {
  const found = /* @__PURE__ */ new Set();
  let fault;
  const note = (error) => {
    fault = error;
    return [];
  };
  const texts = await readSource(options).catch(note);
  const lookups = texts.slice(0, seedsMax).map(async (text) => {
    try {
      return await lookUp(text, options);
    } catch (error) {
      return note(error);
    }
  });
  for (const addresses of await Promise.all(lookups))
    for (const address of addresses)
      found.add(address);
  return { addresses: [...found].slice(0, seedsMax), fault };
}
function checkSeeds2(source) {
  if (typeof source === "function")
    return;
  for (const text of splitSeeds(source)) {
    if (/^(?:srv|env|file):./.test(text))
      continue;
    if (findAddress(withoutPrefix(text), 1) === void 0)
      throw notASeed(text);
  }
}
function hasNoSeeds(source, own) {
  return typeof source !== "function" && splitSeeds(source).every((text) => text === own);
}
var seedsMax = 64;
var servicePrefix = "srv:";
var namePrefix = "dns:";
async function readSource({ source, resolver }) {
  const texts = splitSeeds(typeof source === "function" ? await source() : source);
  const lists = texts.map(async (text) => {
    const [, kind, name = ""] = /^(env|file):(.+)$/.exec(text) ?? [];
    if (kind !== "env" && kind !== "file")
      return [text];
    return resolver === void 0 ? [] : splitSeeds(await resolver.readList(kind, name));
  });
  return (await Promise.all(lists)).flat();
}
function withoutPrefix(text) {
  return text.startsWith(namePrefix) ? text.slice(namePrefix.length) : text;
}
function notASeed(text) {
  return new ClusterError("invalid-options", `seed ${JSON.stringify(text.slice(0, 120))} is no host:port`);
}
function splitSeeds(source) {
  const texts = typeof source === "string" ? [source] : source;
  const parts = texts.flatMap((text) => text.startsWith("file:") ? [text] : text.split(/[\s,]+/));
  return parts.filter((text) => text !== "");
}
async function lookUp(text, options) {
  const { resolver, defaultPort: defaultPort2 } = options;
  if (text.startsWith(servicePrefix)) {
    if (resolver === void 0)
      return [];
    const targets = await resolver.resolveService(text.slice(servicePrefix.length));
    const lists = await Promise.all(targets.map((target) => resolveAddress(target, resolver)));
    return lists.flat();
  }
  const address = findAddress(withoutPrefix(text), defaultPort2);
  if (address === void 0)
    throw notASeed(text);
  return resolver === void 0 ? [addressToText(address)] : resolveAddress(address, resolver);
}
async function resolveAddress(address, resolver) {
  const isNumeric = address.host.includes(":") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address.host);
  if (isNumeric)
    return [addressToText(address)];
  const hosts = await resolver.resolveHost(address.host);
  return hosts.map((host) => addressToText({ host, port: address.port }));
}

// dist/cluster/membership/membership-options.js
function resolveSwimMembershipOptions(given) {
  const address = findAddress(given.address);
  if (address === void 0)
    fail3("address", given.address, "host:port");
  if (!isNodeName(given.name))
    fail3("name", given.name, "1 to 63 letters, digits, dots, dashes, underscores");
  const seeds = given.seeds ?? [];
  checkSeeds2(seeds);
  const resolved = {
    joinTimeoutMs: 3e3,
    joinRetryMs: 200,
    joinRequired: false,
    seedRetryMs: 3e4,
    metadata: new Uint8Array(0),
    partitionMemoryMs: 36e5,
    stallMs: 50,
    wireVersions: { min: wireVersionMin, max: wireVersion },
    ...given,
    seeds,
    epoch: given.epoch,
    seedPort: given.seedPort ?? address.port,
    keys: given.keys ?? [],
    swim: resolveSwimOptions({ ...given.swim, ...given.label === void 0 ? {} : { label: given.label } })
  };
  for (const name of ["joinTimeoutMs", "joinRetryMs", "seedRetryMs", "partitionMemoryMs", "stallMs"]) {
    if (!(resolved[name] >= 1))
      fail3(name, resolved[name], "1 or more");
  }
  return resolved;
}
function fail3(name, value, expected) {
  throw new ClusterError("invalid-options", `${name} is ${JSON.stringify(value)}; it must be ${expected}`);
}
function localMembership() {
  return { swim: localSwim(), joinTimeoutMs: 250, joinRetryMs: 60, seedRetryMs: 5e3 };
}
function lanMembership(nodes) {
  return { swim: lanSwim(nodes), joinTimeoutMs: 3e3, joinRetryMs: 200, seedRetryMs: 3e4 };
}
function wanMembership(nodes) {
  return { swim: wanSwim(nodes), joinTimeoutMs: 1e4, joinRetryMs: 500, seedRetryMs: 6e4, stallMs: 100 };
}

// dist/protocol/swim/replay-window.js
var ReplayWindow = class {
  #bits = new Uint32Array(windowMax / 32);
  #highest = -1;
  /** Says whether a number may still be taken. */
  isFresh(number) {
    if (number > this.#highest)
      return true;
    if (this.#highest - number >= windowMax)
      return false;
    return ((this.#bits[wordOf(number)] ?? 0) & maskOf(number)) === 0;
  }
  /** Takes a fresh number. Only after what carried it was found authentic: a forged one would push the window on. */
  take(number) {
    if (number - this.#highest >= windowMax)
      this.#bits.fill(0);
    else
      for (let passed = this.#highest + 1; passed < number; passed += 1)
        this.#clear(passed);
    this.#bits[wordOf(number)] = (this.#bits[wordOf(number)] ?? 0) | maskOf(number);
    this.#highest = Math.max(this.#highest, number);
  }
  #clear(number) {
    this.#bits[wordOf(number)] = (this.#bits[wordOf(number)] ?? 0) & ~maskOf(number);
  }
};
var windowMax = 512;
function wordOf(number) {
  return number % windowMax >>> 5;
}
function maskOf(number) {
  return 1 << (number & 31);
}

// dist/protocol/swim/armour.js
var Armour = class {
  /** Bytes that `seal` adds. */
  overheadBytes;
  #deps;
  #options;
  #labelHash;
  #labelBytes;
  #sessions = /* @__PURE__ */ new Map();
  #head = new ByteWriter(64);
  #known = new ByteWriter(64);
  #ringVersion = -1;
  #hints = [];
  #own;
  #sealed = 0;
  #tries = triesPerSecond;
  #triesAt = 0;
  constructor(deps, options) {
    this.#deps = deps;
    this.#options = options;
    this.#labelHash = hashText(options.label);
    this.#labelBytes = textToBytes(options.label);
    this.overheadBytes = headBytes + deps.cipher.overheadBytes;
  }
  /** The keys, to change them. */
  get ring() {
    return this.#deps.ring;
  }
  /** Seals a datagram. */
  seal(plain) {
    this.#followRing();
    const own = this.#sealed >= this.#options.sealsMax || this.#own === void 0 ? this.#begin() : this.#own;
    const head = this.#head;
    head.reset();
    head.u8(sealedMark);
    head.u32(this.#labelHash);
    head.u8(own.hint);
    writeSession(head, own.id);
    head.u32(this.#sealed);
    this.#sealed += 1;
    const sealed = this.#deps.cipher.seal(own.key, plain, this.#associated(head.view()));
    head.bytes(sealed);
    return head.view();
  }
  /** The datagram inside, or why it is dropped. */
  open(now, bytes) {
    if (bytes.length < this.overheadBytes)
      return bytes[0] === sealedMark ? "malformed" : "plain";
    const reader = new ByteReader(bytes);
    const mark = reader.u8();
    if (reader.u32() !== this.#labelHash)
      return "label";
    if (mark !== sealedMark)
      return "plain";
    this.#followRing();
    const hint = reader.u8();
    const id = readSession(reader);
    const number = reader.u32();
    const known = this.#sessions.get(id);
    if (known !== void 0)
      return this.#openWith(known, number, bytes) ?? "unauthentic";
    return this.#openFirst(now, { id, hint, number }, bytes);
  }
  #openFirst(now, head, bytes) {
    const { ring } = this.#deps;
    const keys = ring.keys.filter((_, index) => this.#hints[index] === head.hint);
    if (keys.length === 0)
      return "unauthentic";
    if (!this.#mayTry(now))
      return "busy";
    for (const key of keys) {
      const session = { ringKey: key, key: this.#sessionKey(key, head.id), window: new ReplayWindow() };
      const plain = this.#openWith(session, head.number, bytes);
      if (plain === void 0)
        continue;
      if (this.#sessions.size >= this.#options.sessionsMax)
        this.#forgetOldest();
      this.#sessions.set(head.id, session);
      return plain;
    }
    return "unauthentic";
  }
  #openWith(session, number, bytes) {
    if (!session.window.isFresh(number))
      return "replay";
    const associated = this.#associated(bytes.subarray(0, headBytes));
    const plain = this.#deps.cipher.open(session.key, bytes.subarray(headBytes), associated);
    if (plain !== void 0)
      session.window.take(number);
    return plain;
  }
  /** Sessions under a key that was taken out of the ring are heard no more, and our own begins anew under a new first key. */
  #followRing() {
    const { ring } = this.#deps;
    if (ring.version === this.#ringVersion)
      return;
    this.#ringVersion = ring.version;
    this.#hints = ring.keys.map((key) => this.#hintOf(key));
    this.#own = void 0;
    for (const [id, session] of this.#sessions) {
      if (!ring.keys.includes(session.ringKey))
        this.#sessions.delete(id);
    }
  }
  #begin() {
    const { secrets, ring } = this.#deps;
    const id = readSession(new ByteReader(secrets.randomBytes(sessionBytes)));
    this.#sealed = 0;
    this.#own = { id, key: this.#sessionKey(ring.first, id), hint: this.#hintOf(ring.first) };
    return this.#own;
  }
  #sessionKey(key, id) {
    const writer2 = new ByteWriter(96);
    writer2.text("scalebus gossip session");
    writer2.text(this.#options.label);
    writeSession(writer2, id);
    return this.#deps.secrets.hmac(key, writer2.view());
  }
  /** One byte that tells keys of a ring apart, mostly, and tells nothing of them. */
  #hintOf(key) {
    return this.#deps.secrets.hmac(key, textToBytes("scalebus gossip hint"))[0] ?? 0;
  }
  #associated(head) {
    this.#known.reset();
    this.#known.bytes(head);
    this.#known.bytes(this.#labelBytes);
    return this.#known.view();
  }
  #mayTry(now) {
    const gained = (now - this.#triesAt) * triesPerSecond / 1e3;
    this.#tries = Math.min(triesPerSecond, this.#tries + gained);
    this.#triesAt = now;
    if (this.#tries < 1)
      return false;
    this.#tries -= 1;
    return true;
  }
  #forgetOldest() {
    for (const id of this.#sessions.keys()) {
      this.#sessions.delete(id);
      return;
    }
  }
};
var sealedMark = 128;
var sessionBytes = 7;
var headBytes = 1 + 4 + 1 + sessionBytes + 4;
var triesPerSecond = 1e3;
function readSession(reader) {
  return (reader.u24() & 2097151) * 4294967296 + reader.u32();
}
function writeSession(writer2, id) {
  writer2.u24(Math.floor(id / 4294967296));
  writer2.u32(id >>> 0);
}

// dist/protocol/swim/probe-order.js
var ProbeOrder = class {
  #random;
  #bits = 2;
  #key = 0;
  #at = 0;
  constructor(random) {
    this.#random = random;
  }
  /** The next slot below `capacity` that `isWanted`, or -1 when a whole round has none. */
  next(capacity, isWanted2) {
    if (capacity === 0)
      return -1;
    if (1 << this.#bits < capacity || this.#key === 0)
      this.#begin(capacity);
    for (let left = 2 << this.#bits; left > 0; left -= 1) {
      if (this.#at >= 1 << this.#bits)
        this.#begin(capacity);
      const slot = permute(this.#at++, this.#bits, this.#key);
      if (slot < capacity && isWanted2(slot))
        return slot;
    }
    return -1;
  }
  #begin(capacity) {
    while (1 << this.#bits < capacity)
      this.#bits += 2;
    this.#key = this.#random.below(4294967294) + 1;
    this.#at = 0;
  }
};
function permute(value, bits, key) {
  const half = bits / 2;
  const mask = (1 << half) - 1;
  let left = value >>> half;
  let right = value & mask;
  for (let round = 0; round < 4; round += 1) {
    const next = left ^ mixHash(key + Math.imul(round, 2654435769) ^ right) & mask;
    left = right;
    right = next;
  }
  return left << half | right;
}
function pickSlots(random, from, isWanted2, into) {
  into.length = 0;
  if (from.capacity === 0)
    return 0;
  for (let draws = from.count * 8; draws > 0 && into.length < from.count; draws -= 1) {
    const slot = random.below(from.capacity);
    if (!into.includes(slot) && isWanted2(slot))
      into.push(slot);
  }
  const start = random.below(from.capacity);
  for (let step2 = 0; step2 < from.capacity && into.length < from.count; step2 += 1) {
    const slot = (start + step2) % from.capacity;
    if (!into.includes(slot) && isWanted2(slot))
      into.push(slot);
  }
  return into.length;
}

// dist/protocol/swim/anti-entropy.js
var AntiEntropy = class {
  #parts;
  #facts;
  #outbox;
  #picked = [];
  #nextPullAt;
  #waitMs;
  #eagerAt = Number.POSITIVE_INFINITY;
  #eagerUntil;
  #asked;
  /** Who welcomed a newcomer and has not told whom it knows. */
  #welcomers = /* @__PURE__ */ new Map();
  #firstTries = 0;
  /** Most live members that an answer to a newcomer spoke of; 0 until one came. */
  #wanted = 0;
  #caughtUp = false;
  #hashBefore = 0;
  #askedAt;
  /** The end of the last answer came; before that its silence is the network's. */
  #isAnswered = false;
  #tokens;
  #tokensAt;
  constructor(parts, facts, outbox, now) {
    this.#parts = parts;
    this.#facts = facts;
    this.#outbox = outbox;
    this.#nextPullAt = now;
    this.#askedAt = now;
    this.#waitMs = parts.options.syncPeriodMs;
    this.#tokens = parts.options.syncPacketsPerSecond;
    this.#tokensAt = now;
    this.#eagerUntil = now;
  }
  /** When `tick` has something to do. */
  get nextAt() {
    return this.#eagerAt;
  }
  /** True once this node has as many members as those that welcomed it; a node that nobody welcomed never gets there. */
  get hasCaughtUp() {
    const isTold = this.#wanted > 0 && this.#welcomers.size === 0;
    this.#caughtUp ||= isTold && this.#parts.table.liveCount >= this.#wanted;
    return this.#caughtUp;
  }
  /** A newcomer's first question: who we are, and whom do you know. Asked again, of others too, until it has been answered. */
  pullFirst(now, peer, out) {
    if (!this.hasCaughtUp) {
      if (this.#welcomers.size < welcomersMax)
        this.#welcomers.set(peer.address, peer);
      this.#eagerAt = Math.min(this.#eagerAt, after(now, this.#firstWaitMs()));
    }
    this.#ask(now, { peer, introduces: true }, out);
  }
  /** This node has just come up: it asks somebody again and again for a while, as many may be coming up with it. */
  beginEagerly(now) {
    if (!this.#parts.options.digestSync)
      return;
    this.#eagerUntil = after(now, eagerMs);
    this.#eagerAt = after(now, this.#eagerWaitMs());
  }
  tick(now, out) {
    if (now < this.#eagerAt)
      return;
    const isFirst = this.#welcomers.size > 0;
    const waitMs = isFirst ? this.#firstWaitMs() : this.#eagerWaitMs();
    this.#eagerAt = now < this.#eagerUntil ? after(now, waitMs) : Number.POSITIVE_INFINITY;
    const { table, random, self } = this.#parts;
    const isOther = (slot2) => table.isAlive(slot2) && table.nameOf(slot2) !== self.life.name;
    pickSlots(random, { capacity: table.capacity, count: 1 }, isOther, this.#picked);
    const slot = this.#picked[0];
    const other = slot === void 0 ? void 0 : { address: table.lifeOf(slot).address, slot };
    this.#firstTries += 1;
    const peer = isFirst && (other === void 0 || this.#firstTries % 2 === 1) ? this.#nextWelcomer() : other;
    if (peer !== void 0)
      this.#ask(now, { peer, introduces: isFirst }, out);
  }
  /** A member's digest came by. */
  compare(now, peer, digest, out) {
    const { options, table } = this.#parts;
    if (!options.digestSync)
      return;
    if (this.#isEqual(digest)) {
      this.#agreed(now);
      return;
    }
    if (now < this.#mayPullAt(digest))
      return;
    const isSettled3 = now - this.#facts.changedAt > options.gossipPeriodMs * settledRounds;
    if (!isSettled3 && Math.abs(digest.count - table.liveCount) <= smallDifference)
      return;
    this.pull(now, peer, out);
  }
  /** Asks for whatever differs. */
  pull(now, peer, out) {
    this.#ask(now, { peer, introduces: false }, out);
  }
  #ask(now, question, out) {
    const { table, counts, options, self } = this.#parts;
    const { peer, introduces } = question;
    counts["sync-asked"] += 1;
    if (table.hash !== this.#hashBefore)
      this.#waitMs = options.syncPeriodMs;
    else if (this.#isAnswered)
      this.#waitMs = Math.min(this.#waitMs * 2, waitMsMax);
    this.#nextPullAt = after(now, this.#waitMs);
    this.#askedAt = now;
    this.#asked = peer.address;
    this.#isAnswered = false;
    this.#hashBefore = table.hash;
    const fits2 = (options.datagramMaxBytes >= 1300 ? leafBitsMax : leafBitsMax - 2) - (introduces ? 1 : 0);
    const bits = Math.max(0, Math.min(fits2, Math.ceil(Math.log2(Math.max(1, table.liveCount / 4)))));
    const leaves = [];
    for (let index = 0; index < 1 << bits; index += 1)
      leaves.push(table.leafHash(index, bits));
    const own = { kind: "alive", life: self.life, incarnation: self.incarnation };
    const sync = { kind: "sync", bits, leaves };
    this.#outbox.question({ ...peer, share: 1 }, introduces ? [own, sync] : [sync, own], out);
  }
  /** Sends the members of the leaves that differ. Strangers get nothing, but that an earlier life is told of the later one. */
  answer(now, peer, sync, out) {
    const { counts, options, table } = this.#parts;
    this.#refill(now);
    if (peer.slot < 0)
      this.#tellLaterLife(peer, out);
    const payed = Math.floor((peer.answerBytesMax ?? Number.POSITIVE_INFINITY) / options.datagramMaxBytes) - 1;
    if (peer.slot < 0 || this.#tokens < 1 || payed < 1) {
      counts[peer.slot >= 0 && payed < 1 ? "drop-amplifying" : "sync-refused"] += 1;
      return;
    }
    counts["sync-answered"] += 1;
    const packetsMax = Math.max(1, Math.min(options.syncPacketsMax, Math.floor(this.#tokens), payed));
    const slots = this.#slotsThatDiffer(sync);
    const { sent, packets } = this.#outbox.stream({ ...peer, packetsMax }, this.#records(slots), out);
    this.#tokens -= packets;
    const { liveCount: count, hash } = table;
    this.#outbox.toAddress(peer.address, peer.slot, [{ kind: "sync-end", count, hash, truncated: sent < slots.length }], out);
  }
  /** The answer is complete, or somebody hints that we differ. */
  ended(now, peer, end, out) {
    const { table } = this.#parts;
    const isAnswer = this.#asked === peer.address;
    if (isAnswer)
      this.#asked = void 0;
    if (isAnswer && this.#welcomers.size > 0 && !this.#welcomers.delete(peer.address))
      this.#welcomers.clear();
    else
      this.#welcomers.delete(peer.address);
    if (!this.#caughtUp)
      this.#wanted = Math.max(this.#wanted, end.count);
    if (this.#isEqual(end)) {
      this.#agreed(now);
      return;
    }
    if (!isAnswer) {
      this.compare(now, peer, end, out);
      return;
    }
    this.#isAnswered = true;
    if (end.truncated) {
      if (table.hash !== this.#hashBefore)
        this.pull(now, peer, out);
      else
        this.#eagerAt = Math.min(this.#eagerAt, after(now, this.#waitMs / 4));
      return;
    }
    const { liveCount: count, hash } = table;
    this.#outbox.toAddress(peer.address, peer.slot, [{ kind: "sync-end", count, hash, truncated: false }], out);
  }
  /** Somebody has the same table: whatever was asked for in vain is over. */
  #agreed(now) {
    this.#waitMs = this.#parts.options.syncPeriodMs;
    if (this.#nextPullAt - now > this.#waitMs)
      this.#nextPullAt = after(now, this.#waitMs);
  }
  /** Whoever is far behind does not wait long, however often it asked in vain: it may have asked others that were behind too. */
  #mayPullAt(digest) {
    const { table, options } = this.#parts;
    const isFull = table.liveCount + table.goneCount >= options.membersMax;
    const isBehind = digest.count - table.liveCount > smallDifference && !isFull;
    return isBehind ? Math.min(this.#nextPullAt, this.#askedAt + waitBehindMsMax) : this.#nextPullAt;
  }
  /** Each in turn. */
  #nextWelcomer() {
    for (const [address, peer] of this.#welcomers) {
      this.#welcomers.delete(address);
      this.#welcomers.set(address, peer);
      return peer;
    }
    return void 0;
  }
  #firstWaitMs() {
    return this.#parts.options.syncPeriodMs / 2;
  }
  /** A process whose clock went back lives below its own tombstone, and only it can rise above that. */
  #tellLaterLife(peer, out) {
    const { table } = this.#parts;
    const slot = table.findSlot(peer.head.name);
    if (slot < 0 || table.lifeOf(slot).epoch <= peer.head.epoch)
      return;
    const record = { kind: "record", life: table.lifeOf(slot), incarnation: table.incarnationOf(slot) };
    this.#outbox.toAddress(peer.address, -1, [record], out);
  }
  #eagerWaitMs() {
    return this.#parts.options.syncPeriodMs * 2 + this.#parts.random.below(this.#parts.options.syncPeriodMs * 2);
  }
  #isEqual(digest) {
    return digest.hash === this.#parts.table.hash && digest.count === this.#parts.table.liveCount;
  }
  /** Starts at a random place, so that several answers that were cut short differ. */
  #slotsThatDiffer(sync) {
    const { table, random } = this.#parts;
    const differs = [];
    for (let index = 0; index < sync.leaves.length; index += 1) {
      differs.push(sync.leaves[index] !== table.leafHash(index, sync.bits));
    }
    const slots = [];
    const { capacity } = table;
    const start = capacity === 0 ? 0 : random.below(capacity);
    for (let step2 = 0; step2 < capacity; step2 += 1) {
      const slot = (start + step2) % capacity;
      if (table.isLive(slot) && differs[table.leafOf(slot, sync.bits)] === true)
        slots.push(slot);
    }
    return slots;
  }
  *#records(slots) {
    const { table } = this.#parts;
    for (const slot of slots) {
      yield { kind: "record", life: table.lifeOf(slot), incarnation: table.incarnationOf(slot) };
    }
  }
  #refill(now) {
    const { syncPacketsPerSecond } = this.#parts.options;
    const gained = (now - this.#tokensAt) * syncPacketsPerSecond / 1e3;
    this.#tokens = Math.min(syncPacketsPerSecond, this.#tokens + gained);
    this.#tokensAt = now;
  }
};
var welcomersMax = 64;
var eagerMs = 3e3;
var settledRounds = 4;
var smallDifference = 3;
var waitMsMax = 1e4;
var waitBehindMsMax = 1e3;

// dist/protocol/swim/catalogue.js
var MemberCatalogue = class {
  #slots = /* @__PURE__ */ new Map();
  #names = [];
  #hashes = [];
  #slotUses = [];
  #latest = [];
  #freeSlots = [];
  #lives = [void 0];
  #lifeUses = [0];
  #freeLives = [];
  /** One more than the largest slot in use. */
  get capacity() {
    return this.#names.length;
  }
  /** The slot of a name, or -1. */
  findSlot(name) {
    return this.#slots.get(name) ?? -1;
  }
  nameOf(slot) {
    return this.#names[slot] ?? "";
  }
  /** A hash of the name, the same on every node. */
  hashOf(slot) {
    return this.#hashes[slot] ?? 0;
  }
  /** Takes a slot for a name: one more user of it. */
  retainSlot(name) {
    const known = this.#slots.get(name);
    if (known !== void 0) {
      this.#slotUses[known] = (this.#slotUses[known] ?? 0) + 1;
      return known;
    }
    const slot = this.#freeSlots.pop() ?? this.#names.length;
    this.#slots.set(name, slot);
    this.#names[slot] = name;
    this.#hashes[slot] = hashText(name);
    this.#slotUses[slot] = 1;
    this.#latest[slot] = 0;
    return slot;
  }
  releaseSlot(slot) {
    const uses = (this.#slotUses[slot] ?? 0) - 1;
    this.#slotUses[slot] = uses;
    if (uses > 0)
      return;
    this.#slots.delete(this.nameOf(slot));
    this.#names[slot] = "";
    this.#freeSlots.push(slot);
  }
  lifeOf(life) {
    return must(this.#lives[life], "a life that is in use");
  }
  /** Takes the number of a life: the one the slot's last user took, when it says the same. */
  retainLife(slot, life) {
    const latest = this.#latest[slot] ?? 0;
    const known = this.#lives[latest];
    if (known !== void 0 && isSameLife(known, life)) {
      this.#lifeUses[latest] = (this.#lifeUses[latest] ?? 0) + 1;
      return latest;
    }
    const number = this.#freeLives.pop() ?? this.#lives.length;
    this.#lives[number] = life;
    this.#lifeUses[number] = 1;
    this.#latest[slot] = number;
    return number;
  }
  /** One more user of a slot and a life that another table holds; for tables that start as a copy. */
  retainBoth(slot, life) {
    this.#slotUses[slot] = (this.#slotUses[slot] ?? 0) + 1;
    this.#lifeUses[life] = (this.#lifeUses[life] ?? 0) + 1;
  }
  releaseLife(life) {
    const uses = (this.#lifeUses[life] ?? 0) - 1;
    this.#lifeUses[life] = uses;
    if (uses > 0)
      return;
    this.#lives[life] = void 0;
    this.#freeLives.push(life);
  }
};
function isSameLife(left, right) {
  return left.epoch === right.epoch && left.name === right.name && left.address === right.address && left.wireMin === right.wireMin && left.wireMax === right.wireMax && left.metadataVersion === right.metadataVersion && left.metadataHash === right.metadataHash && left.metadataBytes === right.metadataBytes;
}

// dist/protocol/swim/claims.js
var Claims = class {
  #parts;
  #outbox;
  #drawSeq;
  #open = /* @__PURE__ */ new Map();
  #proved;
  constructor(parts, outbox, drawSeq) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = drawSeq;
  }
  /** When `tick` has something to do. */
  get nextAt() {
    let next = Number.POSITIVE_INFINITY;
    for (const { endAt, againAt } of this.#open.values())
      next = Math.min(next, endAt, againAt);
    return next;
  }
  /** Whether a later life of the member at `slot` is still to be proved; it is asked for the proof. */
  holds(now, slot, record, out) {
    const { table, counts, options } = this.#parts;
    const { name, epoch, address } = record.life;
    const needsProof = options.proveClaims && table.isLive(slot) && table.lifeOf(slot).address !== address;
    if (record === this.#proved || !needsProof)
      return false;
    for (const open of this.#open.values()) {
      if (open.record.life.name === name && open.record.life.epoch === epoch)
        return true;
    }
    if (this.#open.size >= claimsMax) {
      counts["drop-claim-full"] += 1;
      return true;
    }
    const seq = this.#drawSeq();
    const endAt = after(now, options.nameCheckMs);
    this.#open.set(seq, { record, endAt, againAt: after(now, options.nameCheckMs / 2) });
    this.#ping(seq, record, out);
    return true;
  }
  /** An answer came from this life; returns what it proves. Call `learn` with it before anything else. */
  acked(seq, { name, epoch }) {
    const life = this.#open.get(seq)?.record.life;
    if (life === void 0 || life.name !== name || life.epoch !== epoch)
      return void 0;
    this.#proved = this.#open.get(seq)?.record;
    this.#open.delete(seq);
    return this.#proved;
  }
  /** Somebody else is there. Returns whether the question was ours. */
  gone(seq) {
    return this.#drop(seq);
  }
  tick(now, out) {
    for (const [seq, claim] of this.#open) {
      if (now >= claim.endAt)
        this.#drop(seq);
      else if (now >= claim.againAt) {
        claim.againAt = Number.POSITIVE_INFINITY;
        this.#ping(seq, claim.record, out);
      }
    }
  }
  #drop(seq) {
    const wasOpen = this.#open.delete(seq);
    if (wasOpen)
      this.#parts.counts["claim-unproved"] += 1;
    return wasOpen;
  }
  #ping(seq, { life }, out) {
    const { name, epoch, address } = life;
    this.#outbox.toAddress(address, -1, [{ kind: "ping", seq, name, epoch }], out);
  }
};
var claimsMax = 64;

// dist/protocol/swim/counts.js
var countNames = [
  "datagrams-received",
  "datagrams-sent",
  "bytes-received",
  "bytes-sent",
  "drop-label",
  "drop-version",
  "drop-malformed",
  "drop-sealed",
  "drop-plain",
  "drop-unauthentic",
  "drop-replay",
  "drop-busy",
  "drop-amplifying",
  "drop-unknown-part",
  "drop-own",
  "drop-stranger",
  "drop-table-full",
  "drop-relay-full",
  "drop-gossip-full",
  "drop-spread-full",
  "drop-claim-full",
  "probe-started",
  "probe-indirect",
  "probe-failed",
  "nack-missed",
  "suspicion-started",
  "suspicion-confirmed",
  "suspicion-refuted",
  "suspicion-held",
  "suspicion-withdrawn",
  "refuted-self",
  "failed-by-us",
  "failed-by-others",
  "life-replaced",
  "claim-unproved",
  "address-taken",
  "sync-asked",
  "sync-answered",
  "sync-refused",
  "name-checked",
  "reconnect-tried",
  "stalled",
  "metadata-asked",
  "metadata-pulled",
  "metadata-broken"
];
function createSwimCounts() {
  const counts = {};
  for (const name of countNames)
    counts[name] = 0;
  return counts;
}

// dist/protocol/swim/dissemination.js
var Dissemination = class {
  #factor;
  #max;
  #shelves = [];
  #bySubject = /* @__PURE__ */ new Map();
  #dropped = 0;
  constructor(factor, max) {
    this.#factor = factor;
    this.#max = max;
  }
  /** Pieces that are still to be told. */
  get size() {
    return this.#bySubject.size;
  }
  /** Pieces that were pushed out because too much waited. */
  get dropped() {
    return this.#dropped;
  }
  /** Times that a piece is told in a cluster of this size. */
  tellings(members) {
    return this.#factor * Math.ceil(Math.log10(members + 1));
  }
  /** Queues news about `subject`, and forgets what was queued about it before. */
  tell(subject, bytes) {
    const old = this.#bySubject.get(subject);
    if (old !== void 0)
      old.current = false;
    else if (this.#bySubject.size >= this.#max)
      this.#dropMostTold();
    const news = { subject, bytes, current: true };
    this.#bySubject.set(subject, news);
    this.#shelf(0).push(news);
  }
  isTelling(subject) {
    return this.#bySubject.has(subject);
  }
  forget(subject) {
    const news = this.#bySubject.get(subject);
    if (news === void 0)
      return;
    news.current = false;
    this.#bySubject.delete(subject);
  }
  /** Packs as much as fits; what was packed has been told once more. */
  pack(target, members) {
    if (this.#bySubject.size === 0)
      return 0;
    const limit = this.tellings(members);
    let packed = 0;
    const moved = [];
    for (let told = 0; told < this.#shelves.length && target.room > smallestNews; told += 1) {
      packed += this.#packShelf(told, target, moved);
    }
    for (const [told, news] of moved) {
      if (told + 1 >= limit)
        this.#bySubject.delete(news.subject);
      else
        this.#shelf(told + 1).push(news);
    }
    return packed;
  }
  #packShelf(told, target, moved) {
    const shelf = this.#shelves[told] ?? [];
    let packed = 0;
    let misfits = 0;
    for (let index = shelf.length - 1; index >= 0; index -= 1) {
      const news = shelf[index];
      if (news === void 0)
        continue;
      if (!news.current) {
        shelf.splice(index, 1);
      } else if (target.addBytes(news.bytes)) {
        shelf.splice(index, 1);
        moved.push([told, news]);
        packed += 1;
      } else {
        misfits += 1;
        if (misfits >= misfitsMax)
          break;
      }
    }
    return packed;
  }
  #dropMostTold() {
    for (let told = this.#shelves.length - 1; told >= 0; told -= 1) {
      const shelf = this.#shelves[told] ?? [];
      for (let news = shelf.shift(); news !== void 0; news = shelf.shift()) {
        if (!news.current)
          continue;
        this.forget(news.subject);
        this.#dropped += 1;
        return;
      }
    }
  }
  #shelf(told) {
    while (this.#shelves.length <= told)
      this.#shelves.push([]);
    return this.#shelves[told] ?? [];
  }
};
var smallestNews = 16;
var misfitsMax = 4;

// dist/protocol/swim/parts.js
var Agenda = class {
  #probes = [];
  #pulls = /* @__PURE__ */ new Set();
  /** Asks for a probe at the next turn. */
  wantProbe(slot) {
    if (this.#probes.length < agendaMax && !this.#probes.includes(slot))
      this.#probes.push(slot);
  }
  takeProbe() {
    return this.#probes.shift();
  }
  wantMetadata(slot) {
    if (this.#pulls.size < pullsMax)
      this.#pulls.add(slot);
  }
  takeMetadata() {
    for (const slot of this.#pulls) {
      this.#pulls.delete(slot);
      return slot;
    }
    return void 0;
  }
  get wantsMetadata() {
    return this.#pulls.size > 0;
  }
};
var agendaMax = 64;
var pullsMax = 65536;
var Ears = class {
  #heardAt;
  #inVain = 0;
  #forgivenAt;
  constructor(now) {
    this.#heardAt = now;
    this.#forgivenAt = now;
  }
  get isDeaf() {
    return this.#inVain >= probesInVain;
  }
  /** When something came last. */
  get heardAt() {
    return this.#heardAt;
  }
  /** Nothing came for so long that it is our own fault: an answer and a question are due each period. */
  isSilent(now, periodMs) {
    return now - this.#heardAt > periodMs * silentPeriods;
  }
  /** Notes a datagram; returns how long this node was silent until now, or 0 for no longer than usual. */
  heard(now, periodMs) {
    const silentMs = this.isSilent(now, periodMs) ? now - this.#heardAt : 0;
    this.#heardAt = now;
    this.#inVain = 0;
    if (silentMs > 0)
      this.#forgivenAt = now;
    return silentMs;
  }
  /** A probe that began then ended without an answer. */
  probedInVain(startedAt) {
    if (this.#heardAt < startedAt)
      this.#inVain += 1;
  }
  silentMs(now) {
    return now - this.#heardAt;
  }
  /** The loop stood still; returns whether that time, or some of it, was made up for as silence already. */
  stalled(now, stallMs) {
    this.#inVain = 0;
    return now - this.#forgivenAt < stallMs;
  }
};
var probesInVain = 2;
var silentPeriods = 2;
var deafMembersMin = 3;

// dist/protocol/swim/doubts.js
var Doubts = class {
  #parts;
  #facts;
  #slots = [];
  constructor(parts, facts) {
    this.#parts = parts;
    this.#facts = facts;
  }
  /** Whether a probe that waited since then is no evidence: so many could have been heard, and nobody was. */
  isOwnFault(waitedFrom) {
    const { options, table, ears } = this.#parts;
    return options.holdWhenDeaf && table.liveCount >= deafMembersMin && ears.heardAt < waitedFrom;
  }
  /** Suspects a member and tells nobody. */
  doubt(now, slot, out) {
    const { table, suspicions, self } = this.#parts;
    if (!table.isAlive(slot) || this.#slots.length >= doubtsMax)
      return;
    const incarnation = table.incarnationOf(slot);
    const suspicion = suspicions.start(now, { slot, incarnation }, { members: table.liveCount });
    suspicion.isPrivate = true;
    suspicion.own = true;
    suspicions.confirm(suspicion, self.life.name, false);
    table.mark(slot, "suspect", incarnation, now);
    this.#slots.push(slot);
    this.#facts.emit("suspect", slot, out);
  }
  /** Something came through. */
  withdraw(out) {
    const { table, suspicions, agenda, counts } = this.#parts;
    for (const slot of this.#slots.splice(0)) {
      const suspicion = suspicions.find(slot);
      if (suspicion?.isPrivate !== true)
        continue;
      counts["suspicion-withdrawn"] += 1;
      suspicions.close(slot);
      table.mark(slot, "alive", suspicion.incarnation, suspicion.startedAt);
      agenda.wantProbe(slot);
      this.#facts.emit("alive", slot, out);
    }
  }
};
var doubtsMax = 64;

// dist/protocol/swim/facts.js
var Facts = class {
  #parts;
  #owner;
  /** Who passed on a good-bye that is not confirmed yet, by slot. */
  #farewells = /* @__PURE__ */ new Map();
  #changedAt;
  constructor(parts, owner, now) {
    this.#parts = parts;
    this.#owner = owner;
    this.#changedAt = now;
  }
  /** When the set of live members last changed. */
  get changedAt() {
    return this.#changedAt;
  }
  /** When `tick` has something to do. */
  get nextAt() {
    return this.#parts.suspicions.nextAt;
  }
  /** A member's own word, passed on or first-hand. News is passed on further; the answer to a pull is not. */
  learn(now, record, out) {
    const { life, incarnation } = record;
    const { table, self, options, counts, agenda } = this.#parts;
    if (life.name === self.life.name) {
      this.#learnOfSelf(now, record, out);
      return;
    }
    const slot = table.findSlot(life.name);
    if (slot < 0) {
      if (table.liveCount + table.goneCount >= options.membersMax)
        counts["drop-table-full"] += 1;
      else
        this.#admit(now, record, out);
      return;
    }
    const known = table.lifeOf(slot);
    if (life.epoch < known.epoch)
      return;
    if (life.epoch > known.epoch) {
      if (this.#owner.holdsClaim(now, slot, record, out))
        return;
      this.#replace(now, slot, record, out);
      return;
    }
    const knownIncarnation = table.incarnationOf(slot);
    if (incarnation <= knownIncarnation) {
      if (table.findStatus(slot) === "failed" && incarnation === knownIncarnation)
        agenda.wantProbe(slot);
      if (table.findStatus(slot) === "left")
        this.#tell(slot);
      return;
    }
    this.#renewBelief(now, slot, record, out);
  }
  /** Somebody could not reach a member. */
  suspect(now, message, out) {
    const slot = this.#findSubject(now, "suspect", message, out);
    if (slot >= 0)
      this.#accuse(now, slot, message, out);
  }
  /** Our own probe of a member failed, or its machine refused us. */
  accuse(now, slot, refused, out) {
    const { table, self } = this.#parts;
    const { name, epoch } = table.lifeOf(slot);
    const claim = { name, epoch, incarnation: table.incarnationOf(slot), from: self.life.name };
    if (table.isLive(slot)) {
      this.#accuse(now, slot, { kind: "suspect", ...claim, refused }, out);
      const suspicion = this.#parts.suspicions.find(slot);
      if (suspicion !== void 0)
        suspicion.own = true;
    } else if (table.findStatus(slot) === "failed") {
      this.#parts.gossip.tell(slot, partToBytes({ kind: "suspect", ...claim, refused }));
    }
  }
  /** Somebody waited long enough. */
  failed(now, claim, out) {
    const slot = this.#findSubject(now, "failed", claim, out);
    if (slot < 0)
      return;
    const { options, suspicions, counts } = this.#parts;
    if (!options.confirmDeath) {
      counts["failed-by-others"] += 1;
      this.#remove(now, slot, { kind: "failed", ...claim }, out);
      return;
    }
    this.#accuse(now, slot, { kind: "suspect", ...claim, refused: false }, out);
    const suspicion = suspicions.find(slot);
    if (suspicion === void 0)
      return;
    if (this.#isConfirmed(now, suspicion)) {
      counts["failed-by-others"] += 1;
      this.#remove(now, slot, { kind: "failed", ...claim }, out);
      return;
    }
    suspicions.hasten(suspicion);
  }
  /** A member said good-bye. `relayer` is who told us. */
  left(now, claim, relayer, out) {
    const slot = this.#findSubject(now, "left", claim, out);
    if (slot < 0)
      return;
    const first = this.#farewells.get(slot);
    const believed = relayer === claim.name || !this.#parts.options.confirmDeath || this.#parts.table.liveCount < 4 || first !== void 0 && first !== relayer;
    if (believed)
      this.#remove(now, slot, { kind: "left", ...claim }, out);
    else if (this.#farewells.size < farewellsMax)
      this.#farewells.set(slot, relayer);
  }
  /** Ends suspicions that are due, and forgets old tombstones. */
  tick(now, out) {
    const { suspicions, table, self, counts } = this.#parts;
    for (const suspicion of suspicions.takeDue(now)) {
      if (this.#holds(now, suspicion)) {
        counts["suspicion-held"] += 1;
        suspicions.putOff(suspicion, after(now, this.#parts.options.gossipPeriodMs));
        continue;
      }
      counts["failed-by-us"] += 1;
      const { name, epoch } = table.lifeOf(suspicion.slot);
      const claim = { name, epoch, incarnation: suspicion.incarnation, from: self.life.name };
      this.#remove(now, suspicion.slot, { kind: "failed", ...claim }, out);
    }
  }
  /** Forgets tombstones that are old enough; returns how many. */
  sweep(now) {
    const { table, options, gossip, lags, returns } = this.#parts;
    let swept = 0;
    for (const slot of table.goneSlots()) {
      if (now - (table.findGoneAt(slot) ?? now) < options.tombstoneMs)
        break;
      table.forget(slot);
      returns.forget(slot);
      gossip.forget(slot);
      lags.forget(slot);
      swept += 1;
    }
    return swept;
  }
  /** Objects to an accusation, or announces a change: a higher incarnation than anybody may hold. */
  refute(incarnation) {
    const { self } = this.#parts;
    self.outgrow(incarnation);
    this.announce();
  }
  /** Writes our own state into the table and tells it. */
  announce() {
    const { self, table, gossip } = this.#parts;
    const slot = table.put(self.life, self.incarnation);
    gossip.tell(slot, partToBytes({ kind: "alive", life: self.life, incarnation: self.incarnation }));
  }
  /** A member as others see it. */
  toMember(slot) {
    const { table } = this.#parts;
    const { name, epoch, address, wireMin, wireMax } = table.lifeOf(slot);
    return {
      name,
      epoch,
      address,
      wireMin,
      wireMax,
      status: table.findStatus(slot) ?? "failed",
      incarnation: table.incarnationOf(slot),
      lagMs: this.#parts.lags.find(slot),
      metadata: this.#owner.findMetadata(slot)
    };
  }
  /** Tells everybody about a member. */
  emit(kind, slot, out) {
    if (kind === "joined")
      this.#owner.came(slot);
    out.changed({ kind, member: this.toMember(slot) });
  }
  #learnOfSelf(now, record, out) {
    const { life, incarnation } = record;
    const { self } = this.#parts;
    if (life.epoch > self.life.epoch) {
      this.#owner.claimed(now, life, out);
    } else if (life.epoch === self.life.epoch && this.#owner.answersAccusations()) {
      const isOurs = incarnation < self.incarnation || incarnation === self.incarnation && isSameLife(life, self.life);
      if (!isOurs)
        this.refute(Math.min(incarnation, incarnationMax - 1));
    }
  }
  #admit(now, record, out) {
    const slot = this.#parts.table.put(record.life, record.incarnation);
    this.#changedAt = now;
    this.#wantMetadata(slot);
    if (record.kind === "alive")
      this.#tell(slot);
    this.emit("joined", slot, out);
  }
  #replace(now, slot, record, out) {
    const { table, suspicions, counts } = this.#parts;
    const wasLive = table.isLive(slot);
    counts["life-replaced"] += 1;
    suspicions.close(slot);
    this.#parts.lags.forget(slot);
    this.#parts.returns.forget(slot);
    this.#farewells.delete(slot);
    if (wasLive) {
      table.mark(slot, "failed", table.incarnationOf(slot), now);
      this.#owner.went(now, slot, "left");
      this.emit("failed", slot, out);
    }
    table.put(record.life, record.incarnation);
    this.#changedAt = now;
    this.#wantMetadata(slot);
    this.#tell(slot);
    this.emit("joined", slot, out);
  }
  #renewBelief(now, slot, record, out) {
    const { life, incarnation } = record;
    const { table, suspicions, counts } = this.#parts;
    const before = table.findStatus(slot);
    const known = table.lifeOf(slot);
    if (suspicions.find(slot) !== void 0)
      counts["suspicion-refuted"] += 1;
    suspicions.close(slot);
    this.#parts.lags.heard(slot);
    this.#farewells.delete(slot);
    table.put(life, incarnation);
    if (known.metadataVersion !== life.metadataVersion)
      this.#wantMetadata(slot);
    this.#tell(slot);
    if (before === "failed")
      this.#parts.returns.add(now, slot);
    if (before === "failed" || before === "left") {
      this.#changedAt = now;
      this.emit("joined", slot, out);
    } else if (before === "suspect") {
      this.emit("alive", slot, out);
    }
    if (before !== "failed" && before !== "left" && known.address !== life.address)
      this.emit("updated", slot, out);
  }
  /** The slot of a live subject that the claim is about, or -1 when there is nothing to do, or it was about us. */
  #findSubject(now, kind, claim, out) {
    const { table, self, health, counts } = this.#parts;
    if (claim.name === self.life.name) {
      const accused = claim.epoch === self.life.epoch && claim.incarnation >= self.incarnation;
      if (accused && this.#owner.answersAccusations()) {
        counts["refuted-self"] += 1;
        health.change(1);
        this.refute(Math.min(claim.incarnation, incarnationMax - 1));
      }
      return -1;
    }
    const slot = table.findSlot(claim.name);
    if (slot < 0 || table.lifeOf(slot).epoch !== claim.epoch)
      return -1;
    if (claim.incarnation < table.incarnationOf(slot))
      return -1;
    return table.isLive(slot) || this.#isRaised(now, slot, { kind, incarnation: claim.incarnation }, out) ? slot : -1;
  }
  /** What a claim does to a tombstone; true when the member lives again, for somebody doubts an incarnation that we never saw. */
  #isRaised(now, slot, claim, out) {
    const { table } = this.#parts;
    const { kind, incarnation } = claim;
    const isNewer = incarnation > table.incarnationOf(slot);
    if (kind === "suspect") {
      if (!isNewer)
        return false;
      table.mark(slot, "alive", incarnation, now);
      this.#changedAt = now;
      this.emit("joined", slot, out);
      return true;
    }
    const wasLeft = table.findStatus(slot) === "left";
    if (isNewer || kind === "left" && !wasLeft)
      table.mark(slot, kind, incarnation, now);
    if (kind === "left" && !wasLeft)
      this.#owner.went(now, slot, "left");
    return false;
  }
  #accuse(now, slot, message, out) {
    const { table, suspicions, gossip, counts, self } = this.#parts;
    const open = suspicions.find(slot);
    const isKnown = message.from === self.life.name || table.findSlot(message.from) >= 0;
    if (open !== void 0 && open.incarnation === message.incarnation) {
      if (!isKnown || !suspicions.confirm(open, message.from, message.refused))
        return;
      counts["suspicion-confirmed"] += 1;
      gossip.tell(slot, partToBytes(message));
      return;
    }
    const subject = { slot, incarnation: message.incarnation };
    const suspicion = suspicions.start(now, subject, {
      members: table.liveCount,
      isPatient: this.#parts.options.patientAfterReturn && this.#parts.returns.isRecent(now, slot)
    });
    if (isKnown)
      suspicions.confirm(suspicion, message.from, message.refused);
    counts["suspicion-started"] += 1;
    this.#parts.lags.silentFrom(slot, now);
    const wasAlive = table.isAlive(slot);
    table.mark(slot, "suspect", message.incarnation, now);
    this.#reviewConfirmers();
    gossip.tell(slot, partToBytes(message));
    this.#dogpile(slot);
    if (wasAlive)
      this.emit("suspect", slot, out);
  }
  /** Looks for itself at the next turn, together with so many others that the confirmations come at once. */
  #dogpile(slot) {
    const { options, table, random, agenda } = this.#parts;
    if (!options.dogpile)
      return;
    const others = Math.max(1, table.liveCount);
    if (others <= options.dogpileNodes || random.below(others) < options.dogpileNodes)
      agenda.wantProbe(slot);
  }
  /** Another's word is believed once we saw it ourselves, or two agree and our own suspicion is nearly over. */
  #isConfirmed(now, suspicion) {
    const waitedMs = now - suspicion.startedAt;
    const refusedMs = suspicion.refusers.length >= 2 ? this.#parts.options.suspicionRefusedMs : Number.POSITIVE_INFINITY;
    const enoughMs = Math.min(suspicion.times.minMs, refusedMs) * confirmedShare;
    if (waitedMs < enoughMs)
      return false;
    return suspicion.own || suspicion.accusers.length >= 2 || this.#parts.table.liveCount < 4;
  }
  #holds(now, suspicion) {
    const { options, ears, table } = this.#parts;
    if (!options.holdWhenDeaf || table.liveCount < deafMembersMin || suspicion.refusers.length > 0)
      return false;
    if (!ears.isSilent(now, options.probePeriodMs))
      return false;
    return suspicion.forgivenMs + ears.silentMs(now) < suspicion.forgivableMs;
  }
  #remove(now, slot, news, out) {
    const { table, suspicions, gossip } = this.#parts;
    suspicions.close(slot);
    if (news.kind === "left")
      this.#parts.lags.forget(slot);
    this.#farewells.delete(slot);
    table.mark(slot, news.kind, news.incarnation, now);
    this.#changedAt = now;
    gossip.tell(slot, partToBytes(news));
    this.#reviewConfirmers();
    this.#owner.went(now, slot, news.kind);
    this.emit(news.kind, slot, out);
  }
  /** In a small cluster the members that could confirm may be the ones in doubt: then nobody waits for them. */
  #reviewConfirmers() {
    const { table, suspicions, options } = this.#parts;
    const others = table.liveCount - table.suspectCount - 1;
    if (others < options.suspicionConfirmations)
      suspicions.limitConfirmations(others);
  }
  #tell(slot) {
    const { table, gossip } = this.#parts;
    const { name, epoch } = table.lifeOf(slot);
    const incarnation = table.incarnationOf(slot);
    if (table.findStatus(slot) === "left")
      gossip.tell(slot, partToBytes({ kind: "left", name, epoch, incarnation }));
    else
      gossip.tell(slot, partToBytes({ kind: "alive", life: table.lifeOf(slot), incarnation }));
  }
  #wantMetadata(slot) {
    if (this.#parts.table.lifeOf(slot).metadataVersion > 0)
      this.#parts.agenda.wantMetadata(slot);
  }
};
var farewellsMax = 1024;
var confirmedShare = 0.8;

// dist/protocol/swim/name-check.js
var NameCheck = class {
  #parts;
  #outbox;
  #drawSeq;
  #claim;
  #seq = 0;
  #pingAt;
  #endAt;
  constructor(parts, outbox, start) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = () => start.drawSeq();
    this.#pingAt = start.now;
    this.#endAt = start.now;
  }
  get isRunning() {
    return this.#claim !== void 0;
  }
  get nextAt() {
    return this.#claim === void 0 ? Number.POSITIVE_INFINITY : Math.min(this.#pingAt, this.#endAt);
  }
  /** Begins, unless a check is already running. */
  start(now, claim, out) {
    if (this.#claim !== void 0)
      return;
    this.#parts.counts["name-checked"] += 1;
    this.#claim = claim;
    this.#seq = this.#drawSeq();
    this.#endAt = after(now, this.#parts.options.nameCheckMs);
    this.#ping(now, out);
  }
  /** An answer came; the verdict if it was to this check. */
  acked(seq) {
    return this.#claim !== void 0 && seq === this.#seq ? this.#end("answers") : void 0;
  }
  /** Somebody else is at that address. */
  gone(seq) {
    return this.#claim !== void 0 && seq === this.#seq ? this.#end("silent") : void 0;
  }
  /** Asks again, or gives up. */
  tick(now, out) {
    if (this.#claim === void 0)
      return void 0;
    if (now >= this.#endAt)
      return this.#end("silent");
    if (now >= this.#pingAt)
      this.#ping(now, out);
    return void 0;
  }
  slip(byMs) {
    this.#pingAt = after(this.#pingAt, byMs);
    this.#endAt = after(this.#endAt, byMs);
  }
  #ping(now, out) {
    const claim = this.#claim;
    if (claim === void 0)
      return;
    this.#pingAt = after(now, this.#parts.options.nameCheckMs / pingsPerCheck);
    const { name } = this.#parts.self.life;
    this.#outbox.toAddress(claim.address, -1, [{ kind: "ping", seq: this.#seq, name, epoch: claim.epoch }], out);
  }
  #end(kind) {
    const claim = this.#claim;
    this.#claim = void 0;
    return claim === void 0 ? void 0 : { kind, claim };
  }
};
var pingsPerCheck = 4;

// dist/protocol/swim/joiner.js
var Joiner = class {
  #deps;
  #check;
  #nonce;
  #phase = "idle";
  #welcomer;
  constructor(deps) {
    this.#deps = deps;
    this.#check = new NameCheck(deps.parts, deps.outbox, deps);
    this.#nonce = deps.parts.random.below(4294967295);
  }
  get phase() {
    return this.#phase;
  }
  get nextAt() {
    return this.#check.nextAt;
  }
  /** Changes the phase; a fault says why. */
  enter(phase, fault, out) {
    if (phase === this.#phase)
      return;
    this.#phase = phase;
    out.phased(phase, fault);
  }
  /** Asks addresses what they know. Those of live members are left out once we are up. */
  contact(addresses, out) {
    if (this.#phase === "idle")
      this.enter("joining", void 0, out);
    if (this.#phase !== "joining" && this.#phase !== "up")
      return;
    const { self } = this.#deps.parts;
    for (const address of addresses) {
      if (address === self.life.address)
        continue;
      const join = { kind: "join", nonce: this.#nonce, life: self.life, incarnation: self.incarnation };
      this.#deps.outbox.padded(address, [join], out);
    }
  }
  /** Announces ourselves; nobody answered, or nobody had to be asked. */
  comeUp(now, out) {
    if (this.#phase !== "idle" && this.#phase !== "joining")
      return;
    this.enter("up", void 0, out);
    this.#deps.facts.announce();
    this.#deps.antiEntropy.beginEagerly(now);
    if (this.#welcomer !== void 0)
      this.#greet(now, this.#welcomer, out);
  }
  /** Somebody asks what we know of its name. Answered by everybody that runs, so that nodes that start together find each other. */
  asked(from, join, out) {
    if (this.#phase !== "joining" && this.#phase !== "up")
      return;
    const { table } = this.#deps.parts;
    const { liveCount: count, hash } = table;
    const known = this.#phase === "up" ? this.#knownOf(join.life.name) : this.#knownOfOther(join.life.name);
    this.#deps.outbox.toAddress(from, -1, [{ kind: "welcome", nonce: join.nonce, count, hash, known }], out);
  }
  /** An answer to `contact`. `peer.slot` is -1 while the sender is unknown here. */
  welcomed(now, peer, welcome, out) {
    if (welcome.nonce !== this.#nonce)
      return;
    if (this.#phase === "joining")
      this.#judgeJoin(now, peer, welcome, out);
    else if (this.#phase === "up")
      this.#judgeUp(now, peer, welcome, out);
  }
  /** A node that we asked cannot read us. */
  incompatible(other, out) {
    const { wireMin, wireMax } = this.#deps.parts.self.life;
    const isTrue = other.wireMin > wireMax || other.wireMax < wireMin;
    if (this.#phase === "joining" && isTrue)
      this.enter("refused", { kind: "incompatible", ...other }, out);
  }
  /** News of a later life of our own name. */
  claimed(now, life, out) {
    const { parts } = this.#deps;
    if (life.epoch <= parts.self.life.epoch || this.#phase !== "up" && this.#phase !== "joining")
      return;
    if (life.address === parts.self.life.address)
      this.#rise(life.epoch, out);
    else
      this.#check.start(now, life, out);
  }
  acked(now, seq, out) {
    return this.#judgeCheck(now, this.#check.acked(seq), out);
  }
  gone(now, seq, out) {
    return this.#judgeCheck(now, this.#check.gone(seq), out);
  }
  tick(now, out) {
    this.#judgeCheck(now, this.#check.tick(now, out), out);
  }
  slip(byMs) {
    this.#check.slip(byMs);
  }
  /** True while this node takes part: up, or on its way out. */
  get isRunning() {
    return this.#phase === "up" || this.#phase === "leaving";
  }
  /** True while accusations are ours to answer. */
  get isUp() {
    return this.#phase === "up";
  }
  #judgeJoin(now, peer, { known }, out) {
    this.#welcomer = peer;
    if (this.#check.isRunning)
      return;
    const { life } = this.#deps.parts.self;
    if (known === void 0) {
      this.comeUp(now, out);
      return;
    }
    const isLive = known.status === "alive" || known.status === "suspect";
    if (isLive && known.address !== life.address) {
      this.#check.start(now, known, out);
      return;
    }
    if (known.epoch >= life.epoch)
      this.#rise(known.epoch, out);
    this.comeUp(now, out);
  }
  #judgeUp(now, peer, welcome, out) {
    const { parts, facts, antiEntropy } = this.#deps;
    const { known } = welcome;
    const { life, incarnation } = parts.self;
    if (known?.epoch === life.epoch) {
      if (known.status !== "alive" && known.incarnation >= incarnation)
        facts.refute(known.incarnation);
    } else if (known !== void 0 && known.epoch > life.epoch) {
      this.claimed(now, { ...life, epoch: known.epoch, address: known.address }, out);
    }
    if (known?.epoch !== life.epoch || known.status !== "alive")
      this.#greet(now, peer, out);
    else
      antiEntropy.compare(now, peer, welcome, out);
  }
  /** Tells a node that does not know us who we are, and asks for whom it knows. */
  #greet(now, peer, out) {
    this.#deps.antiEntropy.pullFirst(now, peer, out);
  }
  #judgeCheck(now, verdict, out) {
    if (verdict === void 0)
      return false;
    const { claim, kind } = verdict;
    if (kind === "silent") {
      if (claim.epoch >= this.#deps.parts.self.life.epoch)
        this.#rise(claim.epoch, out);
      this.comeUp(now, out);
      return true;
    }
    const fault = { kind: "name-taken", address: claim.address, epoch: claim.epoch };
    if (this.#phase === "joining")
      this.enter("refused", fault, out);
    else if (this.#phase === "up")
      this.enter("deposed", fault, out);
    return true;
  }
  /** Starts a life above one that was told of. */
  #rise(epoch, out) {
    const { parts, facts } = this.#deps;
    parts.self.renew(drawEpoch(0, epoch, parts.random));
    parts.table.put(parts.self.life, parts.self.incarnation);
    if (this.#phase === "up")
      facts.announce();
    facts.emit("updated", parts.table.findSlot(parts.self.life.name), out);
  }
  #knownOf(name) {
    const { table } = this.#deps.parts;
    const slot = table.findSlot(name);
    const status = slot < 0 ? void 0 : table.findStatus(slot);
    if (status === void 0)
      return void 0;
    const { epoch, address } = table.lifeOf(slot);
    return { epoch, address, status, incarnation: table.incarnationOf(slot) };
  }
  /** Before we are up our own entry is no knowledge: of two newcomers of one name the first to be up wins. */
  #knownOfOther(name) {
    return name === this.#deps.parts.self.life.name ? void 0 : this.#knownOf(name);
  }
};

// dist/protocol/swim/lags.js
var Lags = class {
  #late = /* @__PURE__ */ new Map();
  #silent = /* @__PURE__ */ new Map();
  #now;
  constructor(now) {
    this.#now = now;
  }
  /** Time goes on: silences are measured to here. */
  reach(now) {
    this.#now = now;
  }
  /** Nothing has been heard of a member since then. The first to say so counts. */
  silentFrom(slot, from) {
    if (!this.#silent.has(slot))
      this.#silent.set(slot, from);
  }
  /** It is heard of again; until it tells how late it was, it was as late as it was silent. */
  heard(slot) {
    const from = this.#silent.get(slot);
    if (from === void 0)
      return;
    this.#silent.delete(slot);
    this.#late.set(slot, Math.round(this.#now - from));
  }
  /** It answered, and its loop was so late. */
  answered(slot, lagMs) {
    if (lagMs > 0)
      this.#late.set(slot, lagMs);
    else
      this.#late.delete(slot);
  }
  forget(slot) {
    this.#late.delete(slot);
    this.#silent.delete(slot);
  }
  /** How late it is; 0 when it is on time. */
  find(slot) {
    const from = this.#silent.get(slot);
    return from === void 0 ? this.#late.get(slot) ?? 0 : Math.max(0, Math.round(this.#now - from));
  }
};

// dist/protocol/swim/local-health.js
var LocalHealth = class {
  #max;
  #score = 0;
  constructor(max) {
    this.#max = max;
  }
  /** 0 is healthy. */
  get score() {
    return this.#score;
  }
  /** What periods and timeouts are multiplied by. */
  get factor() {
    return this.#score + 1;
  }
  change(by) {
    this.#score = Math.max(0, Math.min(this.#max, this.#score + by));
  }
};

// dist/protocol/swim/metadata.js
var Metadata = class {
  #parts;
  #facts;
  #outbox;
  #held = /* @__PURE__ */ new Map();
  #pulls = /* @__PURE__ */ new Map();
  #picked = [];
  constructor(parts, facts, outbox) {
    this.#parts = parts;
    this.#facts = facts;
    this.#outbox = outbox;
  }
  get nextAt() {
    let next = Number.POSITIVE_INFINITY;
    for (const pull2 of this.#pulls.values())
      next = Math.min(next, pull2.retryAt);
    return next;
  }
  /** What has been pulled of a member's current metadata. */
  find(slot) {
    const { table, self } = this.#parts;
    const life = table.lifeOf(slot);
    if (life.name === self.life.name)
      return self.metadata;
    if (life.metadataVersion === 0)
      return emptyBytes;
    const held = this.#held.get(slot);
    return held?.epoch === life.epoch && held.version === life.metadataVersion ? held.bytes : void 0;
  }
  /** Starts pulls that are wanted, as many as may run at once. */
  begin(now, out) {
    const { agenda, table } = this.#parts;
    while (agenda.wantsMetadata && this.#pulls.size < pullsMax2) {
      const slot = agenda.takeMetadata();
      if (slot === void 0 || !table.isLive(slot))
        continue;
      const { epoch, metadataVersion: version, metadataBytes } = table.lifeOf(slot);
      if (this.find(slot) !== void 0)
        continue;
      const bytes = new Uint8Array(metadataBytes);
      const ranges2 = Math.ceil(metadataBytes / this.#rangeBytes);
      const got = new Uint8Array(ranges2);
      const pull2 = { slot, epoch, version, bytes, got, missing: ranges2, next: 0, retryAt: now, tries: 0, broken: 0 };
      this.#pulls.set(slot, pull2);
      if (ranges2 === 0)
        this.#finish(now, pull2, out);
      else
        this.#askAgain(now, pull2, out);
    }
  }
  /** Answers a range of what we hold; to strangers nothing. */
  answer(asker, wanted, out) {
    const { table, counts } = this.#parts;
    const slot = table.findSlot(wanted.name);
    if (asker.slot < 0 || slot < 0) {
      counts["drop-stranger"] += 1;
      return;
    }
    const life = table.lifeOf(slot);
    const bytes = this.find(slot);
    const isCurrent = life.epoch === wanted.epoch && life.metadataVersion === wanted.version;
    if (bytes === void 0 || !isCurrent || wanted.offset >= bytes.length)
      return;
    const { name, epoch, version, offset } = wanted;
    if ((asker.answerBytesMax ?? Number.POSITIVE_INFINITY) < this.#rangeBytes + rangeHeadBytes) {
      counts["drop-amplifying"] += 1;
      return;
    }
    const range = bytes.subarray(offset, offset + this.#rangeBytes);
    this.#outbox.toAddress(asker.address, -1, [{ kind: "metadata", name, epoch, version, offset, bytes: range }], out);
  }
  /** A range came, in any order. */
  receive(now, message, out) {
    const slot = this.#parts.table.findSlot(message.name);
    const pull2 = slot < 0 ? void 0 : this.#pulls.get(slot);
    if (pull2?.epoch !== message.epoch || pull2.version !== message.version)
      return;
    const { offset, bytes } = message;
    const index = offset / this.#rangeBytes;
    const length = Math.min(this.#rangeBytes, pull2.bytes.length - offset);
    if (pull2.got[index] !== 0 || bytes.length !== length)
      return;
    pull2.bytes.set(bytes, offset);
    pull2.got[index] = 1;
    pull2.missing -= 1;
    pull2.tries = 0;
    pull2.retryAt = after(now, this.#retryMs);
    if (pull2.missing === 0) {
      this.#finish(now, pull2, out);
      this.begin(now, out);
    } else if (pull2.next < pull2.got.length) {
      this.#ask(pull2, pull2.slot, pull2.next++, out);
    }
  }
  tick(now, out) {
    for (const pull2 of this.#pulls.values()) {
      if (now < pull2.retryAt)
        continue;
      pull2.tries += 1;
      if (pull2.tries > triesMax2 || !this.#isWanted(pull2)) {
        this.#pulls.delete(pull2.slot);
        this.begin(now, out);
      } else {
        this.#askAgain(now, pull2, out);
      }
    }
  }
  /** A member is gone; what was held of it goes too. */
  forget(slot) {
    this.#held.delete(slot);
    this.#pulls.delete(slot);
  }
  get #retryMs() {
    return this.#parts.options.pingTimeoutMs;
  }
  #isWanted(pull2) {
    const { table } = this.#parts;
    if (!table.isLive(pull2.slot))
      return false;
    const life = table.lifeOf(pull2.slot);
    return life.epoch === pull2.epoch && life.metadataVersion === pull2.version;
  }
  /** Asks for the first ranges that are missing; each that comes then asks for one more. */
  #askAgain(now, pull2, out) {
    const { table, random, self } = this.#parts;
    pull2.retryAt = after(now, this.#retryMs * (pull2.tries + 1));
    let from = pull2.slot;
    if (pull2.tries % 2 === 1) {
      const isOther = (slot) => table.isAlive(slot) && table.nameOf(slot) !== self.life.name;
      pickSlots(random, { capacity: table.capacity, count: 1 }, isOther, this.#picked);
      from = this.#picked[0] ?? from;
    }
    let left = windowRanges;
    for (let index = 0; index < pull2.got.length && left > 0; index += 1) {
      if (pull2.got[index] !== 0)
        continue;
      this.#ask(pull2, from, index, out);
      pull2.next = Math.max(pull2.next, index + 1);
      left -= 1;
    }
  }
  #ask(pull2, from, index, out) {
    const { table, counts } = this.#parts;
    counts["metadata-asked"] += 1;
    const { epoch, version } = pull2;
    const offset = index * this.#rangeBytes;
    const wanted = { kind: "metadata-wanted", name: table.nameOf(pull2.slot), epoch, version, offset };
    this.#outbox.question({ address: table.lifeOf(from).address, slot: -1, share: 0.3 }, [wanted], out);
  }
  /** What fits a datagram beside its head, names included, and encryption. Every node of a cluster has to have the same. */
  get #rangeBytes() {
    return this.#parts.options.datagramMaxBytes >= 1300 ? 1024 : 256;
  }
  #finish(now, pull2, out) {
    const { table, counts } = this.#parts;
    if (this.#isWanted(pull2) && hashBytes(pull2.bytes) !== table.lifeOf(pull2.slot).metadataHash) {
      counts["metadata-broken"] += 1;
      pull2.broken += 1;
      if (pull2.broken < brokenMax && pull2.got.length > 0) {
        pull2.got.fill(0);
        pull2.missing = pull2.got.length;
        this.#askAgain(now, pull2, out);
        return;
      }
    } else if (this.#isWanted(pull2)) {
      counts["metadata-pulled"] += 1;
      this.#held.set(pull2.slot, { epoch: pull2.epoch, version: pull2.version, bytes: pull2.bytes });
      this.#facts.emit("updated", pull2.slot, out);
    }
    this.#pulls.delete(pull2.slot);
  }
};
var pullsMax2 = 8;
var windowRanges = 8;
var triesMax2 = 6;
var rangeHeadBytes = 172;
var brokenMax = 3;

// dist/protocol/swim/packet.js
var PacketWriter = class {
  #labelHash;
  #maxBytes;
  #writer = new ByteWriter(512);
  #part = new ByteWriter(512);
  constructor(label, maxBytes) {
    this.#labelHash = hashText(label);
    this.#maxBytes = maxBytes;
  }
  /** Bytes so far. */
  get length() {
    return this.#writer.length;
  }
  /** Bytes that still fit. */
  get room() {
    return this.#maxBytes - this.#writer.length;
  }
  /** Starts over. */
  begin(version, name, epoch) {
    this.#writer.reset();
    this.#writer.u8(version);
    this.#writer.u32(this.#labelHash);
    this.#writer.text(name);
    writeEpoch(this.#writer, epoch);
  }
  /** Appends a part if it fits; returns whether it did. */
  add(message) {
    this.#part.reset();
    encodePart(this.#part, message);
    return this.addBytes(this.#part.view());
  }
  /** Appends an encoded part if it fits; returns whether it did. */
  addBytes(bytes) {
    if (bytes.length > this.room)
      return false;
    this.#writer.bytes(bytes);
    return true;
  }
  /** Lends the datagram until the next `begin`. */
  finish() {
    return this.#writer.view();
  }
  /** The notice that answers a version we cannot read. */
  versionNotice(wireMin, wireMax) {
    this.#writer.reset();
    this.#writer.u8(0);
    this.#writer.u32(this.#labelHash);
    this.#writer.u8(wireMin);
    this.#writer.u8(wireMax);
    return this.#writer.view();
  }
};
var PacketReader = class {
  #labelHash;
  #wireMin;
  #wireMax;
  #bytes = emptyBytes;
  #at = 0;
  #head = noHead;
  #notice = [0, 0];
  constructor(label, wireMin, wireMax) {
    this.#labelHash = hashText(label);
    this.#wireMin = wireMin;
    this.#wireMax = wireMax;
  }
  get head() {
    return this.#head;
  }
  /** Lowest and highest version of the last notice. */
  get notice() {
    return this.#notice;
  }
  open(bytes) {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    const labelHash = reader.u32();
    if (isSpoilt(reader))
      return "malformed";
    if (labelHash !== this.#labelHash)
      return "label";
    if (version === sealedMark)
      return "sealed";
    if (version === 0) {
      this.#notice = [reader.u8(), reader.u8()];
      return isSpoilt(reader) ? "malformed" : "notice";
    }
    if (version < this.#wireMin || version > this.#wireMax)
      return "version";
    const name = readName(reader);
    const epoch = readEpoch(reader);
    if (isSpoilt(reader))
      return "malformed";
    this.#head = { version, name, epoch };
    this.#bytes = bytes;
    this.#at = reader.offset;
    return "ok";
  }
  /** The next part; `undefined` at the end. After `'malformed'` only the end follows when the length itself was wrong. */
  next() {
    if (this.#at >= this.#bytes.length)
      return void 0;
    const frame = new ByteReader(this.#bytes, this.#at);
    const kind = frame.u8();
    const length = frame.varint();
    if (!frame.ok || length > frame.remaining) {
      this.#at = this.#bytes.length;
      return "malformed";
    }
    this.#at = frame.offset + length;
    return decodePart(kind, new ByteReader(this.#bytes, frame.offset, this.#at));
  }
};
var noHead = { version: 0, name: "", epoch: 0 };
function isSpoilt(reader) {
  return !reader.ok;
}

// dist/protocol/swim/outbox.js
var Outbox = class {
  #parts;
  #writer;
  /** What is spoken to those whose versions are not known: the lowest is what most can read, until somebody says that he cannot. */
  #strangerVersion;
  constructor(parts) {
    this.#parts = parts;
    const overheadBytes = parts.armour?.overheadBytes ?? 0;
    this.#strangerVersion = parts.self.life.wireMin;
    this.#writer = new PacketWriter(parts.options.label, parts.options.datagramMaxBytes - overheadBytes);
  }
  /** Sends messages to a known member, with a notice if it needs one, and news. */
  toMember(slot, messages, out) {
    const { table } = this.#parts;
    this.#begin(slot);
    for (const message of messages)
      this.#writer.add(message);
    this.#addNotice(slot);
    this.#packNews();
    this.#send(table.lifeOf(slot).address, out);
  }
  /** Answers where a question came from; `slot` is who asked, or -1 for a stranger, who gets no news. */
  toAddress(address, slot, messages, out) {
    this.#begin(slot);
    for (const message of messages)
      this.#writer.add(message);
    if (slot >= 0) {
      this.#addNotice(slot);
      const { table, armour } = this.#parts;
      const isSafe = armour !== void 0 || address === table.lifeOf(slot).address;
      if (isSafe)
        this.#packNews();
    }
    this.#send(address, out);
  }
  /** Sends news only; false when there was none, or none that fits. */
  news(slot, out) {
    this.#begin(slot);
    const before = this.#writer.room;
    this.#addNotice(slot);
    this.#packNews();
    if (this.#writer.room === before)
      return false;
    this.#send(this.#parts.table.lifeOf(slot).address, out);
    return true;
  }
  /** Asks something, in a datagram so long that nobody can use the question to multiply traffic. */
  padded(address, messages, out) {
    this.#begin(-1);
    for (const message of messages)
      this.#writer.add(message);
    this.#pad(this.#writer.room);
    this.#send(address, out);
  }
  /** Asks a member for more than fits one datagram: in clear the answer's length is bounded by the question's. */
  question(to, messages, out) {
    this.#begin(to.slot);
    for (const message of messages)
      this.#writer.add(message);
    const { armour, options } = this.#parts;
    const isShort = armour === void 0 && to.share > 0;
    if (isShort)
      this.#pad(Math.floor(options.datagramMaxBytes * to.share) - this.#writer.length);
    this.#send(to.address, out);
  }
  /** Asks over a stream what a datagram asked in vain. */
  overStream(slot, messages, out) {
    this.#begin(slot);
    for (const message of messages)
      this.#writer.add(message);
    const { address, name } = this.#parts.table.lifeOf(slot);
    const bytes = this.#writer.finish();
    out.exchange(address, name, this.#parts.armour?.seal(bytes) ?? bytes);
  }
  /** Sends messages that may need several datagrams, up to `packetsMax`; returns how many messages went, and datagrams. */
  stream(to, messages, out) {
    let sent = 0;
    let packets = 0;
    this.#begin(to.slot);
    for (const message of messages) {
      if (!this.#writer.add(message)) {
        packets += 1;
        this.#send(to.address, out);
        if (packets >= to.packetsMax)
          return { sent, packets };
        this.#begin(to.slot);
        this.#writer.add(message);
      }
      sent += 1;
    }
    this.#send(to.address, out);
    return { sent, packets: packets + 1 };
  }
  /** Tells a node whose version we cannot read which ones we can. */
  versionNotice(address, out) {
    const { wireMin, wireMax } = this.#parts.self.life;
    this.#emit(address, this.#writer.versionNotice(wireMin, wireMax), out);
  }
  /** Strangers are spoken to in this version from now on: somebody spoke it, or says that he reads no lower one. */
  speakTo(strangerVersion) {
    this.#strangerVersion = strangerVersion;
  }
  #begin(slot) {
    const { self, table } = this.#parts;
    const { wireMin, wireMax, name, epoch } = self.life;
    const known = slot < 0 ? this.#strangerVersion : table.lifeOf(slot).wireMax;
    const version = Math.max(wireMin, Math.min(wireMax, known));
    this.#writer.begin(version, name, epoch);
  }
  #packNews() {
    const { gossip, spreads, table } = this.#parts;
    gossip.pack(this.#writer, table.liveCount);
    spreads.pack(this.#writer, table.liveCount);
  }
  #addNotice(slot) {
    const { options, table, suspicions, self } = this.#parts;
    if (!options.buddy || table.isAlive(slot) || suspicions.find(slot)?.isPrivate === true)
      return;
    const { name, epoch } = table.lifeOf(slot);
    const incarnation = table.incarnationOf(slot);
    const from = suspicions.find(slot)?.accusers[0] ?? self.life.name;
    const status = table.findStatus(slot);
    if (status === "suspect")
      this.#writer.add({ kind: "suspect", name, epoch, incarnation, from, refused: false });
    else if (status === "failed")
      this.#writer.add({ kind: "failed", name, epoch, incarnation, from });
  }
  #send(address, out) {
    this.#emit(address, this.#writer.finish(), out);
  }
  #pad(bytes) {
    const headBytes2 = 3;
    if (bytes > headBytes2)
      this.#writer.add({ kind: "pad", bytes: Math.min(bytes, this.#writer.room) - headBytes2 });
  }
  #emit(address, plain, out) {
    const bytes = this.#parts.armour?.seal(plain) ?? plain;
    this.#parts.counts["datagrams-sent"] += 1;
    this.#parts.counts["bytes-sent"] += bytes.length;
    out.send(address, bytes);
  }
};

// dist/protocol/swim/ring.js
var Ring = class {
  #table;
  #follower = -1;
  #hash = -1;
  constructor(table) {
    this.#table = table;
  }
  /** The slot that follows `own`, or -1 when it is alone. */
  follower(own) {
    if (this.#table.hash === this.#hash && this.#follower >= 0 && this.#table.isLive(this.#follower)) {
      return this.#follower;
    }
    this.#hash = this.#table.hash;
    this.#follower = this.#find(own);
    return this.#follower;
  }
  #find(own) {
    const ownHash = this.#table.nameHashOf(own);
    let found = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#table.capacity; slot += 1) {
      if (slot === own || !this.#table.isLive(slot))
        continue;
      const distance = this.#table.nameHashOf(slot) - ownHash >>> 0;
      if (distance >= least)
        continue;
      least = distance;
      found = slot;
    }
    return found;
  }
};

// dist/protocol/swim/round-trips.js
var RoundTrips = class {
  #samples;
  #count = 0;
  add(roundTripMs) {
    this.#samples ??= new Float32Array(samplesMax);
    this.#samples[this.#count % samplesMax] = roundTripMs;
    this.#count += 1;
  }
  /**
   * Half as much again as the 99th percentile, so that one ping in a hundred does not go round, within the bounds; the upper bound
   * until there are samples enough to trust.
   */
  timeoutMs(lowestMs, highestMs) {
    if (this.#samples === void 0 || this.#count < samplesMin)
      return highestMs;
    let largest = 0;
    let second = 0;
    const count = Math.min(this.#count, samplesMax);
    for (let index = 0; index < count; index += 1) {
      const sample = this.#samples[index] ?? 0;
      if (sample > largest) {
        second = largest;
        largest = sample;
      } else if (sample > second) {
        second = sample;
      }
    }
    const percentile = count < samplesMax ? largest : second;
    return Math.min(highestMs, Math.max(lowestMs, percentile * 1.5));
  }
};
var samplesMax = 100;
var samplesMin = 10;

// dist/protocol/swim/probe.js
var Prober = class {
  #parts;
  #facts;
  #doubts;
  #outbox;
  #order;
  #ring;
  #isRingTurn = false;
  #trips = new RoundTrips();
  #picked = [];
  #drawSeq;
  #probe;
  #nextProbeAt;
  constructor({ parts, facts, doubts, outbox, ...start }) {
    this.#parts = parts;
    this.#facts = facts;
    this.#doubts = doubts;
    this.#outbox = outbox;
    this.#ring = new Ring(parts.table);
    this.#order = new ProbeOrder(parts.random.fork("probe-order"));
    this.#drawSeq = () => start.drawSeq();
    this.#nextProbeAt = after(start.now, parts.random.below(Math.ceil(parts.options.probePeriodMs)));
  }
  /** When `tick` has something to do. */
  get nextAt() {
    const probe = this.#probe;
    if (probe?.phase === "direct")
      return Math.min(probe.timeoutAt, probe.deadlineAt, this.#nextProbeAt);
    if (probe?.phase === "indirect")
      return Math.min(probe.deadlineAt, this.#nextProbeAt);
    return this.#nextProbeAt;
  }
  /** Length of a period as this node's health has it. */
  get periodMs() {
    const { options, health } = this.#parts;
    return options.probePeriodMs * (options.healthScalesProbes ? health.factor : 1);
  }
  tick(now, out) {
    const probe = this.#probe;
    if (probe?.phase === "direct" && now >= probe.timeoutAt)
      this.#askOthers(now, probe, out);
    if (probe !== void 0 && probe.phase !== "answered" && now >= probe.deadlineAt)
      this.#fail(now, probe, out);
    if (now >= this.#nextProbeAt)
      this.#startNext(now, out);
  }
  /** An answer came; returns whether it was ours. */
  acked(now, seq) {
    const probe = this.#probe;
    if (probe?.seq !== seq)
      return false;
    if (probe.phase === "answered")
      return true;
    if (probe.phase === "direct")
      this.#trips.add(now - probe.startedAt);
    probe.phase = "answered";
    this.#parts.health.change(-1);
    return true;
  }
  /** Bytes of that member came by another way. */
  heard(slot) {
    if (this.#probe?.slot === slot)
      this.#probe.phase = "answered";
  }
  /** Brings the next probe forward: there is something to look at. */
  hurry(now) {
    const isBusy = this.#probe !== void 0 && this.#probe.phase !== "answered";
    if (!isBusy && this.#nextProbeAt > now)
      this.#nextProbeAt = now;
  }
  /** A relay asked in vain; our own way to it works. */
  nacked(seq) {
    if (this.#probe?.seq === seq)
      this.#probe.nacks += 1;
  }
  /** Somebody else answers at the address. Returns whether the question was ours. */
  gone(now, seq, out) {
    const probe = this.#probe;
    if (probe?.seq !== seq)
      return false;
    if (probe.phase === "answered")
      return true;
    probe.phase = "answered";
    const { table, counts } = this.#parts;
    counts["address-taken"] += 1;
    if (table.isLive(probe.slot) && table.lifeOf(probe.slot).epoch === probe.epoch) {
      this.#facts.accuse(now, probe.slot, true, out);
    }
    return true;
  }
  /** The loop stood still: nobody could have been heard. */
  slip(byMs) {
    const probe = this.#probe;
    this.#nextProbeAt = after(this.#nextProbeAt, byMs);
    if (probe === void 0)
      return;
    probe.startedAt = after(probe.startedAt, byMs);
    probe.timeoutAt = after(probe.timeoutAt, byMs);
    probe.deadlineAt = after(probe.deadlineAt, byMs);
  }
  #startNext(now, out) {
    const periodMs = this.periodMs;
    const next = after(this.#nextProbeAt, periodMs);
    this.#nextProbeAt = next > now ? next : after(now, periodMs);
    this.#probe = void 0;
    const slot = this.#chooseTarget();
    if (slot < 0)
      return;
    const { options, health, counts, table } = this.#parts;
    const factor = options.healthScalesProbes ? health.factor : 1;
    const longestMs2 = options.pingTimeoutMs;
    const timeoutMs = (options.adaptiveTimeout ? this.#trips.timeoutMs(options.pingTimeoutMinMs, longestMs2) : longestMs2) * factor;
    const { name, epoch } = table.lifeOf(slot);
    const seq = this.#drawSeq();
    this.#probe = {
      slot,
      epoch,
      seq,
      startedAt: now,
      timeoutAt: after(now, timeoutMs),
      deadlineAt: this.#nextProbeAt,
      timeoutMs,
      phase: "direct",
      nacksDue: 0,
      nacks: 0
    };
    counts["probe-started"] += 1;
    this.#outbox.toMember(slot, [{ kind: "ping", seq, name, epoch }], out);
  }
  #chooseTarget() {
    const { agenda, table, options } = this.#parts;
    for (let slot = agenda.takeProbe(); slot !== void 0; slot = agenda.takeProbe()) {
      if (table.isLive(slot) || table.findStatus(slot) === "failed")
        return slot;
    }
    const own = this.#ownSlot();
    this.#isRingTurn = options.ringProbes && !this.#isRingTurn;
    if (this.#isRingTurn)
      return this.#ring.follower(own);
    return this.#order.next(table.capacity, (slot) => slot !== own && table.isLive(slot));
  }
  #askOthers(now, probe, out) {
    const { options, table, random, counts } = this.#parts;
    probe.phase = "indirect";
    counts["probe-indirect"] += 1;
    const own = this.#ownSlot();
    const isRelay = (slot) => slot !== own && slot !== probe.slot && table.isAlive(slot);
    const wanted = { capacity: table.capacity, count: options.indirectProbes };
    pickSlots(random, wanted, isRelay, this.#picked);
    const { name, epoch, address } = table.lifeOf(probe.slot);
    const roomMs = Math.max(1, probe.deadlineAt - now);
    const nackMs = Math.floor(Math.min(probe.timeoutMs, roomMs) * options.nackShare);
    const ask2 = { kind: "ask", seq: probe.seq, name, epoch, address, nackMs };
    for (const relay of this.#picked)
      this.#outbox.toMember(relay, [ask2], out);
    probe.nacksDue = this.#picked.length;
    if (!options.streamPing)
      return;
    const ping = { kind: "ping", seq: probe.seq, name, epoch };
    this.#outbox.overStream(probe.slot, [ping], out);
  }
  #fail(now, probe, out) {
    const { options, health, counts, table, ears } = this.#parts;
    this.#probe = void 0;
    ears.probedInVain(probe.startedAt);
    counts["probe-failed"] += 1;
    const missed = Math.max(0, probe.nacksDue - probe.nacks);
    counts["nack-missed"] += missed;
    if (!options.healthTrustsNacks || probe.nacksDue === 0)
      health.change(1);
    if (missed > 0)
      health.change(1);
    const isSameLife2 = table.findStatus(probe.slot) !== void 0 && table.lifeOf(probe.slot).epoch === probe.epoch;
    if (!isSameLife2)
      return;
    this.#parts.lags.silentFrom(probe.slot, probe.startedAt);
    if (this.#doubts.isOwnFault(probe.nacksDue > 0 ? probe.timeoutAt : probe.startedAt)) {
      this.#doubts.doubt(now, probe.slot, out);
    } else {
      this.#facts.accuse(now, probe.slot, false, out);
    }
  }
  #ownSlot() {
    return this.#parts.table.findSlot(this.#parts.self.life.name);
  }
};

// dist/protocol/swim/receiver.js
var Receiver = class {
  #deps;
  #reader;
  /** How late this node's timers last ran; acknowledgements tell it. */
  #lagMs = 0;
  constructor(deps) {
    this.#deps = deps;
    const { options, self } = deps.parts;
    this.#reader = new PacketReader(options.label, self.life.wireMin, self.life.wireMax);
  }
  setLag(lagMs) {
    this.#lagMs = Math.min(lagMsMax, Math.round(lagMs));
  }
  receive(now, from, bytes, out) {
    const { parts, joiner, outbox } = this.#deps;
    const { counts, table, self } = parts;
    counts["datagrams-received"] += 1;
    counts["bytes-received"] += bytes.length;
    const plain = parts.armour === void 0 ? bytes : parts.armour.open(now, bytes);
    if (typeof plain === "string") {
      counts[`drop-${plain}`] += 1;
      return;
    }
    const answerBytesMax = parts.armour === void 0 ? bytes.length * amplificationMax : Number.POSITIVE_INFINITY;
    const opening = this.#reader.open(plain);
    if (opening === "notice") {
      const [wireMin, wireMax] = this.#reader.notice;
      joiner.incompatible({ address: from, wireMin, wireMax }, out);
      outbox.speakTo(wireMax);
      return;
    }
    if (opening !== "ok") {
      counts[`drop-${opening}`] += 1;
      if (opening === "version" && bytes.length > noticeBytes)
        outbox.versionNotice(from, out);
      return;
    }
    const head = this.#reader.head;
    if (head.name === self.life.name && head.epoch === self.life.epoch) {
      counts["drop-own"] += 1;
      return;
    }
    this.#hear(now, out);
    if (findSender(table, head) < 0)
      outbox.speakTo(head.version);
    for (let part = this.#reader.next(); part !== void 0; part = this.#reader.next()) {
      if (part === "unknown")
        counts["drop-unknown-part"] += 1;
      else if (part === "malformed")
        counts["drop-malformed"] += 1;
      else
        this.#dispatch(now, { address: from, slot: findSender(table, head), head, answerBytesMax }, part, out);
    }
  }
  #hear(now, out) {
    const { parts, doubts } = this.#deps;
    const { options, ears, table, suspicions } = parts;
    const silentMs = ears.heard(now, options.probePeriodMs);
    doubts.withdraw(out);
    if (silentMs > 0 && options.holdWhenDeaf && table.liveCount >= deafMembersMin)
      suspicions.forgive(now, silentMs);
  }
  #dispatch(now, sender, message, out) {
    const { joiner } = this.#deps;
    if (message.kind === "ack")
      this.#acked(now, sender, message, out);
    else if (message.kind === "gone")
      this.#gone(now, message.seq, out);
    else if (message.kind === "join")
      joiner.asked(sender.address, message, out);
    else if (message.kind === "welcome")
      joiner.welcomed(now, sender, message, out);
    else if (message.kind !== "pad" && joiner.isRunning)
      this.#dispatchUp(now, sender, message, out);
  }
  #dispatchUp(now, sender, message, out) {
    const { facts, antiEntropy, metadata, prober, relay, spread } = this.#deps;
    switch (message.kind) {
      case "ping":
        return this.#pinged(sender, message, out);
      case "ask":
        return relay.ask(now, sender, message, out);
      case "nack":
        return prober.nacked(message.seq);
      case "alive":
      case "record":
        return facts.learn(now, message, out);
      case "suspect":
        return facts.suspect(now, message, out);
      case "failed":
        return facts.failed(now, message, out);
      case "left":
        return facts.left(now, message, sender.head.name, out);
      case "sync":
        return antiEntropy.answer(now, sender, message, out);
      case "sync-end":
        return antiEntropy.ended(now, sender, message, out);
      case "metadata-wanted":
        return metadata.answer(sender, message, out);
      case "metadata":
        return metadata.receive(now, message, out);
      case "spread":
        return spread.receive(now, message);
      case "direct":
        return spread.receiveDirect(sender, message);
      default:
        return unreachable(message);
    }
  }
  #pinged(sender, ping, out) {
    const { parts, outbox, digests } = this.#deps;
    const { self, table } = parts;
    const { name, epoch } = self.life;
    const { seq } = ping;
    if (ping.name !== name || ping.epoch !== epoch) {
      const alive = { kind: "alive", life: self.life, incarnation: self.incarnation };
      outbox.toAddress(sender.address, sender.slot, [{ kind: "gone", seq, name, epoch }, alive], out);
      return;
    }
    const { liveCount: count, hash } = table;
    const ack = { kind: "ack", seq, count, hash, lagMs: this.#lagMs, tables: digests.own() };
    outbox.toAddress(sender.address, sender.slot, [ack, ...this.#successorOf(sender)], out);
  }
  /** The life that took a sender's place: nobody else would tell it, for nobody counts on it any more. */
  #successorOf(sender) {
    const { table } = this.#deps.parts;
    const slot = sender.slot >= 0 ? -1 : table.findSlot(sender.head.name);
    if (slot < 0 || !table.isLive(slot) || table.lifeOf(slot).epoch <= sender.head.epoch)
      return noRecords;
    return [{ kind: "alive", life: table.lifeOf(slot), incarnation: table.incarnationOf(slot) }];
  }
  #gone(now, seq, out) {
    const { joiner, relay, prober, claims } = this.#deps;
    if (!joiner.gone(now, seq, out) && !relay.gone(seq) && !claims.gone(seq))
      prober.gone(now, seq, out);
  }
  #acked(now, sender, ack, out) {
    const { joiner, relay, prober, antiEntropy, digests, claims, facts } = this.#deps;
    if (joiner.acked(now, ack.seq, out) || !joiner.isRunning)
      return;
    const proved = claims.acked(ack.seq, sender.head);
    if (proved !== void 0)
      facts.learn(now, proved, out);
    if (!relay.acked(ack.seq, out))
      prober.acked(now, ack.seq);
    if (sender.slot < 0)
      return;
    this.#deps.parts.lags.answered(sender.slot, ack.lagMs);
    antiEntropy.compare(now, sender, ack, out);
    if (ack.tables.length > 0)
      digests.heard({ name: sender.head.name, epoch: sender.head.epoch }, ack.tables);
  }
};
function findSender(table, head) {
  const slot = table.findSlot(head.name);
  return slot >= 0 && table.lifeOf(slot).epoch === head.epoch ? slot : -1;
}
var noRecords = [];
var noticeBytes = 7;
var amplificationMax = 4;
var lagMsMax = 36e5;

// dist/protocol/swim/reconnect.js
var Reconnect = class {
  #parts;
  #random;
  #lost = /* @__PURE__ */ new Map();
  #nextAt;
  constructor(parts, now) {
    this.#parts = parts;
    this.#random = parts.random.fork("reconnect");
    this.#nextAt = now;
  }
  get nextAt() {
    return this.#lost.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt;
  }
  /** A member failed: its address may answer again one day. */
  lost(now, address) {
    const { reconnectMax } = this.#parts.options;
    if (reconnectMax === 0)
      return;
    this.#lost.delete(address);
    if (this.#lost.size >= reconnectMax) {
      for (const oldest of this.#lost.keys()) {
        this.#lost.delete(oldest);
        break;
      }
    }
    if (this.#lost.size === 0)
      this.#nextAt = after(now, this.#waitMs(0));
    this.#lost.set(address, now);
  }
  /** Somebody is at this address again, or left it for good. */
  found(address) {
    this.#lost.delete(address);
  }
  /** The address to try now, if it is time. */
  tick(now) {
    if (now < this.nextAt)
      return void 0;
    let index = this.#random.below(this.#lost.size);
    for (const [address, at] of this.#lost) {
      if (index > 0) {
        index -= 1;
        continue;
      }
      this.#nextAt = after(now, this.#waitMs(now - at));
      this.#parts.counts["reconnect-tried"] += 1;
      return address;
    }
    return void 0;
  }
  #waitMs(ageMs) {
    const { options, table } = this.#parts;
    const decay = 1 + 2 * Math.min(1, ageMs / decayMs);
    const shareMs = options.reconnectPeriodMs * table.liveCount * decay;
    const leastMs = options.reconnectPeriodMs * leastPeriods;
    return jitterMs(this.#random, Math.max(leastMs, Math.min(shareMs, longestMs)), 0.25);
  }
};
var decayMs = 6e5;
var leastPeriods = 3;
var longestMs = 3e5;

// dist/protocol/swim/relay.js
var Relay = class {
  #parts;
  #outbox;
  #drawSeq;
  #errands = /* @__PURE__ */ new Map();
  constructor(parts, outbox, drawSeq) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = drawSeq;
  }
  /** When `tick` has something to do. */
  get nextAt() {
    let next = Number.POSITIVE_INFINITY;
    for (const errand of this.#errands.values())
      next = Math.min(next, errand.nacked ? errand.endAt : errand.nackAt);
    return next;
  }
  /** `asker` is where the question came from. A stranger's question is dropped, as it could make us ping anybody. */
  ask(now, asker, ask2, out) {
    const { counts, table } = this.#parts;
    if (asker.slot < 0) {
      counts["drop-stranger"] += 1;
      return;
    }
    if (this.#errands.size >= errandsMax) {
      counts["drop-relay-full"] += 1;
      return;
    }
    const seq = this.#drawSeq();
    const nackMs = Math.min(ask2.nackMs, nackMsMax);
    this.#errands.set(seq, {
      asker: asker.address,
      askerSlot: asker.slot,
      askerSeq: ask2.seq,
      nackAt: after(now, nackMs),
      endAt: after(now, nackMs * 3),
      nacked: false
    });
    const known = table.findSlot(ask2.name);
    const slot = known >= 0 && table.lifeOf(known).epoch === ask2.epoch ? known : -1;
    const ping = { kind: "ping", seq, name: ask2.name, epoch: ask2.epoch };
    if (slot >= 0)
      this.#outbox.toMember(slot, [ping], out);
    else if (known >= 0)
      this.#outbox.toAddress(table.lifeOf(known).address, known, [ping], out);
    else
      counts["drop-stranger"] += 1;
  }
  /** Passes an answer on; returns whether the question was an errand. */
  acked(seq, out) {
    const errand = this.#errands.get(seq);
    if (errand === void 0)
      return false;
    this.#errands.delete(seq);
    const { table } = this.#parts;
    const { count, hash } = { count: table.liveCount, hash: table.hash };
    const ack = { kind: "ack", seq: errand.askerSeq, count, hash, lagMs: 0, tables: [] };
    this.#outbox.toAddress(errand.asker, this.#slotOf(errand), [ack], out);
    return true;
  }
  /** Whom we pinged is not there any more: the asker hears nothing of it and judges by the rest. */
  gone(seq) {
    return this.#errands.delete(seq);
  }
  tick(now, out) {
    for (const [seq, errand] of this.#errands) {
      if (!errand.nacked && now >= errand.nackAt) {
        errand.nacked = true;
        this.#outbox.toAddress(errand.asker, this.#slotOf(errand), [{ kind: "nack", seq: errand.askerSeq }], out);
      }
      if (now >= errand.endAt)
        this.#errands.delete(seq);
    }
  }
  slip(byMs) {
    for (const errand of this.#errands.values()) {
      errand.nackAt = after(errand.nackAt, byMs);
      errand.endAt = after(errand.endAt, byMs);
    }
  }
  /** The asker's slot, unless it is gone for good meanwhile. */
  #slotOf(errand) {
    return this.#parts.table.findStatus(errand.askerSlot) === void 0 ? -1 : errand.askerSlot;
  }
};
var errandsMax = 256;
var nackMsMax = 6e4;

// dist/protocol/swim/spread.js
var Spread = class {
  #parts;
  #outbox;
  #heard;
  #origins = /* @__PURE__ */ new Map();
  #number = 0;
  #subject = 0;
  constructor(parts, outbox, heard) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#heard = heard;
  }
  /** Tells everybody; throws `too-large`, or `overloaded` when too much waits already. */
  spread(topic, bytes) {
    checkSize(topic, bytes);
    const { spreads, self } = this.#parts;
    if (spreads.size >= spreadsMax)
      throw new ClusterError("overloaded", `${spreads.size} messages wait to be spread`);
    const { name, epoch } = self.life;
    this.#number += 1;
    this.#tell({ kind: "spread", name, epoch, number: this.#number, topic, bytes });
  }
  /** Tells one member, in one datagram that may be lost; false when nobody of that name and epoch is known. */
  send(to, message, out) {
    const { topic, bytes } = message;
    checkSize(topic, bytes);
    const { table } = this.#parts;
    const slot = table.findSlot(to.name);
    if (slot < 0 || !table.isLive(slot) || table.lifeOf(slot).epoch !== to.epoch)
      return false;
    this.#outbox.toMember(slot, [{ kind: "direct", topic, bytes }], out);
    return true;
  }
  /** A message that is passed on. */
  receive(now, message) {
    const { counts, self, spreads } = this.#parts;
    const { name, epoch, number, topic, bytes } = message;
    if (name === self.life.name)
      return;
    const origin = this.#originOf(now, `${name} ${epoch}`);
    if (origin === void 0) {
      counts["drop-spread-full"] += 1;
      return;
    }
    if (!origin.window.isFresh(number))
      return;
    origin.heardAt = now;
    origin.window.take(number);
    if (spreads.size < spreadsMax * 4)
      this.#tell(message);
    else
      counts["drop-spread-full"] += 1;
    this.#heard({ from: { name, epoch }, topic, bytes: bytes.slice(), direct: false });
  }
  /** A message for this node alone; strangers' are dropped. */
  receiveDirect(from, message) {
    if (from.slot < 0) {
      this.#parts.counts["drop-stranger"] += 1;
      return;
    }
    const { name, epoch } = from.head;
    this.#heard({ from: { name, epoch }, topic: message.topic, bytes: message.bytes.slice(), direct: true });
  }
  #tell(message) {
    this.#subject += 1;
    this.#parts.spreads.tell(this.#subject, partToBytes(message));
  }
  #originOf(now, key) {
    const known = this.#origins.get(key);
    if (known !== void 0)
      return known;
    if (this.#origins.size >= originsMax) {
      for (const [other, { heardAt }] of this.#origins)
        if (now - heardAt > originMs)
          this.#origins.delete(other);
      if (this.#origins.size >= originsMax)
        return void 0;
    }
    const origin = { window: new ReplayWindow(), heardAt: now };
    this.#origins.set(key, origin);
    return origin;
  }
};
var spreadsMax = 64;
var originsMax = 4096;
var originMs = 6e4;
function checkSize(topic, bytes) {
  const topicBytes = textToBytes(topic).length;
  if (topic === "" || topicBytes > spreadTopicBytesMax) {
    throw new ClusterError("too-large", `a topic of ${topicBytes} bytes; give 1 to ${spreadTopicBytesMax}`);
  }
  if (bytes.length > spreadBytesMax) {
    throw new ClusterError("too-large", `${bytes.length} bytes; at most ${spreadBytesMax} can be gossiped`);
  }
}

// dist/protocol/swim/returns.js
var Returns = class {
  #at = /* @__PURE__ */ new Map();
  add(now, slot) {
    this.#at.delete(slot);
    this.#at.set(slot, now);
  }
  /** Whether it came back a short while ago. */
  isRecent(now, slot) {
    const at = this.#at.get(slot);
    if (at === void 0)
      return false;
    if (now - at < recentMs)
      return true;
    this.#at.delete(slot);
    return false;
  }
  forget(slot) {
    this.#at.delete(slot);
  }
};
var recentMs = 6e5;

// dist/protocol/swim/suspicion.js
function suspicionTimes(options, members) {
  const scale = Math.max(1, Math.log10(Math.max(1, members)));
  const minMs = Math.max(options.suspicionMinMs, options.suspicionAlpha * scale * options.probePeriodMs);
  const confirmations = Math.max(0, Math.min(options.suspicionConfirmations, members - 2));
  return { minMs, maxMs: minMs * options.suspicionBeta, confirmations };
}
function suspicionMs(times, confirmed) {
  if (times.confirmations < 1)
    return times.minMs;
  const share = Math.log(confirmed + 1) / Math.log(times.confirmations + 1);
  return Math.max(times.minMs, Math.floor(times.maxMs - (times.maxMs - times.minMs) * share));
}
var SuspicionBook = class {
  #options;
  #open = /* @__PURE__ */ new Map();
  /** Not later than the earliest due; exact after `takeDue`. */
  #nextAt = Number.POSITIVE_INFINITY;
  constructor(options) {
    this.#options = options;
  }
  get size() {
    return this.#open.size;
  }
  /** When `takeDue` should be called next; infinity when nothing is open. */
  get nextAt() {
    return this.#open.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt;
  }
  find(slot) {
    return this.#open.get(slot);
  }
  /** Begins one; a patient one lasts the longest time whoever confirms it. */
  start(now, subject, about) {
    const usual = suspicionTimes(this.#options, about.members);
    const times = about.isPatient === true ? { ...usual, minMs: usual.maxMs } : usual;
    const dueAt = after(now, suspicionMs(times, 0));
    const { slot, incarnation } = subject;
    const when = {
      times,
      startedAt: now,
      dueAt,
      forgivableMs: usual.minMs * forgivenMax,
      forgivenMs: 0,
      lastForgivenMs: 0
    };
    const made = { slot, incarnation, ...when, accusers: [], refusers: [], own: false, isPrivate: false };
    this.#open.set(slot, made);
    this.#nextAt = Math.min(this.#nextAt, dueAt);
    return made;
  }
  /** Adds an accuser. True when it counts: it is new, and confirmations were still wanted. */
  confirm(suspicion, accuser, refused) {
    const { accusers, refusers, times } = suspicion;
    const refuses = refused && refusers.length < 2 && !refusers.includes(accuser);
    if (refuses)
      refusers.push(accuser);
    const counts = accusers.length <= times.confirmations && !accusers.includes(accuser);
    if (counts)
      accusers.push(accuser);
    if (refuses || counts)
      this.#recompute(suspicion);
    return counts || refuses;
  }
  /** Brings it down to its least length: somebody else has waited already. */
  hasten(suspicion) {
    const dueAt = after(suspicion.startedAt, suspicion.times.minMs);
    if (dueAt < suspicion.dueAt)
      this.#moveTo(suspicion, dueAt);
  }
  /** No more than `others` can confirm any more. */
  limitConfirmations(others) {
    for (const suspicion of this.#open.values()) {
      if (suspicion.times.confirmations <= others)
        continue;
      suspicion.times = { ...suspicion.times, confirmations: Math.max(0, others) };
      this.#recompute(suspicion);
    }
  }
  close(slot) {
    this.#open.delete(slot);
  }
  /** The suspicions that are over; they stay open until closed or put off. */
  takeDue(now) {
    if (now < this.nextAt)
      return noSuspicions;
    const due = [];
    this.#nextAt = Number.POSITIVE_INFINITY;
    for (const suspicion of this.#open.values()) {
      if (suspicion.dueAt <= now)
        due.push(suspicion);
      else
        this.#nextAt = Math.min(this.#nextAt, suspicion.dueAt);
    }
    return due;
  }
  /** Lets one be due again at a later time. */
  putOff(suspicion, until) {
    this.#moveTo(suspicion, until);
  }
  /** Gives every subject back a silence in which nothing was heard of anybody, up to `forgivenMax` in all. */
  forgive(now, silentMs) {
    for (const suspicion of this.#open.values()) {
      const leftMs = suspicion.forgivableMs - suspicion.forgivenMs;
      const byMs = Math.max(0, Math.min(silentMs, now - suspicion.startedAt, leftMs));
      suspicion.forgivenMs += byMs;
      suspicion.lastForgivenMs = byMs;
      postpone(suspicion, byMs);
    }
    this.#nextAt = this.#earliestDueAt();
  }
  /** Gives every subject back the time in which this node's loop stood still, but what the silence of that time gave already. */
  slip(byMs, isForgiven = false) {
    for (const suspicion of this.#open.values()) {
      postpone(suspicion, Math.max(0, byMs - (isForgiven ? suspicion.lastForgivenMs : 0)));
    }
    this.#nextAt = this.#earliestDueAt();
  }
  #recompute(suspicion) {
    const { times, accusers } = suspicion;
    let lengthMs = suspicionMs(times, Math.min(times.confirmations, Math.max(0, accusers.length - 1)));
    if (suspicion.refusers.length >= 2)
      lengthMs = Math.min(lengthMs, this.#options.suspicionRefusedMs);
    const dueAt = after(suspicion.startedAt, lengthMs);
    if (dueAt < suspicion.dueAt)
      this.#moveTo(suspicion, dueAt);
  }
  #earliestDueAt() {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#open.values())
      earliest = Math.min(earliest, dueAt);
    return earliest;
  }
  #moveTo(suspicion, dueAt) {
    suspicion.dueAt = dueAt;
    this.#nextAt = Math.min(this.#nextAt, dueAt);
  }
};
function postpone(suspicion, byMs) {
  suspicion.startedAt = after(suspicion.startedAt, byMs);
  suspicion.dueAt = after(suspicion.dueAt, byMs);
}
var noSuspicions = [];
var forgivenMax = 8;

// dist/protocol/swim/view.js
var SwimView = class {
  #parts;
  #facts;
  constructor(parts, facts) {
    this.#parts = parts;
    this.#facts = facts;
  }
  /** This node. */
  get self() {
    return this.#facts.toMember(this.#parts.table.findSlot(this.#parts.self.life.name));
  }
  /** Everybody alive or suspect, this node included. Made anew with each call. */
  members() {
    const { table } = this.#parts;
    const members = [];
    for (let slot = 0; slot < table.capacity; slot += 1) {
      if (table.isLive(slot))
        members.push(this.#facts.toMember(slot));
    }
    return members;
  }
  findMember(name) {
    const slot = this.#parts.table.findSlot(name);
    return slot >= 0 && this.#parts.table.isLive(slot) ? this.#facts.toMember(slot) : void 0;
  }
  /** Says whether a member that is alive has this address. Looks at all of them: for rare questions. */
  isMemberAt(address) {
    const { table } = this.#parts;
    for (let slot = 0; slot < table.capacity; slot += 1) {
      if (table.isAlive(slot) && table.lifeOf(slot).address === address)
        return true;
    }
    return false;
  }
  /** Nothing at all is heard, from two or more peers, while timers run on time. */
  get isDeaf() {
    return this.#parts.table.liveCount >= 3 && this.#parts.ears.isDeaf;
  }
  /** Alive or suspect, this node included. */
  get liveCount() {
    return this.#parts.table.liveCount;
  }
  get suspectCount() {
    return this.#parts.table.suspectCount;
  }
  /** Failed or left and still remembered. */
  get goneCount() {
    return this.#parts.table.goneCount;
  }
  /** Equal tables have equal hashes. */
  get tableHash() {
    return this.#parts.table.hash;
  }
  /** Lifeguard's multiplier: 0 is healthy. */
  get healthScore() {
    return this.#parts.health.score;
  }
  /** Pieces of news that are still being told. */
  get newsCount() {
    return this.#parts.gossip.size;
  }
};

// dist/protocol/swim/engine.js
function buildEngine(now, setup) {
  const parts = buildParts(now, setup);
  let seq = setup.random.below(268435456);
  const start = { now, drawSeq: () => seq += 1 };
  const outbox = new Outbox(parts);
  const reconnect = new Reconnect(parts, now);
  const later = {};
  const claims = new Claims(parts, outbox, start.drawSeq);
  const owner = {
    claimed: (at, life, out) => later.joiner?.claimed(at, life, out),
    holdsClaim: (at, slot, record, out) => claims.holds(at, slot, record, out),
    answersAccusations: () => later.joiner?.isUp ?? false,
    findMetadata: (slot) => later.metadata?.find(slot),
    came: (slot) => reconnect.found(parts.table.lifeOf(slot).address),
    went: (at, slot, status) => {
      later.metadata?.forget(slot);
      const { address } = parts.table.lifeOf(slot);
      if (status === "failed")
        reconnect.lost(at, address);
      else
        reconnect.found(address);
    }
  };
  const facts = new Facts(parts, owner, now);
  const antiEntropy = new AntiEntropy(parts, facts, outbox, now);
  const doubts = new Doubts(parts, facts);
  const prober = new Prober({ parts, facts, doubts, outbox, ...start });
  const relay = new Relay(parts, outbox, start.drawSeq);
  const joiner = new Joiner({ parts, facts, outbox, antiEntropy, ...start });
  const metadata = new Metadata(parts, facts, outbox);
  later.joiner = joiner;
  later.metadata = metadata;
  const digests = new TableDigests();
  const spread = new Spread(parts, outbox, setup.heard ?? (() => void 0));
  const receiver = new Receiver({
    parts,
    facts,
    claims,
    doubts,
    outbox,
    antiEntropy,
    prober,
    relay,
    joiner,
    metadata,
    digests,
    spread
  });
  const view = new SwimView(parts, facts);
  return {
    parts,
    outbox,
    facts,
    claims,
    prober,
    relay,
    joiner,
    metadata,
    antiEntropy,
    reconnect,
    digests,
    receiver,
    view,
    spread
  };
}
function buildParts(now, setup) {
  const { options, identity, random } = setup;
  const self = new SelfState(identity);
  const table = new MemberTable(setup.catalogue ?? new MemberCatalogue());
  if (setup.known === void 0)
    table.put(self.life, self.incarnation);
  else
    table.copyFrom(setup.known);
  return {
    options,
    random,
    self,
    table,
    gossip: new Dissemination(options.retransmitFactor, options.gossipQueueMax),
    spreads: new Dissemination(options.retransmitFactor, spreadsMax2),
    health: new LocalHealth(options.healthMax),
    suspicions: new SuspicionBook(options),
    agenda: new Agenda(),
    ears: new Ears(now),
    lags: new Lags(now),
    returns: new Returns(),
    counts: createSwimCounts(),
    armour: setup.armour
  };
}
var spreadsMax2 = 256;

// dist/protocol/swim/swim.js
var SwimMachine = class {
  #engine;
  #picked = [];
  #gossipAt;
  #sweepAt;
  constructor(now, setup) {
    this.#engine = buildEngine(now, setup);
    this.#gossipAt = now;
    this.#sweepAt = after(now, sweepMs);
  }
  get phase() {
    return this.#engine.joiner.phase;
  }
  /** What is known; for reading. */
  get view() {
    return this.#engine.view;
  }
  get counts() {
    return this.#engine.parts.counts;
  }
  /** True once this node has the members that the one who welcomed it has. Never true for a node that began alone. */
  get hasCaughtUp() {
    return this.#engine.antiEntropy.hasCaughtUp;
  }
  /** When `tick` has to be called next; calling it earlier does no harm. */
  get nextAt() {
    const { parts, prober, relay, joiner, facts, claims, metadata, antiEntropy, reconnect } = this.#engine;
    if (this.phase === "joining")
      return joiner.nextAt;
    if (!this.#isRunning)
      return Number.POSITIVE_INFINITY;
    const gossipAt = this.#hasNews ? this.#gossipAt : Number.POSITIVE_INFINITY;
    const sweepAt = parts.table.goneCount > 0 ? this.#sweepAt : Number.POSITIVE_INFINITY;
    const others = Math.min(relay.nextAt, joiner.nextAt, facts.nextAt, claims.nextAt, metadata.nextAt, reconnect.nextAt);
    const syncAt = antiEntropy.nextAt;
    return Math.min(prober.nextAt, gossipAt, sweepAt, syncAt, others);
  }
  /** Asks addresses what they know: to join, and later to find those that were lost. */
  contact(addresses, out) {
    this.#engine.joiner.contact(addresses, out);
  }
  /** Comes up as the first node, without an answer from anybody. */
  comeUp(now, out) {
    this.#engine.joiner.comeUp(now, out);
  }
  /** One datagram, or the answer to an exchange. */
  receive(now, from, bytes, out) {
    if (this.phase !== "joining" && !this.#isRunning)
      return;
    this.#engine.parts.lags.reach(now);
    this.#engine.receiver.receive(now, from, bytes, out);
    this.#engine.metadata.begin(now, out);
  }
  tick(now, out) {
    const { prober, relay, joiner, facts, claims, metadata, antiEntropy, reconnect, parts } = this.#engine;
    if (this.phase === "joining")
      joiner.tick(now, out);
    if (!this.#isRunning)
      return;
    parts.lags.reach(now);
    joiner.tick(now, out);
    prober.tick(now, out);
    relay.tick(now, out);
    facts.tick(now, out);
    claims.tick(now, out);
    metadata.tick(now, out);
    antiEntropy.tick(now, out);
    if (this.#hasNews && now >= this.#gossipAt)
      this.#gossip(now, out);
    const lost = reconnect.tick(now);
    if (lost !== void 0)
      joiner.contact([lost], out);
    if (now >= this.#sweepAt) {
      this.#sweepAt = after(now, sweepMs);
      facts.sweep(now);
    }
    if (this.phase === "leaving" && this.#hasLeft)
      joiner.enter("left", void 0, out);
  }
  /**
   * The loop stood still for `stallMs` and has since delivered what had arrived meanwhile. Nothing that was due in that time is held
   * against anybody; we doubt ourselves instead, and object before we are accused if it was long.
   */
  slip(now, stallMs) {
    const { prober, relay, joiner, facts, parts, receiver } = this.#engine;
    parts.counts.stalled += 1;
    receiver.setLag(stallMs);
    prober.slip(stallMs);
    relay.slip(stallMs);
    joiner.slip(stallMs);
    parts.suspicions.slip(stallMs, parts.ears.stalled(now, stallMs));
    parts.health.change(Math.ceil(stallMs / parts.options.probePeriodMs));
    if (this.phase === "up" && stallMs > parts.options.probePeriodMs)
      facts.refute(0);
  }
  /** The loop runs on time again. */
  onTime() {
    this.#engine.receiver.setLag(0);
  }
  /** A link's observation. It raises or ends doubts; it never removes anybody by itself. */
  report(now, evidence, out) {
    const { parts, prober, facts } = this.#engine;
    const slot = parts.table.findSlot(evidence.node.name);
    if (this.phase !== "up" || slot < 0 || parts.table.lifeOf(slot).epoch !== evidence.node.epoch)
      return;
    if (evidence.node.name === parts.self.life.name || !parts.table.isLive(slot))
      return;
    if (evidence.kind === "heard") {
      prober.heard(slot);
      return;
    }
    parts.agenda.wantProbe(slot);
    prober.hurry(now);
    if (evidence.kind === "refused")
      facts.accuse(now, slot, true, out);
  }
  /** Changes what this node says of itself; throws `too-large`. */
  updateMetadata(metadata, out) {
    if (metadata.length > memberMetadataBytesMax) {
      throw new ClusterError("too-large", `metadata has ${metadata.length} bytes; at most ${memberMetadataBytesMax}`);
    }
    if (this.phase === "leaving" || this.phase === "left")
      return;
    const { parts, facts } = this.#engine;
    parts.self.changeMetadata(metadata);
    if (this.phase === "up")
      facts.announce();
    else
      parts.table.put(parts.self.life, parts.self.incarnation);
    facts.emit("updated", parts.table.findSlot(parts.self.life.name), out);
  }
  /** Says good-bye; `left` follows when enough have been told. */
  leave(now, out) {
    const { parts, joiner } = this.#engine;
    if (this.phase !== "up") {
      joiner.enter("left", void 0, out);
      return;
    }
    joiner.enter("leaving", void 0, out);
    const { name, epoch } = parts.self.life;
    const { incarnation } = parts.self;
    const slot = parts.table.findSlot(name);
    parts.gossip.tell(slot, partToBytes({ kind: "left", name, epoch, incarnation }));
    this.#gossipTo(farewellBurst, now, out);
    if (this.#hasLeft)
      joiner.enter("left", void 0, out);
  }
  attachDigest(name, source) {
    return this.#engine.digests.attach(name, source);
  }
  /** Tells every other member; throws `too-large` or `overloaded`. */
  spread(topic, bytes) {
    this.#engine.spread.spread(topic, bytes);
  }
  /** Tells one member; false when it is none. Throws `too-large`. */
  send(to, message, out) {
    return this.phase === "up" && this.#engine.spread.send(to, message, out);
  }
  get #hasNews() {
    const { gossip, spreads } = this.#engine.parts;
    return gossip.size + spreads.size > 0;
  }
  get #isRunning() {
    return this.phase === "up" || this.phase === "leaving";
  }
  get #hasLeft() {
    const { parts } = this.#engine;
    return parts.table.liveCount <= 1 || !parts.gossip.isTelling(parts.table.findSlot(parts.self.life.name));
  }
  #gossip(now, out) {
    const { options } = this.#engine.parts;
    const next = after(this.#gossipAt, options.gossipPeriodMs);
    this.#gossipAt = next > now ? next : after(now, options.gossipPeriodMs);
    this.#gossipTo(options.gossipFanout, now, out);
  }
  /** Tells news to random members, and to those that failed a short while ago, so that they can object. */
  #gossipTo(count, now, out) {
    const { parts, outbox } = this.#engine;
    const { table, random, options, self } = parts;
    const own = table.findSlot(self.life.name);
    const isListener = (slot) => {
      if (slot === own)
        return false;
      if (table.isLive(slot))
        return true;
      const goneAt = table.findGoneAt(slot);
      return table.findStatus(slot) === "failed" && goneAt !== void 0 && now - goneAt < options.gossipToFailedMs;
    };
    pickSlots(random, { capacity: table.capacity, count }, isListener, this.#picked);
    for (const slot of this.#picked) {
      if (!this.#hasNews)
        break;
      outbox.news(slot, out);
    }
  }
};
var sweepMs = 1e4;
var farewellBurst = 16;

// dist/cluster/membership/gossip-desk.js
var GossipDesk = class {
  #clock;
  #topics = /* @__PURE__ */ new Map();
  constructor(clock) {
    this.#clock = clock;
  }
  listen(topic, listener) {
    const listeners = this.#topics.get(topic) ?? new Listeners();
    this.#topics.set(topic, listeners);
    const unlisten = listeners.add(listener);
    return () => {
      unlisten();
      if (listeners.size === 0 && this.#topics.get(topic) === listeners)
        this.#topics.delete(topic);
    };
  }
  /** Takes a message; one that nobody listens to is let go. */
  heard(message) {
    if (!this.#topics.has(message.topic))
      return;
    this.#clock.afterTurn(() => this.#topics.get(message.topic)?.tell(message));
  }
};

// dist/cluster/membership/machine-loop.js
var MachineLoop = class {
  #clock;
  #times;
  #user;
  #cancel;
  #dueAt = Number.POSITIVE_INFINITY;
  #draining = false;
  #heard = 0;
  #late = false;
  #running = false;
  constructor(clock, times, user) {
    this.#clock = clock;
    this.#times = times;
    this.#user = user;
  }
  start() {
    this.#running = true;
    this.arm();
  }
  stop() {
    this.#running = false;
    this.#disarm();
  }
  /** Something arrived. */
  heard() {
    this.#heard += 1;
  }
  /** Sees that a timer is set for what the machine wants now. An earlier one is kept: waking for nothing is cheaper than setting anew. */
  arm() {
    if (!this.#running || this.#draining)
      return;
    const now = this.#clock.now();
    const nextAt = Math.min(Math.max(this.#user.nextAt, now), now + this.#times.wakeMaxMs);
    if (nextAt >= this.#dueAt)
      return;
    this.#disarm();
    this.#dueAt = nextAt;
    this.#cancel = this.#clock.setTimer(toMonotonicMs(nextAt), () => this.#fire());
  }
  #disarm() {
    this.#cancel?.();
    this.#cancel = void 0;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }
  #fire() {
    const lateMs = this.#clock.now() - this.#dueAt;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#cancel = void 0;
    if (lateMs > this.#times.stallMs) {
      this.#draining = true;
      this.#drain(lateMs, this.#heard, drainTurnsMax);
      return;
    }
    if (this.#late)
      this.#user.onTime();
    this.#late = false;
    this.#user.tick();
    this.arm();
  }
  #drain(lateMs, heardBefore, turnsLeft) {
    this.#clock.afterTurn(() => {
      if (!this.#running)
        return;
      if (turnsLeft === drainTurnsMax || this.#heard !== heardBefore && turnsLeft > 0) {
        this.#drain(lateMs, this.#heard, turnsLeft - 1);
        return;
      }
      this.#draining = false;
      this.#late = true;
      this.#user.stalled(lateMs);
      this.#user.tick();
      this.arm();
    });
  }
};
var drainTurnsMax = 128;

// dist/cluster/membership/seed-loop.js
var SeedLoop = class {
  #clock;
  #random;
  #options;
  #user;
  #cancel;
  #attempts = 0;
  #running = false;
  constructor(deps, options, user) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#options = options;
    this.#user = user;
  }
  start() {
    if (this.#running)
      return;
    this.#running = true;
    void this.#attempt();
  }
  stop() {
    this.#running = false;
    this.#cancel?.();
  }
  async #attempt() {
    const { addresses, fault } = await findSeeds(this.#options);
    if (!this.#running)
      return;
    if (fault !== void 0)
      this.#user.seedFault(fault);
    const silent = this.#user.isJoining ? addresses : addresses.filter((address) => !this.#user.isMemberAt(address));
    if (silent.length > 0)
      this.#user.contact(silent);
    this.#attempts = silent.length > 0 ? this.#attempts + 1 : 0;
    const at = after(this.#clock.now(), this.#waitMs());
    this.#cancel = this.#clock.setTimer(at, () => void this.#attempt());
  }
  #waitMs() {
    const { joinRetryMs, seedRetryMs } = this.#options;
    if (this.#user.isJoining) {
      const doubled = joinRetryMs * 2 ** Math.min(this.#attempts - 1, 8);
      return jitterMs(this.#random, Math.max(joinRetryMs, Math.min(doubled, joinRetryMaxMs)), 0.2);
    }
    const slow = seedRetryMs * Math.min(slowest, 1 + this.#attempts / 10);
    return jitterMs(this.#random, this.#user.isAlone ? Math.min(slow, seedRetryMs / 10) : slow, 0.3);
  }
};
var joinRetryMaxMs = 1e3;
var slowest = 10;

// dist/cluster/membership/swim-metrics.js
var SwimMetrics = class {
  #counters;
  #last = {};
  #members;
  #suspects;
  #health;
  constructor(metrics, counts) {
    const names = Object.keys(counts).filter((name) => name in counts);
    const help = "What the membership protocol did or dropped, by kind";
    this.#counters = names.map((kind) => [kind, metrics.counter("scalebus_swim_total", help, { kind })]);
    this.#members = metrics.gauge("scalebus_members", "Members that are alive or suspect, this node included");
    this.#suspects = metrics.gauge("scalebus_members_suspect", "Members that somebody could not reach");
    this.#health = metrics.gauge("scalebus_swim_health", "Local health multiplier, 0 is healthy");
  }
  update(counts, view) {
    for (const [kind, counter2] of this.#counters) {
      const grown = counts[kind] - (this.#last[kind] ?? 0);
      if (grown > 0)
        counter2.add(grown);
      this.#last[kind] = counts[kind];
    }
    this.#members.set(view.liveCount);
    this.#suspects.set(view.suspectCount);
    this.#health.set(view.healthScore);
  }
};

// dist/cluster/membership/swim-streams.js
var SwimStreams = class {
  #user;
  #timeoutMs;
  #links;
  #unserve;
  #open = 0;
  constructor(user, timeoutMs) {
    this.#user = user;
    this.#timeoutMs = timeoutMs;
  }
  attach(links) {
    this.detach();
    this.#links = links;
    this.#unserve = links.serve("swim", (incoming) => this.#accept(incoming));
  }
  detach() {
    this.#unserve?.();
    this.#unserve = void 0;
    this.#links = void 0;
  }
  /** Copies the bytes. Beyond the limit, or without links, it does nothing: streams only help. */
  exchange(address, name, bytes) {
    if (this.#links === void 0 || this.#open >= exchangesMax)
      return;
    this.#open += 1;
    const request = { address, name, kind: "swim", data: bytes.slice(), timeoutMs: this.#timeoutMs };
    this.#links.exchange(request, (answer) => {
      this.#open -= 1;
      if (answer !== void 0 && this.#links !== void 0)
        this.#user.answered(address, answer);
    });
  }
  #accept(incoming) {
    const { stream: stream2, payload, interaction } = incoming;
    const answer = interaction === "response" ? this.#user.answer(payload.data()) : void 0;
    if (answer === void 0)
      stream2.fail(streamErrorCodes.rejected, emptyBytes);
    else
      stream2.nextAndComplete(emptyBytes, answer);
    return idleSink;
  }
};
var exchangesMax = 8;
var idleSink = {
  onNext: () => void 0,
  onComplete: () => void 0,
  onFail: () => void 0,
  onCredit: () => void 0,
  onCancel: () => void 0
};

// dist/cluster/membership/swim-membership.js
var SwimMembership = class {
  /** Health, partition and quorum. */
  watch;
  /** Users' small messages. */
  gossip;
  #deps;
  #options;
  #armour;
  #machine;
  #loop;
  #seeds;
  #streams;
  #teller;
  #out;
  #run;
  constructor(deps, options) {
    this.#deps = deps;
    this.#options = resolveSwimMembershipOptions(options);
    const { clock, random } = deps;
    this.#armour = makeArmour(deps, this.#options);
    const desk = new GossipDesk(clock);
    this.#machine = makeMachine(deps, this.#options, {
      heard: (message) => desk.heard(message),
      ...this.#armour === void 0 ? {} : { armour: this.#armour }
    });
    this.gossip = this.#gossipOf(desk);
    this.#teller = new MemberTeller(clock);
    const partition = new PartitionWatch(clock, this.#options.partitionMemoryMs);
    this.#run = newRunState(deps, this.#machine);
    this.watch = watchOf(this.#machine, partition, this.#run);
    this.#teller.listen((event) => partition.observe(event, this.#machine.view.liveCount));
    const times = { stallMs: this.#options.stallMs, wakeMaxMs: this.#options.swim.probePeriodMs };
    this.#loop = new MachineLoop(clock, times, this.#loopUser());
    const { seeds: source, seedPort: defaultPort2, joinRetryMs, seedRetryMs } = this.#options;
    this.#seeds = new SeedLoop({ clock, random: random.fork("seeds") }, { source, defaultPort: defaultPort2, resolver: deps.resolver, joinRetryMs, seedRetryMs }, this.#seedUser());
    this.#streams = new SwimStreams({ answer: (bytes) => this.#answer(bytes), answered: (from, bytes) => this.#receive(from, bytes) }, this.#options.swim.probePeriodMs);
    this.#out = this.#effects();
  }
  get self() {
    return this.#machine.view.self;
  }
  /** The machine, for reading: simulations and checkers look at it. */
  get machine() {
    return this.#machine;
  }
  /** The keys that seal datagrams, to change them while the node runs; `undefined` for a cluster without any. */
  get keyRing() {
    return this.#armour?.ring;
  }
  members() {
    return this.#machine.view.members();
  }
  findMember(name) {
    return this.#machine.view.findMember(name);
  }
  /** A start waits for links to others that are well. */
  isAwaited(member) {
    return member.status === "alive" && member.name !== this.self.name;
  }
  listen(listener) {
    return this.#teller.listen(listener);
  }
  /** Told once when this node must stop by itself: another life of its name is alive (`name-taken`). */
  listenFault(listener) {
    return this.#run.faults.add(listener);
  }
  attachDigest(name, source) {
    return this.#machine.attachDigest(name, source);
  }
  /** Lets probes fall back to streams. Until then, and without links, membership works on datagrams alone. */
  attachStreams(links) {
    this.#streams.attach(links);
  }
  report(evidence) {
    this.#machine.report(this.#deps.clock.now(), evidence, this.#out);
    this.#teller.flushLater();
    this.#loop.arm();
  }
  updateMetadata(metadata) {
    this.#machine.updateMetadata(metadata, this.#out);
    this.#teller.flushLater();
    this.#loop.arm();
  }
  start() {
    this.#run.started ??= this.#start();
    return this.#run.started;
  }
  async leave(timeoutMs) {
    const { clock } = this.#deps;
    if (this.#run.started !== void 0 && !this.#run.stopped) {
      this.#seeds.stop();
      await new Promise((resolve2) => {
        const cancel = clock.setTimer(after(clock.now(), timeoutMs), resolve2);
        this.#run.phases.add((phase) => {
          if (phase !== "left")
            return;
          cancel();
          resolve2();
        });
        this.#machine.leave(clock.now(), this.#out);
        this.#teller.flushLater();
        this.#loop.arm();
      });
    }
    await this.stop();
  }
  async stop() {
    if (this.#run.stopped)
      return;
    this.#run.stopped = true;
    this.#loop.stop();
    this.#seeds.stop();
    this.#streams.detach();
    this.#deps.socket.listen(() => void 0);
    this.#run.phases.tell("left");
  }
  async #start() {
    const { socket, clock } = this.#deps;
    if (this.#run.stopped)
      throw new ClusterError("stopped", "this membership was stopped; make another");
    socket.listen((from, bytes) => this.#receive(from, bytes));
    this.#loop.start();
    const { seeds, address, joinTimeoutMs, joinRequired } = this.#options;
    if (hasNoSeeds(seeds, address)) {
      this.#machine.comeUp(clock.now(), this.#out);
    } else {
      const fault = await this.#join(joinTimeoutMs);
      if (fault !== void 0) {
        await this.stop();
        throw fault;
      }
      if (this.#machine.phase !== "up" && joinRequired) {
        await this.stop();
        throw joinFailed(this.#options, this.#run.seedFault);
      }
      if (this.#machine.phase !== "up")
        this.#machine.comeUp(clock.now(), this.#out);
    }
    if (!hasNoSeeds(seeds, address))
      this.#seeds.start();
    this.#teller.flushLater();
    this.#loop.arm();
  }
  /**
   * Resolves when this node is up and has the members that its welcomer knows, or the time is over; with an error when it must not
   * come up.
   */
  #join(timeoutMs) {
    const { clock } = this.#deps;
    return new Promise((resolve2) => {
      let cancel;
      const end = (fault) => {
        cancel?.();
        unlisten();
        this.#run.caughtUp = void 0;
        resolve2(fault);
      };
      const unlisten = this.#run.phases.add((phase) => {
        if (phase !== "refused" && phase !== "left" && phase !== "deposed")
          return;
        end(this.#run.fault ?? new ClusterError("stopped", "stopped while joining"));
      });
      this.#run.caughtUp = () => end(void 0);
      cancel = clock.setTimer(after(clock.now(), timeoutMs), () => end(void 0));
      this.#machine.contact([], this.#out);
      this.#seeds.start();
    });
  }
  #receive(from, bytes) {
    if (this.#run.stopped)
      return;
    this.#loop.heard();
    this.#machine.receive(this.#deps.clock.now(), from, bytes, this.#out);
    this.#teller.flush();
    this.#loop.arm();
    if (this.#run.caughtUp !== void 0 && this.#machine.hasCaughtUp)
      this.#run.caughtUp();
  }
  /** A datagram that came as a request over a stream: what it is answered with goes back there. */
  #answer(bytes) {
    this.#run.streamAnswer = void 0;
    this.#receive(streamAddress, bytes);
    return this.#run.streamAnswer;
  }
  #gossipOf(desk) {
    return {
      spread: (topic, bytes) => {
        this.#machine.spread(topic, bytes);
        this.#loop.arm();
      },
      send: (to, topic, bytes) => this.#machine.send(to, { topic, bytes }, this.#out),
      listen: (topic, listener) => desk.listen(topic, listener)
    };
  }
  #effects() {
    const { socket } = this.#deps;
    return {
      send: (to, bytes) => {
        if (to === streamAddress)
          this.#run.streamAnswer = bytes.slice();
        else
          socket.send(to, bytes);
      },
      exchange: (to, name, bytes) => this.#streams.exchange(to, name, bytes),
      changed: (event) => this.#teller.add(event),
      phased: (phase, fault) => this.#phased(phase, fault)
    };
  }
  #phased(phase, fault) {
    if (fault !== void 0) {
      this.#run.fault = toClusterError(this.#options.name, fault);
      this.#run.logger.error("membership ended", { phase, fault: this.#run.fault.message });
    }
    this.#deps.clock.afterTurn(() => {
      this.#run.phases.tell(phase);
      if (phase === "deposed" && this.#run.fault !== void 0)
        this.#run.faults.tell(this.#run.fault);
    });
  }
  #loopUser() {
    const machine = this.#machine;
    const { clock } = this.#deps;
    return {
      get nextAt() {
        return machine.nextAt;
      },
      tick: () => {
        machine.tick(clock.now(), this.#out);
        this.#teller.flush();
        this.#run.tickMetrics(clock.now());
      },
      stalled: (stallMs) => {
        this.#run.lagMs = stallMs;
        this.#run.logger.debug("the event loop stood still", { stallMs });
        machine.slip(clock.now(), stallMs);
      },
      onTime: () => {
        this.#run.lagMs = 0;
        machine.onTime();
      }
    };
  }
  #seedUser() {
    const machine = this.#machine;
    return {
      get isJoining() {
        return machine.phase === "joining";
      },
      get isAlone() {
        return machine.view.liveCount <= 1;
      },
      contact: (addresses) => {
        machine.contact(addresses, this.#out);
        this.#loop.arm();
      },
      isMemberAt: (address) => machine.view.isMemberAt(address),
      seedFault: (fault) => {
        this.#run.seedFault = fault;
        this.#run.logger.info("seeds could not be looked up", { fault: String(fault) });
      }
    };
  }
};
var streamAddress = "stream";
function newRunState(deps, machine) {
  const metrics = deps.metrics === void 0 ? void 0 : new SwimMetrics(deps.metrics, machine.counts);
  let nextAt = 0;
  return {
    logger: deps.logger ?? silentLogger,
    phases: new Listeners(),
    faults: new Listeners(),
    tickMetrics: (now) => {
      if (metrics === void 0 || now < nextAt)
        return;
      nextAt = now + metricsPeriodMs;
      metrics.update(machine.counts, machine.view);
    },
    started: void 0,
    stopped: false,
    lagMs: 0,
    fault: void 0,
    seedFault: void 0,
    streamAnswer: void 0,
    caughtUp: void 0
  };
}
var metricsPeriodMs = 1e3;
function makeArmour(deps, options) {
  const { cipher, secrets } = deps;
  if (options.keys.length === 0)
    return void 0;
  if (cipher === void 0 || secrets === void 0) {
    throw new ClusterError("invalid-options", "keys need a cipher and secrets");
  }
  const { label, membersMax: sessionsMax } = options.swim;
  return new Armour({ cipher, secrets, ring: new KeyRing(options.keys) }, { label, sessionsMax, sealsMax: 2 ** 32 });
}
function makeMachine(deps, options, parts) {
  const { clock, random, catalogue } = deps;
  const { name, address, metadata, wireVersions } = options;
  const epoch = options.epoch ?? drawEpoch(clock.wallMs(), 0, random.fork("epoch"));
  return new SwimMachine(clock.now(), {
    options: options.swim,
    identity: { name, epoch, address, metadata, wireMin: wireVersions.min, wireMax: wireVersions.max },
    random: random.fork("swim"),
    ...catalogue === void 0 ? {} : { catalogue },
    ...parts
  });
}
function watchOf(machine, partition, run) {
  return {
    get health() {
      const { healthScore, isDeaf } = machine.view;
      return { score: healthScore, lagMs: run.lagMs, deaf: isDeaf };
    },
    get partition() {
      return partition.state;
    },
    listenPartition: (listener) => partition.listen(listener),
    requireQuorum: () => partition.requireQuorum()
  };
}
function joinFailed({ seeds, joinTimeoutMs }, cause) {
  const asked = typeof seeds === "function" ? "no seed" : `none of the seeds ${[seeds].flat().join(", ").slice(0, 300)}`;
  const todo = "check the addresses and the key, and start a node there first; without joinRequired this node begins alone";
  return new ClusterError("join-failed", `${asked} answered within ${joinTimeoutMs} ms: ${todo}`, { cause });
}
function toClusterError(name, fault) {
  if (fault.kind === "name-taken") {
    const told = `another node named ${name} answers at ${fault.address}; give this one another name, or stop that one`;
    return new ClusterError("name-taken", told, { details: fault });
  }
  const versions = `${fault.wireMin} to ${fault.wireMax}`;
  return new ClusterError("incompatible", `${fault.address} speaks wire versions ${versions}`, { details: fault });
}

// dist/runtime/node-membership.js
function createMembership(environment, options, front) {
  const { clock, random } = environment;
  const { address } = front;
  const common2 = {
    name: options.name,
    address,
    keys: options.key === void 0 ? [] : [options.key],
    ...options.metadata === void 0 ? {} : { metadata: options.metadata }
  };
  const own = random.fork("membership");
  if (options.nodes !== void 0) {
    return new StaticMembership({ clock, random: own }, { ...common2, nodes: options.nodes });
  }
  const { logger, metrics, cipher, secrets, resolver } = environment;
  return new SwimMembership({
    clock,
    random: own,
    socket: front.door.datagrams,
    logger,
    metrics,
    cipher,
    secrets,
    ...resolver === void 0 ? {} : { resolver }
  }, {
    ...membershipProfile(options.profile),
    ...common2,
    label: options.label,
    seeds: options.seeds.filter((seed) => seed !== address),
    joinRequired: options.joinRequired,
    joinTimeoutMs: options.joinTimeoutMs,
    ...versionsOf(environment)
  });
}
function membershipProfile(profile) {
  if (profile.kind === "local")
    return localMembership();
  return profile.kind === "lan" ? lanMembership(profile.nodes) : wanMembership(profile.nodes);
}

// dist/runtime/start-stack.js
var StartStack = class {
  #undo = [];
  /** Runs one part's start; an error of it says which part it was. */
  async start(partName, run) {
    try {
      return await run();
    } catch (cause) {
      const error = ClusterError.from(cause, "internal");
      const message = error.message.replace(/^\[[a-z-]+\] /, "");
      throw new ClusterError(error.code, `${partName} failed to start: ${message}`, { cause, details: error.details });
    }
  }
  /** What takes back the part that has just started. */
  onUndo(undo) {
    this.#undo.push(undo);
  }
  /** Takes everything back, newest first. A part that cannot be stopped does not keep the others running. */
  async undo() {
    for (let undo = this.#undo.pop(); undo !== void 0; undo = this.#undo.pop()) {
      await Promise.allSettled([undo()]);
    }
  }
};

// dist/runtime/assemble.js
async function startRooms(environment, options) {
  const stack = new StartStack();
  const { clock, random, logger, metrics } = environment;
  const early = new EarlyCallers();
  let accept = (connection) => early.hold(connection);
  try {
    const door = await stack.start("front door", () => openFrontDoor(environment, options, (connection) => accept(connection)));
    stack.onUndo(() => door.server.close());
    stack.onUndo(() => Promise.resolve(early.destroy()));
    stack.onUndo(() => door.datagrams.close());
    const address = options.advertise ?? addressToText({ host: reachableHost(door, environment), port: door.local.port });
    const membership = createMembership(environment, options, { address, door });
    await stack.start("membership", () => membership.start());
    stack.onUndo(() => membership.stop());
    const createEngine = await stack.start("links", () => loadEngine(options));
    const codec = createMsgpackCodec(options);
    const links = createLinks(environment, options, { membership, createEngine, codec });
    accept = (connection) => links.accept(connection);
    await stack.start("links", () => Promise.resolve(links.start()));
    stack.onUndo(() => links.stop(0));
    early.release(accept);
    membership.attachStreams(links);
    const tables = new TableRoom({ links, membership, clock, logger, metrics });
    const rpc = new RpcRoom({
      links,
      tables,
      membership,
      clock,
      random: random.fork("rpc"),
      codec,
      stockCodecs: [jsonCodec, createPlainMsgpackCodec()],
      metrics,
      logger
    }, options.rpc);
    const bus = createClusterBus({
      clock,
      random: random.fork("bus"),
      self: links.self,
      links,
      tables,
      membership,
      codec,
      exposeStacks: options.exposeStacks,
      metrics,
      logger
    });
    await stack.start("rpc", () => rpc.start());
    stack.onUndo(() => rpc.stop());
    await stack.start("bus", () => bus.start());
    stack.onUndo(() => bus.stop());
    await stack.start("tables", () => tables.start());
    stack.onUndo(() => tables.stop());
    return { door, address, membership, links, tables, rpc, bus };
  } catch (error) {
    await stack.undo();
    throw error;
  }
}
async function stopRooms(rooms, drainMs) {
  const { membership, links, tables, rpc, bus, door } = rooms;
  const withdrawMs = Math.min(withdrawMsMax, drainMs);
  await Promise.all([rpc.withdraw(withdrawMs), bus.withdraw(withdrawMs)]);
  rpc.refuse();
  await Promise.all([rpc.finish(drainMs), bus.finish(drainMs)]);
  links.withdraw();
  await bus.sayFinal(Math.min(finalMsMax, drainMs));
  await membership.leave(Math.min(leaveMsMax, drainMs));
  await bus.stop();
  await rpc.stop();
  await tables.stop();
  await links.stop(0);
  await membership.stop();
  await door.server.close();
  await door.datagrams.close();
}
var withdrawMsMax = 1e3;
var finalMsMax = 1e3;
var leaveMsMax = 1e3;
async function loadEngine(options) {
  return options.engine === "rsocket-js" ? rsocketJsEngines(await loadRsocketJs()) : createOwnEngine;
}
function createLinks(environment, options, parts) {
  const { membership, createEngine } = parts;
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const { name, epoch, address } = membership.self;
  return new LinkManager({
    self: { name, epoch, address },
    clock,
    random: random.fork("links"),
    secrets,
    connections,
    membership,
    logger,
    metrics,
    createEngine
  }, withRing(membership.keyRing, {
    authenticate: options.authenticate,
    capabilities: parts.codec.capabilities,
    keepAliveMs: 2e3,
    lifetimeMs: 12e3,
    linksMax: options.linksMax,
    ...versionsOf(environment),
    // Any certificate of the authorities would do otherwise, and one node could speak for another.
    checkCertificate: options.tls?.mutual === true ? (certificate, peer) => certificate.names.includes(peer) : void 0
  }));
}
function withRing(ring, given) {
  const options = resolveLinkOptions(given);
  if (ring === void 0)
    return options;
  return {
    ...options,
    get keys() {
      return ring.keys;
    }
  };
}
function reachableHost(door, environment) {
  const { host } = door.local;
  return host === "0.0.0.0" || host === "::" ? environment.publicHost() : host;
}

// dist/runtime/guest-service.js
import { map } from "rxjs/internal/operators/map";
import { Observable as Observable4 } from "rxjs/internal/Observable";

// dist/runtime/topic-meter.js
var _a;
var meterIdleMs = 5e3;
var meteredTopicsMax = 1e4;
var toldTopicsMax = 50;
var TopicMeter = class {
  /** The meter's own subscription, by which lists of subscriptions leave it out. */
  static subscriptionId = "scalebus.topics";
  #bus;
  #clock;
  #counts = /* @__PURE__ */ new Map();
  #subscription;
  #cancelIdle;
  constructor(deps) {
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }
  /** The busiest topics since counting began; empty on the first question. */
  read() {
    this.#watch();
    const all = Array.from(this.#counts, ([topic, count]) => ({ topic, count }));
    return all.toSorted((left, right) => right.count - left.count).slice(0, toldTopicsMax);
  }
  /** Ends counting. Idempotent. */
  stop() {
    this.#cancelIdle?.();
    this.#cancelIdle = void 0;
    this.#subscription?.stop();
    this.#subscription = void 0;
    this.#counts.clear();
  }
  #watch() {
    this.#cancelIdle?.();
    this.#cancelIdle = this.#clock.setTimer(after(this.#clock.now(), meterIdleMs), () => this.stop());
    this.#subscription ??= this.#bus.subscribe("**", ({ topic }) => this.#count(topic), {
      id: _a.subscriptionId,
      broker: false
    });
  }
  #count(topic) {
    const known = this.#counts.get(topic);
    const name = known === void 0 && this.#counts.size >= meteredTopicsMax ? otherTopics : topic;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
};
_a = TopicMeter;
var otherTopics = "(other topics)";

// dist/runtime/node-stats.js
function readStats({ membership, links, bus }, meter) {
  return {
    name: membership.self.name,
    members: membership.members().map(({ name, status, address }) => ({ name, status, address })),
    links: links.links().map((link) => ({ peer: link.peer.name, role: link.peer.role, bufferedBytes: link.bufferedBytes })),
    subscriptions: bus.subscriptions().filter(({ id }) => id !== TopicMeter.subscriptionId),
    topics: meter.read()
  };
}

// dist/runtime/guest-service.js
function serveGuests(rooms, clock) {
  const meter = new TopicMeter({ bus: rooms.bus, clock });
  rooms.rpc.register(guestContract, guestHandlers(rooms, meter), { id: "node" });
  return meter;
}
function guestHandlers(rooms, meter) {
  const { bus, rpc, membership } = rooms;
  return {
    host: () => selfView(rooms),
    members: () => membership.members().map((member) => viewOf(member, membership.self.name)),
    publish: ({ topic, value, ...options }) => bus.publish(topic, value, options),
    subscribe: (interest) => guestEvents(rooms, interest),
    request: async ({ topic, value, ...options }, context) => toPlain(await bus.request(topic, value, requestOptions(options, context))),
    requestMany: ({ topic, value, ...options }, context) => plainItems(bus.requestMany(topic, value, requestOptions(options, context))),
    invoke: ({ service, method, input, ...options }, context) => rpc.invoke(service, method, input, { ...options, cancel: cancelOf(context) }),
    invokeStream: ({ service, method, input, ...options }, context) => rpc.invokeStream(service, method, input, { ...options, cancel: cancelOf(context) }),
    instances: ({ service }) => rpc.instances(service),
    explain: ({ topic }) => bus.explain(topic),
    tap: ({ pattern, sample }) => withOverflow(bus.tap(pattern, { sample }).pipe(map(toPlain)), "drop-oldest", guestQueueMax),
    stats: () => readStats(rooms, meter)
  };
}
var guestQueueMax = 4096;
function guestEvents({ bus }, { patterns, group }) {
  const options = group === void 0 ? {} : { group: { name: group, strategy: "random" } };
  const events = new Observable4((subscriber) => {
    const subscription = bus.subscribe(patterns, (event) => subscriber.next(toPlain(event)), options);
    return () => subscription.stop();
  });
  return withOverflow(events, "drop-oldest", guestQueueMax);
}
function toPlain({ topic, value, headers, source, captures }) {
  return { topic, value, headers, source, captures };
}
async function* plainItems(events) {
  for await (const event of events)
    yield toPlain(event);
}
function requestOptions(options, context) {
  return { ...options, cancel: cancelOf(context) };
}
function cancelOf(context) {
  const source = new CancelSource();
  if (context.signal.aborted)
    source.cancel(context.signal.reason);
  else
    context.signal.addEventListener("abort", () => source.cancel(context.signal.reason), { once: true });
  return source;
}
function selfView({ membership, address }) {
  return { ...viewOf(membership.self, membership.self.name), address };
}
function viewOf(member, self) {
  const { name, epoch, address, status } = member;
  return { name, epoch, address, status, self: name === self };
}

// dist/runtime/members-stream.js
import { Observable as Observable5 } from "rxjs/internal/Observable";
function membersStream(membership) {
  return new Observable5((subscriber) => {
    subscriber.next({ kind: "snapshot", members: membership.members() });
    return membership.listen((event) => subscriber.next(event));
  });
}
function partitionStream(watch) {
  return new Observable5((subscriber) => {
    subscriber.next(watch.partition);
    return watch.listenPartition((state) => subscriber.next(state));
  });
}

// dist/runtime/when-settled.js
var settleMsMax = 1500;
function whenSettled(rooms, clock) {
  return new Promise((resolve2) => {
    const finish = () => {
      cancel();
      for (const unlisten of unlistens)
        unlisten();
      resolve2();
    };
    const check = () => {
      if (isSettled2(rooms))
        finish();
    };
    const cancel = clock.setTimer(after(clock.now(), settleMsMax), finish);
    const unlistens = [rooms.links.listen(check), rooms.membership.listen(check), rooms.rpc.listen(check)];
    check();
  });
}
function isSettled2({ membership, links, rpc }) {
  const known = new Set(rpc.instances(guestContract.name).map((instance) => instance.node));
  const others = membership.members().filter((member) => membership.isAwaited(member));
  return others.every((member) => links.findLink(member.name) !== void 0 && known.has(member.name));
}

// dist/runtime/create-node.js
function createNode2(options = {}) {
  const resolved = resolveNodeOptions(options, createOptionSources());
  return new AssembledNode(createNodeEnvironment(options, resolved), resolved);
}
var AssembledNode = class {
  #environment;
  #options;
  #ended = new Subject();
  #state = "idle";
  #rooms;
  #meter;
  #starting;
  #stopping;
  constructor(environment, options) {
    this.#environment = environment;
    this.#options = options;
  }
  get name() {
    return this.#options.name;
  }
  get state() {
    return this.#state;
  }
  get address() {
    return this.#running().address;
  }
  get epoch() {
    return this.#running().membership.self.epoch;
  }
  get bus() {
    return this.#running().bus;
  }
  get rpc() {
    return this.#running().rpc;
  }
  get cluster() {
    return this.#running().membership.watch;
  }
  get parts() {
    const { clock, random, logger, deviceConnections } = this.#environment;
    return { clock, random, logger, deviceConnections };
  }
  get members$() {
    return defer(() => membersStream(this.#running().membership).pipe(takeUntil(this.#ended)));
  }
  get partition$() {
    return defer(() => partitionStream(this.#running().membership.watch).pipe(takeUntil(this.#ended)));
  }
  get gossip() {
    return this.#running().membership.gossip;
  }
  get keyRing() {
    return this.#running().membership.keyRing;
  }
  updateMetadata(metadata) {
    this.#running().membership.updateMetadata(metadata);
  }
  members() {
    return this.#running().membership.members();
  }
  metricsText() {
    const { metrics } = this.#environment;
    return metrics instanceof ProcessMetrics ? metricsToText(metrics.snapshot()) : "";
  }
  start() {
    this.#starting ??= this.#start();
    return this.#starting;
  }
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  async #start() {
    if (this.#stopping !== void 0)
      throw new ClusterError("stopped", `node ${this.name} was stopped; make another`);
    this.#state = "starting";
    try {
      this.#rooms = await startRooms(this.#environment, this.#options);
      this.#meter = serveGuests(this.#rooms, this.#environment.clock);
      this.#rooms.membership.listenFault((fault) => this.#depose(fault));
      await whenSettled(this.#rooms, this.#environment.clock);
    } catch (error) {
      this.#state = "stopped";
      throw error;
    }
    if (!this.#isStopping())
      this.#state = "running";
  }
  /** A stop may have been asked for while the start was on its way. */
  #isStopping() {
    return this.#stopping !== void 0;
  }
  /** A later life of this name is alive: two nodes of one name would mislead everybody. */
  #depose(fault) {
    const { logger } = this.#environment;
    logger.error("another node of this name has come up; this one stops", { node: this.name, fault });
    this.stop().catch((error) => logger.error("the node did not stop in order", { node: this.name, error }));
  }
  async #stop() {
    const starting = this.#starting;
    this.#state = starting === void 0 ? "stopped" : "stopping";
    await Promise.allSettled([starting]);
    this.#meter?.stop();
    const rooms = this.#rooms;
    if (rooms !== void 0)
      await stopRooms(rooms, this.#options.drainMs);
    this.#state = "stopped";
    this.#ended.next();
    this.#ended.complete();
  }
  #running() {
    if (this.#rooms !== void 0 && this.#state !== "starting")
      return this.#rooms;
    throw new ClusterError("not-started", `node ${this.name} is ${this.#state}; await start() first`);
  }
};

// dist/runtime/mqtt-gateway.js
function createMqttGateway(node, options = {}) {
  const listen = addressOf(options.listen ?? "127.0.0.1:1883");
  resolveMqttOptions({ ...options, listen });
  const { bus } = node;
  let open;
  let starting;
  let stopping;
  const start = async () => {
    open = await openGateway(node, bus, options, listen);
    if (stopping === void 0)
      await open.start();
  };
  const stop = async () => {
    await Promise.allSettled([starting]);
    await open?.stop();
  };
  return {
    get address() {
      return addressToText(open?.local() ?? listen);
    },
    start: () => starting ??= start(),
    stop: () => stopping ??= stop()
  };
}
async function openGateway(node, bus, options, address) {
  const [{ DeviceGateway }, { JsonProtocol }, { MqttServer }, { SessionTable }] = await Promise.all([
    import("./device-gateway-Z5GR2N6T.js"),
    import("./json-protocol-JKUKHAGW.js"),
    import("./mqtt-server-2WA5QO7L.js"),
    import("./session-table-7RRAZPH7.js")
  ]);
  const { listen: _listen, protocol, ...rest } = options;
  const { clock, random, logger, deviceConnections } = node.parts;
  const component = new MqttServer({ connections: deviceConnections, clock, random: random.fork("mqtt"), logger }, { ...rest, listen: address });
  const gateway = new DeviceGateway({
    bus,
    component,
    protocol: protocol ?? new JsonProtocol(),
    sessions: new SessionTable(),
    clock,
    random: random.fork("gateway"),
    logger,
    nodeName: node.name
  }, rest);
  return { local: () => component.local, start: () => gateway.start(), stop: () => gateway.stop() };
}
function addressOf(text) {
  const address = findAddress(text, 1883);
  if (address !== void 0)
    return address;
  throw new ClusterError("invalid-options", `option listen is ${JSON.stringify(text)}: give host:port`);
}

// dist/runtime/node-logger.js
var JsonLogger = class {
  #clock;
  #rank;
  #write;
  #fields;
  constructor(options = {}) {
    this.#clock = options.clock ?? new NodeClock();
    this.#rank = ranks[options.level ?? "info"];
    this.#write = options.write ?? ((line) => void process.stderr.write(line));
    this.#fields = options.fields ?? {};
  }
  error(text, fields) {
    this.#log("error", text, fields);
  }
  info(text, fields) {
    this.#log("info", text, fields);
  }
  debug(text, fields) {
    this.#log("debug", text, fields);
  }
  #log(level, text, fields) {
    if (ranks[level] > this.#rank)
      return;
    const line = {
      time: new Date(this.#clock.wallMs()).toISOString(),
      level,
      text
    };
    for (const [name, value] of Object.entries({ ...this.#fields, ...fields })) {
      if (value !== void 0)
        line[name in line ? `field.${name}` : name] = toLoggable(value);
    }
    this.#write(`${JSON.stringify(line)}
`);
  }
};
var ranks = { error: 0, info: 1, debug: 2 };
function toLoggable(value) {
  try {
    const text = toJson2(value);
    return text === void 0 ? String(value) : JSON.parse(text);
  } catch (cause) {
    return `unwritable: ${cause instanceof Error ? cause.message.split("\n")[0] : "unknown"}`;
  }
}
function toJson2(value) {
  return JSON.stringify(value, (_, inner) => simplify(inner));
}
function simplify(value) {
  if (typeof value === "bigint")
    return value.toString();
  if (value instanceof Uint8Array)
    return `${value.length} bytes`;
  if (value instanceof Map)
    return Object.fromEntries(value);
  if (value instanceof Set)
    return [...value];
  if (!(value instanceof Error))
    return value;
  const code = "code" in value ? { code: value.code } : {};
  const cause = value.cause === void 0 ? {} : { cause: value.cause };
  return { message: value.message, ...code, stack: value.stack, ...cause };
}

// dist/runtime/node-rules.js
import { readFile as readFile2 } from "node:fs/promises";
async function startRules(node, files, options = {}) {
  const { clock, logger } = node.parts;
  const [{ compileRules }, { faultsToError }, { RuleRunner }] = await Promise.all([
    import("./rule-compiler-T7FN57F6.js"),
    import("./rule-fault-BNZEYN3R.js"),
    import("./rule-runner-NY7TFR3M.js")
  ]);
  const sources = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })));
  const compiled = compileRules(sources, clock);
  if (compiled.kind === "faulty")
    throw faultsToError(compiled.faults);
  const runner = new RuleRunner({ bus: node.bus, clock, logger }, compiled.rules, options);
  await runner.start();
  return { names: compiled.rules.map((rule) => rule.name), stats: () => runner.stats(), stop: () => runner.stop() };
}
async function readText(file) {
  try {
    return await readFile2(file, "utf8");
  } catch (cause) {
    throw new ClusterError("invalid-options", `rule file ${file} cannot be read: ${String(cause)}`, { cause });
  }
}
export {
  ClusterError,
  JsonLogger,
  ProcessMetrics,
  call,
  channel,
  connectGuest,
  connectStock,
  createLocalBus,
  createMqttGateway,
  createNode2 as createNode,
  defaultPort,
  defineService,
  fromCredit,
  lan,
  local,
  mayHaveRun,
  oneWay,
  packageVersion,
  segmentToText,
  startRules,
  stream,
  topicSegment,
  traceCalls,
  wan,
  withOverflow
};
