/** Whether this process was started with an option that may change how files are loaded. */
export function hasLoader(): boolean {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  return options.some((option) => /^(?:--import|--require|-r|--loader|--experimental-loader)(?:=|$)/.test(option))
}
