export interface Point {
  readonly x: number
  readonly y: number
}

/** A hexagon's centre and how many of the points are in it. */
export interface Bin extends Point {
  readonly count: number
}

/**
 * Sorts points into hexagons that stand on a corner, `radius` from centre to corner. The centres of such hexagons
 * are two rectangular lattices, one shifted by half a cell: a point belongs to the nearer of its nearest centre in
 * either.
 */
export function hexbin(points: Iterable<Point>, radius: number): Bin[] {
  const width = Math.sqrt(3) * radius
  const height = 3 * radius
  const nearest = ({ x, y }: Point, shift: 0 | 0.5): Point => ({
    x: (Math.round(x / width - shift) + shift) * width,
    y: (Math.round(y / height - shift) + shift) * height,
  })
  const bins = new Map<string, Bin>()
  for (const point of points) {
    const [a, b] = [nearest(point, 0), nearest(point, 0.5)]
    const centre = distance(point, a) <= distance(point, b) ? a : b
    const key = `${centre.x.toFixed(6)} ${centre.y.toFixed(6)}`
    bins.set(key, { ...centre, count: (bins.get(key)?.count ?? 0) + 1 })
  }
  return [...bins.values()]
}

const distance = (p: Point, q: Point) => Math.hypot(p.x - q.x, p.y - q.y)

const extent = 1.3 // the plane is drawn from -extent to extent
const side = 640 // pixels
const scale = side / (2 * extent)
const x = (value: number) => (side / 2 + value * scale).toFixed(1)
const y = (value: number) => (side / 2 - value * scale).toFixed(1)

// The ends and three steps between of matplotlib's "magma", over its own darkest colour.
const ramp = [
  [28, 16, 68],
  [114, 31, 129],
  [205, 64, 113],
  [253, 149, 103],
  [252, 253, 191],
]

function colour(share: number): string {
  const at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1)
  const [low, high] = [ramp[Math.floor(at)], ramp[Math.ceil(at)]] as [number[], number[]]
  return `rgb(${low.map((c, i) => Math.round(c + ((high[i] ?? c) - c) * (at % 1))).join(' ')})`
}

/** Draws points of the complex plane as an SVG picture of hexagons, the fuller the brighter, with the unit circle. */
export function drawHexbin(points: readonly Point[], radius: number, title: string): string {
  const bins = hexbin(points, radius).filter((bin) => Math.max(Math.abs(bin.x), Math.abs(bin.y)) < extent - radius)
  // Brightest from the 95th percentile on: a few crowded hexagons must not leave all others dark.
  const counts = bins.map((bin) => bin.count).sort((a, b) => a - b)
  const brightest = counts[Math.floor(counts.length * 0.95)] ?? 1

  // A little larger than the cell, or the background shines through between neighbours.
  const corners = Array.from({ length: 6 }, (_, i) => {
    const angle = ((i + 0.5) * Math.PI) / 3
    return `${(Math.cos(angle) * radius * scale * 1.03).toFixed(2)},${(Math.sin(angle) * radius * scale * 1.03).toFixed(2)}`
  })
  const hexagons = bins.map(
    (bin) => `<use href="#h" x="${x(bin.x)}" y="${y(bin.y)}" fill="${colour(bin.count / brightest)}"/>`,
  )
  const ticks = [
    { at: -1, re: '−1', im: '−i' },
    { at: 0, re: '0', im: '0' },
    { at: 1, re: '1', im: 'i' },
  ].flatMap(({ at, re, im }) => [
    `<path stroke="#d8d4ea" d="M${x(at)},${side - 34}v6"/><text x="${x(at)}" y="${side - 14}" text-anchor="middle">${re}</text>`,
    `<path stroke="#d8d4ea" d="M28,${y(at)}h6"/><text x="24" y="${Number(y(at)) + 4}" text-anchor="end">${im}</text>`,
  ])
  const stops = ramp.map((_, i) => `<stop offset="${i / 4}" stop-color="${colour(i / 4)}"/>`)

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${side}" height="${side}">
<title>${title}</title>
<defs>
<polygon id="h" points="${corners.join(' ')}"/>
<linearGradient id="ramp">${stops.join('')}</linearGradient>
</defs>
<rect width="${side}" height="${side}" fill="#0b0724"/>
<g>
${hexagons.join('\n')}
</g>
<circle cx="${x(0)}" cy="${y(0)}" r="${scale.toFixed(1)}" fill="none" stroke="#fff" stroke-opacity="0.8" stroke-dasharray="4 4"/>
<g font-family="system-ui, sans-serif" font-size="13" fill="#d8d4ea">
${ticks.join('\n')}
<text x="20" y="28" font-size="15">${title}</text>
<rect x="${side - 170}" y="18" width="110" height="9" fill="url(#ramp)"/>
<text x="${side - 176}" y="27" text-anchor="end">0</text>
<text x="${side - 54}" y="27">${brightest}+</text>
</g>
</svg>
`
}
