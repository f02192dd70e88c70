// Owns what a media file is: bytes that can be read from anywhere, under validators that change when the bytes do.

export interface MediaFile {
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Strong. */
  readonly etag: string;
  readonly lastModified: string;
  /** Bytes `from` up to, not including, `to`. */
  readonly read: (from: number, to: number) => Uint8Array<ArrayBuffer>;
}
