import { stripVTControlCharacters } from 'node:util'
import { duration } from './duration'
import type { Standing } from './standing'

/** What a bar is drawn with. */
export interface Glyphs {
  readonly full: string
  readonly empty: string
  /** Stands for the rest of a name that is too long. */
  readonly more: string
}

const unicode: Glyphs = { full: '█', empty: '░', more: '…' }
const ascii: Glyphs = { full: '#', empty: '-', more: '~' }

/** Those that a terminal can show, by what its environment says of it. */
export function glyphsFor(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Glyphs {
  // A Windows console shows all of these; elsewhere the locale says what the terminal is fed with.
  if (platform === 'win32') return unicode
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return env.TERM !== 'linux' && /utf-?8/i.test(locale) ? unicode : ascii
}

const longestBar = 40
/** Milliseconds in which the block of a bar of unknown length moves by one. */
const step = 100

/** One line for a call, at most so many columns wide: the less room there is, the less it tells. */
export function barLine(name: string | undefined, standing: Standing, columns: number, glyphs: Glyphs): string {
  const { completed, failed, total, state, elapsed, remaining } = standing
  const count = total === undefined ? `${completed} done` : `${completed}/${total}`
  const failures = failed > 0 ? [`${failed} failed`] : []
  const time = state === 'failed' ? `stopped after ${duration(elapsed)}` : duration(elapsed)
  const last = state === 'running' ? paceOf(standing) : []
  const head = [...labelOf(name, Math.floor(columns / 3), glyphs), ...percentOf(standing)]

  const variants: [shortest: number, ...parts: string[]][] = [
    [10, count, ...failures, time, ...last],
    [10, count, ...failures, ...(remaining === undefined ? [time] : last)],
    [5, count, ...failures],
    [0, count, ...failures],
    [0, count],
  ]
  for (const [shortest, ...parts] of variants) {
    const tail = parts.join(', ')
    const room = columns - widthOf([...head, tail].join(' ')) - 1
    if (room < shortest) continue
    const bar = shortest === 0 ? [] : [drawn(standing, Math.min(room, longestBar), glyphs)]
    return [...head, ...bar, tail].join(' ')
  }
  return count.slice(0, Math.max(0, columns))
}

function paceOf({ completed, elapsed, remaining }: Standing): string[] {
  if (remaining !== undefined) return [`${duration(remaining)} left`]
  const perSecond = (completed / elapsed) * 1000
  if (!(perSecond > 0)) return []
  return [`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`]
}

function labelOf(name: string | undefined, widest: number, { more }: Glyphs): string[] {
  if (name === undefined) return []
  let label = oneLine(name)
  if (label === '') return []
  if (widthOf(label) > widest) {
    const letters = [...label]
    while (letters.length > 0 && widthOf(letters.join('')) + 1 > widest) letters.pop()
    label = `${letters.join('')}${more}`
  }
  return [label]
}

/** A name as it can stand in a line. */
export function oneLine(name: string): string {
  return stripVTControlCharacters(name)
    .replace(/\p{C}|\s/gu, ' ')
    .trim()
}

function percentOf({ completed, total }: Standing): string[] {
  if (total === undefined) return []
  return [`${Math.floor(shareOf(completed, total) * 100)}%`.padStart(4)]
}

function drawn({ completed, total, elapsed }: Standing, cells: number, { full, empty }: Glyphs): string {
  if (total !== undefined) {
    const done = Math.floor(shareOf(completed, total) * cells)
    return full.repeat(done) + empty.repeat(cells - done)
  }
  // To and fro.
  const block = Math.max(1, Math.floor(cells / 5))
  const way = cells - block
  const at = Math.floor(elapsed / step) % (2 * way)
  const before = at < way ? at : 2 * way - at
  return empty.repeat(before) + full.repeat(block) + empty.repeat(way - before)
}

/** An input may give more than it has said. */
function shareOf(completed: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, completed / total)
}

/** Columns, or some more: characters of the East, and pictures, take two, and nobody minds that others count so too. */
function widthOf(text: string): number {
  let width = 0
  for (const letter of text) width += (letter.codePointAt(0) as number) >= 0x1100 && !/[█░…]/.test(letter) ? 2 : 1
  return width
}
