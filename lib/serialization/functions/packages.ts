/** Whether a file belongs to an installed package. */
export function isInPackage(path: string): boolean {
  return /[\\/]node_modules[\\/]/.test(path)
}
