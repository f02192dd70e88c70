// Owns reservations of the memory budget for pending fills. Each lasts until it is released, or its request was cut off.
import type { Reservation } from "./tier.ts";

export interface Reservations {
  bytes(): number;
  take(bytes: number): Reservation;
}

/** The platform cuts a request off silently, with its timers: a reservation not renewed for this long is void. */
const LAPSE_MS = 60_000;

export function reservations(now: () => number): Reservations {
  /** -> time of renewal, the oldest first. */
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
