// Owns the shape of media files: random-access bytes, and validators that change with them.

export interface MediaFile {
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Strong. */
  readonly etag: string;
  readonly lastModified: string;
  /** Bytes `from` up to, not including, `to`. */
  readonly read: (from: number, to: number) => Uint8Array<ArrayBuffer>;
}
