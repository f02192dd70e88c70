// Owns buffering a body up to a limit. A larger one goes on as a stream.

export type Body =
  | { readonly kind: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "too-large"; readonly response: Response };

/** The chunks already read, then the rest as fast as the client takes it. */
function resumed(
  first: readonly Uint8Array<ArrayBuffer>[],
  rest: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): ReadableStream {
  const ahead = [...first];
  return new ReadableStream({
    async pull(controller) {
      const chunk = ahead.shift();
      if (chunk !== undefined) return controller.enqueue(chunk);
      const { done, value } = await rest.read();
      return done ? controller.close() : controller.enqueue(value);
    },
    cancel: (reason) => rest.cancel(reason),
  });
}

/** Rejects when the body breaks off or has another length than declared: then there is no answer to give. */
export async function takeBody(response: Response, limitBytes: number): Promise<Body> {
  const declared = response.headers.get("content-length");
  if (declared !== null && Number(declared) > limitBytes) return { kind: "too-large", response };
  const stream = response.body ?? new Blob().stream();
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = stream.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
    if (length > limitBytes) {
      return { kind: "too-large", response: new Response(resumed(chunks, reader), response) };
    }
  }
  if (declared !== null && Number(declared) !== length) throw new Error(`a body of ${length} bytes said ${declared}`);
  return { kind: "whole", bytes: new Uint8Array(Buffer.concat(chunks)) };
}
