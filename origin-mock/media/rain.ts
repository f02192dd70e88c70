// Owns a minute of rain: a recording of 5 MB. Each byte is computed from its position, so that none is kept in memory.
import type { MediaFile } from "./file.ts";

const SECONDS = 60;
const SAMPLES_PER_SECOND = 44_100;
const SAMPLES = SECONDS * SAMPLES_PER_SECOND;
const BYTES_PER_SAMPLE = 2;
const HEADER_BYTES = 44;
const SIZE_BYTES = HEADER_BYTES + SAMPLES * BYTES_PER_SAMPLE;

/** RIFF, one channel, 16-bit PCM. */
function header(): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(SIZE_BYTES - 8, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  bytes.writeUInt32LE(SAMPLES_PER_SECOND * BYTES_PER_SAMPLE, 28);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(SAMPLES * BYTES_PER_SAMPLE, 40);
  return bytes;
}
const HEADER = header();

/** Integer arithmetic gives the same bytes on every machine. The noise swells and ebbs every ten seconds. */
function sampleAt(index: number): number {
  let noise = Math.imul(index ^ (index >>> 15), 0x2c_1b_3c_6d);
  noise = Math.imul(noise ^ (noise >>> 12), 0x29_7a_2d_39);
  const white = (noise >>> 16) - 0x80_00;
  const phase = index % (10 * SAMPLES_PER_SECOND);
  const swell = Math.abs(phase - 5 * SAMPLES_PER_SECOND);
  return Math.trunc((white * (2 * SAMPLES_PER_SECOND + swell)) / (40 * SAMPLES_PER_SECOND));
}

function byteAt(position: number): number {
  const offset = position - HEADER_BYTES;
  if (offset < 0) return HEADER[position] ?? 0;
  const sample = sampleAt(offset >>> 1);
  return offset % 2 === 0 ? sample & 0xff : (sample >>> 8) & 0xff;
}

export const RAIN: MediaFile = {
  contentType: "audio/wav",
  sizeBytes: SIZE_BYTES,
  // Raise the number when the bytes change.
  etag: '"rain-1"',
  lastModified: "Tue, 01 Sep 2026 08:00:00 GMT",
  read(from, to) {
    const bytes = new Uint8Array(to - from);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = byteAt(from + index);
    return bytes;
  },
};
