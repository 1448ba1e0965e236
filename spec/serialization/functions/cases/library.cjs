exports.half = (x) => x / 2
exports.twice = function twice(x) {
  return x * 2
}
exports.settings = { depth: 1, list: [1, 2] }
class Shape {
  sides = 4
  area(a) {
    return a * a
  }
}
exports.Shape = Shape
exports.math = { triple: (x) => x * 3, word: 'math' }
exports.open = process.stdout
const skip = Symbol('skip')
exports.skip = skip
exports.withoutSkips = (list) => list.filter((item) => item !== skip)
exports.base = 3
exports.timesBase = function (x) {
  return x * this.base
}
