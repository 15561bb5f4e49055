import {
  ClusterError
} from "./chunk-TSAYY3IC.js";

// dist/rule/rule-fault.js
function faultToText(fault) {
  return `${fault.file}:${fault.line}:${fault.column}: expected ${fault.expected}, found ${fault.found}`;
}
function faultsToError(faults) {
  const lines = faults.map((fault) => faultToText(fault)).join("\n");
  return new ClusterError("invalid-options", `rules were refused:
${lines}`, { details: faults });
}
export {
  faultToText,
  faultsToError
};
