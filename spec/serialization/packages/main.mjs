// node main.mjs ./lodash.mjs ./mathjs.mjs ...
import { report } from './tools.mjs'

async function main(files) {
  for (const file of files) {
    const { cases } = await import(file)
    await report(file.replace(/^\W*(.+)\.\w+$/, '$1'), cases)
  }
}
void main(process.argv.slice(2))
