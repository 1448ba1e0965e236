/** Random choices, the same for the same seed (mulberry32). */
export interface Choices {
  chance(of: number): boolean
  from<T>(...all: T[]): T
  upTo(most: number): number
}

export function choices(seed: number): Choices {
  let state = seed * 2_654_435_761
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    chance: (of) => random() < of,
    from: <T>(...all: T[]): T => all[Math.floor(random() * all.length)] as T,
    upTo: (most) => Math.floor(random() * (most + 1)),
  }
}
