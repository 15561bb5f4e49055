import type { StreamSink } from '../../spi/links.js';

/** What a refused stream is given to: nothing more is expected of it. */
export const ignoringSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};
