/** One piece of news that waits to be told. */
interface News {
  /** What it is about: newer news about the same replaces it. */
  readonly subject: number;
  readonly bytes: Uint8Array;
  /** Times that it was told, or counts as told. */
  told: number;
  /** Times that it was told indeed. */
  sent: number;
  current: boolean;
  isFresh: boolean;
}

/** How long news is fresh: for a share of its tellings, and for so many at least. */
export interface Freshness {
  readonly share: number;
  readonly least: number;
}

/** Where news is packed. */
export interface NewsTarget {
  /** Appends the bytes if they fit; returns whether they did. */
  addBytes(bytes: Uint8Array): boolean;
  readonly room: number;
}

/**
 * News on its way through the cluster. Each piece is told `factor * ceil(log10(n + 1))` times, the least told first, and among
 * equals the newest: old news has had its chance. A shelf holds what was told equally often, so packing costs what it packs.
 * Fresh news is worth datagrams of its own. The later tellings find almost only members that know: they make up for lost ones, and can wait
 * for company.
 */
export class Dissemination {
  readonly #factor: number;
  readonly #max: number;
  readonly #freshness: Freshness;
  readonly #shelves: News[][] = [];
  readonly #bySubject = new Map<number, News>();
  #dropped = 0;
  #fresh = 0;

  constructor(factor: number, max: number, freshness: Freshness) {
    this.#factor = factor;
    this.#max = max;
    this.#freshness = freshness;
  }

  /** Pieces that are still to be told. */
  get size(): number {
    return this.#bySubject.size;
  }

  /** Whether any of it is fresh. */
  get hasFresh(): boolean {
    return this.#fresh > 0;
  }

  /** Pieces that were pushed out because too much waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Times that a piece is told in a cluster of this size. */
  tellings(members: number): number {
    return this.#factor * Math.ceil(Math.log10(members + 1));
  }

  /**
   * Queues news about `subject`, and forgets what was queued about it before. News that adds little counts as told as often as what it
   * replaces, or `toldMax` times when that has been told more often; and it is fresh only as long as what it replaces would have been.
   */
  tell(subject: number, bytes: Uint8Array, toldMax = 0): void {
    const old = this.#bySubject.get(subject);
    const wasFresh = old?.isFresh ?? false;
    if (old !== undefined) this.#retire(old);
    else if (this.#bySubject.size >= this.#max) this.#dropMostTold();
    const told = Math.max(0, Math.min(old?.told ?? toldMax, toldMax));
    const isNew = toldMax === 0 || old === undefined;
    const isFresh = toldMax === 0 || wasFresh;
    const news = { subject, bytes, told, sent: isNew ? 0 : old.sent, current: true, isFresh };
    if (isFresh) this.#fresh += 1;
    this.#bySubject.set(subject, news);
    this.#shelf(told).push(news);
  }

  isTelling(subject: number): boolean {
    return this.#bySubject.has(subject);
  }

  forget(subject: number): void {
    const news = this.#bySubject.get(subject);
    if (news === undefined) return;
    this.#retire(news);
    this.#bySubject.delete(subject);
  }

  /** Packs as much as fits; what was packed has been told once more. */
  pack(target: NewsTarget, members: number): number {
    if (this.#bySubject.size === 0) return 0;
    const limit = this.tellings(members);
    let packed = 0;
    // From the most told down, so that nothing is seen twice: collect first, then move up one shelf.
    const moved: News[] = [];
    for (let told = 0; told < this.#shelves.length && target.room > smallestNews; told += 1) {
      packed += this.#packShelf(told, target, moved);
    }
    const { share, least } = this.#freshness;
    const freshTellings = Math.max(least, limit * share);
    for (const news of moved) {
      news.told += 1;
      news.sent += 1;
      if (news.sent >= freshTellings) this.#age(news);
      if (news.told >= limit) this.forget(news.subject);
      else this.#shelf(news.told).push(news);
    }
    return packed;
  }

  #age(news: News): void {
    if (news.isFresh) this.#fresh -= 1;
    news.isFresh = false;
  }

  #retire(news: News): void {
    news.current = false;
    this.#age(news);
  }

  #packShelf(told: number, target: NewsTarget, moved: News[]): number {
    const shelf = this.#shelves[told] ?? [];
    let packed = 0;
    let misfits = 0;
    for (let index = shelf.length - 1; index >= 0; index -= 1) {
      const news = shelf[index];
      if (news === undefined) continue;
      if (!news.current) {
        shelf.splice(index, 1);
      } else if (target.addBytes(news.bytes)) {
        shelf.splice(index, 1);
        moved.push(news);
        packed += 1;
      } else {
        misfits += 1;
        if (misfits >= misfitsMax) break;
      }
    }
    return packed;
  }

  #dropMostTold(): void {
    for (let told = this.#shelves.length - 1; told >= 0; told -= 1) {
      const shelf = this.#shelves[told] ?? [];
      for (let news = shelf.shift(); news !== undefined; news = shelf.shift()) {
        if (!news.current) continue;
        this.forget(news.subject);
        this.#dropped += 1;
        return;
      }
    }
  }

  #shelf(told: number): News[] {
    while (this.#shelves.length <= told) this.#shelves.push([]);
    return this.#shelves[told] ?? [];
  }
}

/** Less room than this fits no news, so looking would be for nothing. */
const smallestNews = 16;
/** Pieces that may be too long before a shelf is given up for this datagram. */
const misfitsMax = 4;
