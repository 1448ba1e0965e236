import { Deserializer, Serializer } from 'node:v8'

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
