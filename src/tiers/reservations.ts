// Owns what is set aside of the memory budget for bodies on their way: until it is given back, or its request was cut off.
import type { Reservation } from "./tier.ts";

export interface Reservations {
  bytes(): number;
  take(bytes: number): Reservation;
}

/** The platform cuts a request off without a word, and its timers with it: what nobody has renewed for so long is nobody's. */
const LAPSE_MS = 60_000;

export function reservations(now: () => number): Reservations {
  /** -> when it was renewed; the longest ago first. */
  const held = new Map<{ readonly bytes: number }, number>();
  let total = 0;

  function drop(share: { readonly bytes: number }): void {
    if (held.delete(share)) total -= share.bytes;
  }

  function renew(share: { readonly bytes: number }): void {
    drop(share);
    held.set(share, now());
    total += share.bytes;
  }

  return {
    bytes() {
      for (const [share, renewedAtMs] of held) {
        if (now() - renewedAtMs < LAPSE_MS) break;
        drop(share);
      }
      return total;
    },
    take(bytes) {
      const share = { bytes };
      let isReleased = false;
      renew(share);
      return {
        renew() {
          if (!isReleased) renew(share);
        },
        release() {
          isReleased = true;
          drop(share);
        },
      };
    },
  };
}
