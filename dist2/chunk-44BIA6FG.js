// dist/core/limits.js
var frameBytesMax = 16777215;
var topicLengthMax = 1024;
var topicSegmentsMax = 32;
var topicDoubleStarsMax = 3;
var topicAlternativesMax = 256;
var nodeNameBytesMax = 63;
var serviceNameBytesMax = 128;
var headersMax = 64;
var headersBytesMax = 8192;
var memberMetadataBytesMax = 65536;
var spreadBytesMax = 512;
var spreadTopicBytesMax = 64;
var datagramBytesMax = 1400;
var wireVersion = 1;
var wireVersionMin = 1;

export {
  frameBytesMax,
  topicLengthMax,
  topicSegmentsMax,
  topicDoubleStarsMax,
  topicAlternativesMax,
  nodeNameBytesMax,
  serviceNameBytesMax,
  headersMax,
  headersBytesMax,
  memberMetadataBytesMax,
  spreadBytesMax,
  spreadTopicBytesMax,
  datagramBytesMax,
  wireVersion,
  wireVersionMin
};
