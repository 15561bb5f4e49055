import type { LinkPeer } from '../../spi/links.js';
import { connectionErrorCodes } from '../../protocol/rsocket/frame.js';
import type { Setup, SetupRefusal } from '../../protocol/rsocket/setup.js';
import type { LinkOptions } from './link-options.js';
import type { RsocketLink } from './rsocket-link.js';
import { compositeMime, linkMime } from './stream-kinds.js';

/** Says what to do with the SETUP of a connection: nodes go on to hello, stock clients to the `authenticate` hook. */
export class StockDoor {
  readonly #options: LinkOptions;
  readonly #raise: (link: RsocketLink, peer: LinkPeer) => void;
  readonly #onRefused: (link: RsocketLink, why: string) => void;

  constructor(
    options: LinkOptions,
    raise: (link: RsocketLink, peer: LinkPeer) => void,
    onRefused: (link: RsocketLink, why: string) => void,
  ) {
    this.#options = options;
    this.#raise = raise;
    this.#onRefused = onRefused;
  }

  onSetup(link: RsocketLink, setup: Setup): 'accept' | 'wait' | SetupRefusal {
    if (setup.metadataMime === linkMime) return 'accept';
    const { authenticate } = this.#options;
    const { rejectedSetup, unsupportedSetup } = connectionErrorCodes;
    if (authenticate === undefined) return this.#refusal(link, rejectedSetup, 'stock clients are not taken here');
    if (setup.metadataMime !== compositeMime) {
      return this.#refusal(link, unsupportedSetup, `metadata must be ${compositeMime}`);
    }
    const { remote, certificate } = link.connection;
    const { metadataMime, dataMime, metadata, data } = setup;
    authenticate({ remote, certificate, metadataMime, dataMime, metadata, data }).then(
      (name) => this.#onAnswer(link, name, dataMime),
      () => this.#onAnswer(link, undefined, dataMime),
    );
    return 'wait';
  }

  #onAnswer(link: RsocketLink, name: string | undefined, dataType: string): void {
    if (link.isEnded) return;
    if (name === undefined) {
      link.engine.refuseSetup(this.#refusal(link, connectionErrorCodes.rejectedSetup, 'not authenticated'));
      return;
    }
    const { remote } = link.connection;
    link.engine.metadataForm = 'composite';
    const known = {
      name,
      epoch: 0,
      role: 'stock',
      address: remote,
      wireVersion: 0,
      capabilities: new Set<string>(),
    } as const;
    this.#raise(link, { ...known, dataType });
    link.engine.acceptSetup();
  }

  #refusal(link: RsocketLink, code: number, text: string): SetupRefusal {
    this.#onRefused(link, text);
    return { code, text };
  }
}
