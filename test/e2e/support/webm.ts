// Owns a WebM film made of still pictures: every frame a key frame, with cues, and with a gap that a player jumps over.

/** The VP8 key frame inside a lossy WebP picture, which is what a canvas writes. */
export function vp8Frame(webp: Buffer): Buffer {
  for (let at = 12; at + 8 <= webp.length;) {
    const length = webp.readUInt32LE(at + 4);
    if (webp.toString("latin1", at, at + 4) === "VP8 ") return webp.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  throw new Error("no VP8 frame in this picture");
}

export interface Film {
  /** One for each second. */
  readonly frames: readonly Buffer[];
  readonly width: number;
  readonly height: number;
  /** Bytes of nothing in the middle: a player that is asked for the second half does not read through them. */
  readonly gap: number;
}

export function webm({ frames, width, height, gap }: Film): Buffer {
  const info = element(0x1549a966, [
    element(0x2ad7b1, unsigned(1_000_000)),
    element(0x4489, double(frames.length * 1000)),
    element(0x4d80, Buffer.from("strata")),
    element(0x5741, Buffer.from("strata")),
  ]);
  const video = element(0xe0, [element(0xb0, unsigned(width)), element(0xba, unsigned(height))]);
  const track = [
    element(0xd7, unsigned(1)),
    element(0x73c5, unsigned(1)),
    element(0x83, unsigned(1)),
    element(0x23e383, unsigned(1e9)),
  ];
  const tracks = element(0x1654ae6b, [element(0xae, [...track, element(0x86, Buffer.from("V_VP8")), video])]);
  const middle = Math.floor(frames.length / 2) - 1;
  const clusters = frames.map((frame, second) =>
    element(0x1f43b675, [
      element(0xe7, unsigned(second * 1000)),
      // track 1, at the cluster's own time, a key frame
      element(0xa3, [Buffer.from([0x81, 0, 0, 0x80]), frame]),
      element(0xec, Buffer.alloc(second === middle ? gap : 0)),
    ]),
  );
  // numbers are written in full, so the cues are as long before they are known as after
  const before = info.length + tracks.length + cues(frames.map(() => 0)).length;
  let position = before;
  const positions = clusters.map(({ length }) => {
    position += length;
    return position - length;
  });
  const head = element(0x1a45dfa3, [element(0x4282, Buffer.from("webm")), element(0x4287, unsigned(2))]);
  return Buffer.concat([head, element(0x18538067, [info, tracks, cues(positions), ...clusters])]);
}

function cues(positions: readonly number[]): Buffer {
  const points = positions.map((position, second) =>
    element(0xbb, [
      element(0xb3, unsigned(second * 1000)),
      element(0xb7, [element(0xf7, unsigned(1)), element(0xf1, unsigned(position))]),
    ]),
  );
  return element(0x1c53bb6b, points);
}

function element(id: number, content: Buffer | readonly Buffer[]): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.concat(content);
  const size = unsigned(bytes.length);
  size[0] = 1;
  return Buffer.concat([Buffer.from(id.toString(16), "hex"), size, bytes]);
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
