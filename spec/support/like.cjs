/** Does `got` read like `want`, white space aside, with … or ... in `want` for anything? */
module.exports = (got, want) => {
  const squeeze = (text) => text.replace(/\s+/g, ' ').trim()
  const pattern = squeeze(want)
    .split(/…|\.\.\./)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^]*')
  return new RegExp(`^${pattern}$`).test(squeeze(got))
}
