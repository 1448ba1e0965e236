import { duration } from '../../lib/progress/duration'

describe('duration', () => {
  it.each([
    [0, '0.0s'],
    [420, '0.4s'],
    [9_999, '9.9s'],
    [10_000, '10s'],
    [59_999, '59s'],
    [60_000, '1m00s'],
    [245_000, '4m05s'],
    [3_599_999, '59m59s'],
    [3_720_000, '1h02m'],
    [360_000_000, '100h00m'],
  ])('of %i ms is %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text)
  })
})
