/** Draws a bench: bars for what contestants measured, or lines for how their speed changes. */
import { type EChartsCoreOption, init } from 'echarts'
import { type Bars, type Comparison, type Lines, type Measured, median, type Plot, ratios } from './harness'

/** To be read on white and on black, since the picture has no background of its own. */
const text = '#768390'
const grid = '#76839055'
const ours = '#e8590c'
const others = ['#3b8eea', '#2da44e', '#a371f7', '#bf8700', '#db61a2', '#14a3a8', '#8c959f']
const fontSize = 13
const axis = {
  axisLabel: { color: text, fontSize },
  axisLine: { lineStyle: { color: grid } },
  axisTick: { show: false },
  nameTextStyle: { color: text, fontSize },
  splitLine: { lineStyle: { color: grid } },
}

export function draw(plot: Plot, comparisons: readonly Comparison[], measured: readonly Measured[]): string {
  const { height, chart } = plot.kind === 'bars' ? bars(plot, measured) : lines(plot, comparisons, measured)
  const picture = init(null, null, { renderer: 'svg', ssr: true, width: 760, height })
  picture.setOption({
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: { text: plot.title, textStyle: { color: text, fontSize: 16 } },
    ...chart,
  })
  const svg = picture.renderToSVGString()
  picture.dispose()
  return svg
}

/** The shortest on top. */
function bars({ of, logarithmic, axis: name }: Bars, measured: readonly Measured[]) {
  const values = [...(measured[of] ?? [])].map(([name, times]) => ({ name, value: median(times) }))
  values.sort((a, b) => b.value - a.value)
  const start = 10 ** Math.floor(Math.log10(Math.min(...values.map(({ value }) => value)) / 2))
  const chart: EChartsCoreOption = {
    grid: { left: 170, right: 80, top: 40, bottom: 50 },
    yAxis: { ...axis, type: 'category', data: values.map(({ name }) => name) },
    xAxis: {
      ...axis,
      ...(logarithmic ? { type: 'log', min: start, startValue: start } : { type: 'value' }),
      name,
      nameLocation: 'middle',
      nameGap: 30,
    },
    series: {
      type: 'bar',
      barWidth: 15,
      data: values.map(({ name, value }) => ({
        value,
        itemStyle: { color: name.startsWith('parfor') ? ours : others[0] },
        label: { show: true, position: 'right', color: text, fontSize, formatter: short(value) },
      })),
    },
  }
  return { height: 90 + 26 * values.length, chart }
}

/** Each contestant's speed in the comparisons that have an `x`. */
function lines({ x, axis: name }: Lines, comparisons: readonly Comparison[], measured: readonly Measured[]) {
  const points = new Map<string, [number, number][]>()
  for (const [i, { x, against }] of comparisons.entries()) {
    if (x === undefined) continue
    for (const contestant of measured[i]?.keys() ?? []) {
      const speed = median(ratios(measured[i] as Measured, against, contestant))
      points.set(contestant, [...(points.get(contestant) ?? []), [x, speed]])
    }
  }
  const { against } = comparisons[0] as Comparison
  const chart: EChartsCoreOption = {
    color: others,
    grid: { left: 60, right: 190, top: 50, bottom: 50 },
    xAxis: { ...axis, type: 'log', name: x, nameLocation: 'middle', nameGap: 30 },
    yAxis: { ...axis, type: 'value', min: 0, max: upToHalf, interval: 0.5, name, nameLocation: 'middle', nameGap: 35 },
    legend: { orient: 'vertical', left: 590, top: 'middle', textStyle: { color: text, fontSize } },
    series: [...points].map(([name, data]) => ({
      type: 'line',
      name,
      data,
      symbol: 'circle',
      symbolSize: 7,
      lineStyle: { width: name === 'parfor' ? 3.5 : 2, ...(name === against && { type: 'dashed' }) },
      ...(name === 'parfor' && { itemStyle: { color: ours }, z: 3 }),
    })),
  }
  return { height: 400, chart }
}

const upToHalf = ({ max }: { max: number }) => Math.ceil(2 * max) / 2
const short = (value: number) => (value < 100 ? Number(value.toPrecision(2)) : Math.round(value)).toLocaleString('en')
