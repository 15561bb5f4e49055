import { Observable } from 'rxjs/internal/Observable';
import type { Unlisten } from '../core/listeners.js';

/** The events of a door as a cold Observable: each subscriber listens by itself, and stops listening when it unsubscribes. */
export function fromListener<T>(listen: (listener: (event: T) => void) => Unlisten): Observable<T> {
  return new Observable<T>((observer) => listen((event) => observer.next(event)));
}
