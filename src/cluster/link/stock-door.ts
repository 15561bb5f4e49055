import type { LinkPeer } from '../../spi/links.js';
import { connectionErrorCodes } from '../../protocol/rsocket/frame.js';
import type { Setup, SetupRefusal } from '../../protocol/rsocket/setup.js';
import type { LinkOptions } from './link-options.js';
import type { RsocketLink } from './rsocket-link.js';
import { compositeMime, linkMime } from './stream-kinds.js';

/** Says what to do with the SETUP of a connection: nodes go on to hello, stock clients to the `authenticate` hook. */
export class StockDoor {
  readonly #options: LinkOptions;
  readonly #owner: StockDoorOwner;

  constructor(options: LinkOptions, owner: StockDoorOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  onSetup(link: RsocketLink, setup: Setup): 'accept' | 'wait' | SetupRefusal {
    if (setup.metadataMime === linkMime) return 'accept';
    const { authenticate } = this.#options;
    const { rejectedSetup, unsupportedSetup } = connectionErrorCodes;
    if (authenticate === undefined) return this.#refusal(rejectedSetup, 'stock clients are not taken here');
    if (setup.metadataMime !== compositeMime) {
      return this.#refusal(unsupportedSetup, `metadata must be ${compositeMime}`);
    }
    const { remote, certificate } = link.connection;
    const { metadataMime, dataMime, metadata, data } = setup;
    // Inside the promise, so that a hook that throws at once, or answers without a promise, is no stranger's way out of here.
    const asked = new Promise<unknown>((resolve) => {
      resolve(authenticate({ remote, certificate, metadataMime, dataMime, metadata, data }));
    });
    asked.then(
      (name) => this.#onAnswer(link, name, dataMime),
      () => this.#onAnswer(link, undefined, dataMime),
    );
    return 'wait';
  }

  #onAnswer(link: RsocketLink, name: unknown, dataType: string): void {
    if (link.isEnded) return;
    const { rejectedSetup } = connectionErrorCodes;
    if (typeof name !== 'string' || name === '') {
      link.engine.refuseSetup(this.#refusal(rejectedSetup, 'not authenticated'));
      return;
    }
    if (this.#owner.isTaken(name)) {
      link.engine.refuseSetup(this.#refusal(rejectedSetup, 'the name is taken'));
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
    this.#owner.raise(link, { ...known, dataType });
    link.engine.acceptSetup();
  }

  #refusal(code: number, text: string): SetupRefusal {
    this.#owner.onRefused();
    return { code, text };
  }
}

/** Who keeps the links that the door lets in. */
export interface StockDoorOwner {
  /** Says whether this node, a member or a guest goes by that name: its link is not a stock client's to replace. */
  isTaken(name: string): boolean;
  /** Makes a connection the link of a stock client. */
  raise(link: RsocketLink, peer: LinkPeer): void;
  /** A stock client was refused. */
  onRefused(): void;
}
