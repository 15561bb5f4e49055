import type { Link } from '../../spi/links.js';
import type { CallHead } from './call-metadata.js';
import type { CallRoutes, ClientMethod } from './client-house.js';
import { writeCompositeMetadata } from './composite-metadata.js';
import type { Target } from './target.js';

/** The routing tag of a method at a stock server. */
export type StockRoute = (service: string, method: string) => string;

/** Addresses calls to stock RSocket servers: composite metadata with a routing tag and the media type of the data. */
export class StockRoutes implements CallRoutes {
  readonly #tagOf: StockRoute;

  constructor(tagOf: StockRoute) {
    this.#tagOf = tagOf;
  }

  forget(): void {
    // Each call says everything anew.
  }

  /** Deadline and depth have no entry that stock servers know: the caller's side keeps them, and cancels. */
  write(_target: Target, _link: Link, method: ClientMethod, { headers }: CallHead): Uint8Array {
    const tag = this.#tagOf(method.service, method.name);
    return writeCompositeMetadata({ tag, dataType: method.codec.name, headers });
  }
}
