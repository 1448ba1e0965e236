// Data and functions in one: a program changes it before it starts.
module.exports = {
  debug: false,
  level: 1,
  registry: new (class Registry {
    #size = 7
    get size() {
      return this.#size
    }
  })(),
  read: () => 'read',
  isDebug() {
    return this.debug
  },
}
