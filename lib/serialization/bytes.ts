import { Deserializer, Serializer } from 'node:v8'

/** Up to this many bytes a copy of them is as cheap as shared memory. */
export const SMALL = 32 * 1024

/**
 * Data as bytes, now: what structured clone would make of it later.
 *
 * Not `v8.serialize`, which splits views from their buffers.
 */
export function toBytes(data: unknown): Uint8Array {
  const serializer = new Serializer()
  serializer.writeHeader()
  serializer.writeValue(data)
  return serializer.releaseBuffer()
}

export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes)
  deserializer.readHeader()
  return deserializer.readValue()
}
