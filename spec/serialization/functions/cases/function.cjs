module.exports = (x) => `the function ${x}`
module.exports.version = 2
module.exports.helper = (x) => x + 1
