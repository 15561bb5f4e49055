import {
  topicSegment
} from "./chunk-GDDVHQ3H.js";

// dist/core/device-topic.js
function deviceTopic(device) {
  return `/device/${topicSegment(device.product)}/${topicSegment(device.id)}`;
}
function reportTopic(device) {
  return `${deviceTopic(device)}/message/property/report`;
}
function eventTopic(device, event) {
  return `${deviceTopic(device)}/message/event/${topicSegment(event)}`;
}
function onlineTopic(device) {
  return `${deviceTopic(device)}/online`;
}
function offlineTopic(device) {
  return `${deviceTopic(device)}/offline`;
}
function commandTopic(device, name) {
  return `${deviceTopic(device)}/command/${topicSegment(name)}`;
}
function commandPattern(device) {
  return `${deviceTopic(device)}/command/{name}`;
}
var onlinePattern = "/device/{product}/{device}/online";

export {
  reportTopic,
  eventTopic,
  onlineTopic,
  offlineTopic,
  commandTopic,
  commandPattern,
  onlinePattern
};
