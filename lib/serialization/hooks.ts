/** A method by this name gives what an object is sent as. */
export const SERIALIZE: unique symbol = Symbol.for('parfor.serialize') as never

/** A static method by this name makes the object again from that. */
export const DESERIALIZE: unique symbol = Symbol.for('parfor.deserialize') as never
