import {
  topicAlternativesMax,
  topicDoubleStarsMax,
  topicLengthMax,
  topicSegmentsMax
} from "./chunk-44BIA6FG.js";
import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/core/topic.js
function normalizeTopic(topic) {
  const wrong = findTopicFault(topic);
  if (wrong !== void 0) {
    throw new ClusterError("invalid-topic", `topic ${JSON.stringify(topic.slice(0, 120))}: ${wrong}`);
  }
  return addSlash(topic);
}
function findTopicFault(topic) {
  if (topic.length > topicLengthMax)
    return `it is longer than ${topicLengthMax} characters`;
  let segments = 1;
  let segmentStart = topic.charCodeAt(0) === slash ? 1 : 0;
  const end = topic.length > 1 && topic.charCodeAt(topic.length - 1) === slash ? topic.length - 1 : topic.length;
  for (let index = segmentStart; index < end; index += 1) {
    const code = topic.charCodeAt(index);
    if (code === slash) {
      if (index === segmentStart)
        return "it has an empty segment";
      segments += 1;
      segmentStart = index + 1;
    } else if (isWildcardCode(code)) {
      return `it has the wildcard ${String.fromCharCode(code)}; only patterns may`;
    } else if (code < 32 || code === 127) {
      return "it has a control character";
    }
  }
  if (segmentStart >= end)
    return "it has an empty segment";
  return segments > topicSegmentsMax ? `it has more than ${topicSegmentsMax} segments` : void 0;
}
function parsePattern(text) {
  if (findTopicFault(text) === void 0)
    return [new ExactPattern(addSlash(text))];
  const fail = (why) => {
    throw new ClusterError("invalid-topic", `pattern ${JSON.stringify(text.slice(0, 120))}: ${why}`);
  };
  if (text.length > topicLengthMax)
    fail(`it is longer than ${topicLengthMax} characters`);
  const raw = trimSlashes(text).split("/").filter((segment, index, all) => !(segment === "**" && all[index - 1] === "**"));
  if (raw.length > topicSegmentsMax)
    fail(`it has more than ${topicSegmentsMax} segments`);
  const captures = [];
  const choices = raw.map((segment, index) => parseSegment(segment, { index, last: raw.length - 1, captures, fail }));
  if (new Set(captures.map((capture) => capture.name)).size !== captures.length)
    fail("two captures share one name");
  const doubles = choices.filter((choice) => choice[0] === "**").length;
  if (doubles > topicDoubleStarsMax)
    fail(`it has more than ${topicDoubleStarsMax} times **`);
  const count = choices.reduce((product, choice) => product * choice.length, 1);
  if (count > topicAlternativesMax)
    fail(`its alternatives make more than ${topicAlternativesMax} patterns`);
  return expand(choices).map((segments) => {
    const exact = !segments.some((segment) => segment === "*" || segment === "**");
    return { segments, captures, text: `/${segments.join("/")}`, exact };
  });
}
var ExactPattern = class {
  text;
  /** `text` is a topic in its normal form. */
  constructor(text) {
    this.text = text;
  }
  get segments() {
    return topicToSegments(this.text);
  }
  get captures() {
    return noCaptures;
  }
  get exact() {
    return true;
  }
};
var noCaptures = [];
function matchesSegments(pattern, topic, patternAt = 0, topicAt = 0) {
  const segment = pattern[patternAt];
  if (segment === void 0)
    return topicAt === topic.length;
  if (segment === "**") {
    for (let skip = topicAt; skip <= topic.length; skip += 1) {
      if (matchesSegments(pattern, topic, patternAt + 1, skip))
        return true;
    }
    return false;
  }
  if (topicAt >= topic.length)
    return false;
  return (segment === "*" || segment === topic[topicAt]) && matchesSegments(pattern, topic, patternAt + 1, topicAt + 1);
}
function topicToSegments(topic) {
  return topic.slice(1).split("/");
}
function readCaptures(pattern, topic) {
  if (pattern.captures.length === 0)
    return {};
  const segments = topicToSegments(topic);
  const places = placeSegments(pattern.segments, segments, 0, 0);
  if (places === void 0)
    return {};
  return Object.fromEntries(pattern.captures.map((capture) => [capture.name, segments[places[capture.index] ?? -1] ?? ""]));
}
function topicSegment(name) {
  if (name === "")
    return "%";
  return name.replaceAll(/[/*{},+#%\u0000-\u001f\u007f]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
function segmentToText(segment) {
  if (segment === "%")
    return "";
  return segment.replaceAll(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
var slash = 47;
function isWildcardCode(code) {
  return code === 42 || code === 43 || code === 35 || code === 123 || code === 125 || code === 44;
}
function addSlash(topic) {
  const isNormal = topic.charCodeAt(0) === slash && topic.charCodeAt(topic.length - 1) !== slash;
  return isNormal ? topic : `/${trimSlashes(topic)}`;
}
function trimSlashes(text) {
  const start = text.startsWith("/") ? 1 : 0;
  const end = text.length > 1 && text.endsWith("/") ? text.length - 1 : text.length;
  return text.slice(start, Math.max(start, end));
}
function parseSegment(segment, context) {
  const { index, last, captures, fail } = context;
  const at = `segment ${index + 1}`;
  if (segment === "")
    return fail(`${at} is empty`);
  if (segment === "*" || segment === "+")
    return ["*"];
  if (segment === "**")
    return ["**"];
  if (segment === "#")
    return index === last ? ["**"] : fail(`${at}: # is allowed at the end only; use **`);
  const capture = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(segment);
  if (capture !== null) {
    captures.push({ name: capture[1] ?? "", index });
    return ["*"];
  }
  const choices = segment.split(",");
  for (const choice of choices) {
    if (choice === "")
      fail(`${at} has an empty alternative`);
    if (/[*+#{}]/.test(choice))
      fail(`${at} (${choice}) mixes a wildcard with text; a wildcard is a whole segment`);
    if (/[\u0000-\u001f\u007f]/.test(choice))
      fail(`${at} has a control character`);
  }
  return [...new Set(choices)];
}
function expand(choices) {
  return choices.reduce((paths, choice) => paths.flatMap((path) => choice.map((segment) => [...path, segment])), [[]]);
}
function placeSegments(pattern, topic, patternAt, topicAt) {
  const segment = pattern[patternAt];
  if (segment === void 0)
    return topicAt === topic.length ? [] : void 0;
  if (segment === "**") {
    for (let skip = topicAt; skip <= topic.length; skip += 1) {
      const rest2 = placeSegments(pattern, topic, patternAt + 1, skip);
      if (rest2 !== void 0)
        return [topicAt, ...rest2];
    }
    return void 0;
  }
  if (topicAt >= topic.length || segment !== "*" && segment !== topic[topicAt])
    return void 0;
  const rest = placeSegments(pattern, topic, patternAt + 1, topicAt + 1);
  return rest === void 0 ? void 0 : [topicAt, ...rest];
}

export {
  normalizeTopic,
  findTopicFault,
  parsePattern,
  ExactPattern,
  matchesSegments,
  topicToSegments,
  readCaptures,
  topicSegment,
  segmentToText
};
