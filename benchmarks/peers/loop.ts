import type { Peer } from './peer'

export const loop: Peer = {
  name: 'plain loop',
  async open(fn) {
    return {
      map: async (items) => Array.from(items, (item) => fn(item)),
      [Symbol.asyncDispose]: async () => {},
    }
  },
}
