export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object without its `undefined` fields: JSON has none, and `exactOptionalPropertyTypes` tells them apart. */
export function present<T extends object>(
  fields: T,
): { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
} {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** Without recursion, which has an end of its own. A value in which circles close is not deep. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  const seen = new Set<object>()
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true
    const objects = level.filter((part): part is object => typeof part === 'object' && part !== null && !seen.has(part))
    for (const object of objects) seen.add(object)
    level = objects.flatMap((object) => Object.values(object))
  }
  return false
}

/** What went wrong in one line, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
