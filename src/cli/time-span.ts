/** A length of time: `5 s`, `3 min 20 s`, `26 h 4 min`. */
export function timeSpan(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** How long ago, in one unit: `5 s`, `3 min`, `26 h`, `3 d`. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min`
  return whole < 48 * 3600 ? `${Math.floor(whole / 3600)} h` : `${Math.floor(whole / 86_400)} d`
}

/** A time that is counted in days: `30 days`, or `36 hours` if these make no whole days. */
export function days(seconds: number): string {
  const hours = seconds / 3600
  if (!Number.isInteger(hours)) return timeSpan(seconds)
  return hours % 24 === 0 ? counted(hours / 24, 'day') : counted(hours, 'hour')
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
