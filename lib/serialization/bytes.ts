import { types } from 'node:util'
import { Deserializer, Serializer } from 'node:v8'

/** Up to this many bytes a copy of them is as cheap as shared memory. */
export const SMALL = 32 * 1024

/** A copy in memory of its own, to be transferred: the one copy that is made of these bytes. */
export function copyOf(bytes: Uint8Array): ArrayBuffer {
  // Not zeroed first, and in memory that a copy before may have had: `slice()` takes a fifth longer.
  const { buffer } = Buffer.allocUnsafeSlow(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer as ArrayBuffer
}

/**
 * The memory of a buffer, in a buffer that nobody else knows; the one that was given is detached. What cannot be
 * detached is copied: memory of WebAssembly, the pool that Node makes small Buffers of.
 */
export function takeOver(buffer: ArrayBuffer): ArrayBuffer {
  try {
    return structuredClone(buffer, { transfer: [buffer] })
  } catch {
    return buffer.slice(0)
  }
}

/** The buffers that a graph takes along. */
export function buffersOf({ beside }: { readonly beside: readonly unknown[] }): ArrayBuffer[] {
  return beside.length === 0 ? [] : beside.filter((value) => types.isArrayBuffer(value))
}

/** An empty one is there. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

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
