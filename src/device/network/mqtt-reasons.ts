/** Why an MQTT server refuses or ends something. One word, both versions' numbers. */
export type MqttReason =
  | 'malformed'
  | 'protocol-error'
  | 'version-unsupported'
  | 'client-id-invalid'
  | 'bad-credentials'
  | 'not-authorized'
  | 'unavailable'
  | 'busy'
  | 'stopping'
  | 'auth-method'
  | 'keep-alive'
  | 'taken-over'
  | 'filter-invalid'
  | 'topic-invalid'
  | 'receive-maximum'
  | 'topic-alias'
  | 'too-large'
  | 'quota'
  | 'payload-invalid'
  | 'retain-unsupported'
  | 'qos-unsupported'
  | 'shared-unsupported'
  | 'identifier-unsupported';

/** MQTT 5, section 2.4: reason codes; the same number wherever the reason is used. */
export const reasonCodes: Readonly<Record<MqttReason, number>> = {
  malformed: 0x81,
  'protocol-error': 0x82,
  'version-unsupported': 0x84,
  'client-id-invalid': 0x85,
  'bad-credentials': 0x86,
  'not-authorized': 0x87,
  unavailable: 0x88,
  busy: 0x89,
  stopping: 0x8b,
  'auth-method': 0x8c,
  'keep-alive': 0x8d,
  'taken-over': 0x8e,
  'filter-invalid': 0x8f,
  'topic-invalid': 0x90,
  'receive-maximum': 0x93,
  'topic-alias': 0x94,
  'too-large': 0x95,
  quota: 0x97,
  'payload-invalid': 0x99,
  'retain-unsupported': 0x9a,
  'qos-unsupported': 0x9b,
  'shared-unsupported': 0x9e,
  'identifier-unsupported': 0xa1,
};

/** MQTT 5, 3.4.2.1: the message was taken, and nobody wants it. */
export const noSubscribersCode = 0x10;

/** MQTT 5, 3.11.3: there was no such subscription. */
export const noSubscriptionCode = 0x11;

/** MQTT 3.1.1, 3.9.3: the filter was refused. */
export const subscribeFailureCode = 0x80;

/**
 * MQTT 3.1.1, 3.2.2.3: the connect return code, or `undefined` where that version has none and only closing is left.
 */
export function findReturnCode(reason: MqttReason): number | undefined {
  if (reason === 'version-unsupported') return 1;
  if (reason === 'client-id-invalid') return 2;
  if (reason === 'unavailable' || reason === 'busy' || reason === 'quota' || reason === 'stopping') return 3;
  if (reason === 'bad-credentials') return 4;
  return reason === 'not-authorized' || reason === 'auth-method' ? 5 : undefined;
}
