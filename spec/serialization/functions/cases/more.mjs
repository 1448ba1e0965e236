export const triple = (x) => x * 3
export const word = 'more'
export default class Extra {
  is = 'extra'
}
